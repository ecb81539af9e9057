"""Every failing check of the doctor, with its cause: the command runs as a person starts it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service import sign
from tests.conftest import ROOT
from tests.repositories import tiny_repository
from tests.server import serve


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny models, which no test changes."""
    return tiny_repository(tmp_path_factory.mktemp("models"))


def examine(
    models: Path, *arguments: str, prefix: tuple[str, ...] = (), **variables: str
) -> dict[str, tuple[str, str]]:
    """Outcome and detail of each check, by its subject."""
    settings = {"ROSENBLATT_MODELS_DIR": str(models), "ROSENBLATT_DEFAULT_MODEL": "alpha"}
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "service.doctor", "--port", "0", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "ROSENBLATT_WORKERS": "1", **settings, **variables},
    )  # fmt: skip
    assert not done.stderr
    found = {}
    for line in done.stdout.splitlines():
        outcome, subject = line[:5].strip(), line[6:].split("  ")[0]
        found[subject.strip()] = (outcome, line)
    fails = [outcome for outcome, _ in found.values() if outcome == "fail"]
    assert done.returncode == bool(fails)
    return found


def failure(found: dict[str, tuple[str, str]]) -> str:
    """The one line that failed."""
    (line,) = [line for outcome, line in found.values() if outcome == "fail"]
    return line


def test_a_sound_installation_has_no_failure(models: Path) -> None:
    found = examine(models)
    assert {outcome for outcome, _ in found.values()} <= {"ok", "note"}
    assert {"alpha version 1", "beta version 2", "beta version 10"} <= set(found)


def install(folder: Path, name: str, version: str) -> None:
    """The metadata of a package, as pip leaves it."""
    metadata = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(text)


def test_both_runtimes(models: Path, tmp_path: Path) -> None:
    install(tmp_path, "onnxruntime", "1.32.0")
    install(tmp_path, "onnxruntime-gpu", "1.31.1")
    line = failure(examine(models, PYTHONPATH=f"{ROOT}:{tmp_path}"))
    assert "onnxruntime 1.32.0 and onnxruntime-gpu 1.31.1 overwrite each other's files" in line
    assert "pip uninstall onnxruntime onnxruntime-gpu" in line


def test_other_versions_than_the_locked_ones(models: Path, tmp_path: Path) -> None:
    install(tmp_path, "starlette", "0.1")
    line = failure(examine(models, PYTHONPATH=f"{ROOT}:{tmp_path}"))
    assert re.search(r"serving set +starlette is 0\.1 and not [\d.]+; `pip install -r", line)


def test_a_package_is_missing(models: Path, tmp_path: Path) -> None:
    """The sources, without the serving set's lock and then with a lock that asks for more."""
    for package in ("contract", "guide", "service"):
        shutil.copytree(ROOT / package, tmp_path / package)
    path: dict[str, Any] = {"PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    assert examine(models, **path)["serving set"][0] == "note"
    (tmp_path / "requirements").mkdir()
    lock = "no-such-package==1.0 --hash=sha256:0\nnumpy==0.1 ; sys_platform == 'none'\n"
    (tmp_path / "requirements" / "serve.txt").write_text(lock)
    assert "no-such-package 1.0 is missing; `pip install -r" in failure(examine(models, **path))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("ROSENBLATT_MAX_ROWS", "many", "ROSENBLATT_MAX_ROWS is 'many'"),
        ("ROSENBLATT_WORKER", "2", "did you mean ROSENBLATT_WORKERS?"),
        ("ROSENBLATT_TRACING_ENDPOINT", "collector", "is 'collector'"),
        ("ROSENBLATT_API_KEYS", "secret", "ROSENBLATT_API_KEYS"),
    ],
)
def test_a_setting_is_wrong_or_unknown(models: Path, variable: str, value: str, said: str) -> None:
    variables: dict[str, Any] = {variable: value}
    found = examine(models, **variables)
    assert said in failure(found)
    assert "models" not in found


def test_a_setting_contradicts_another(models: Path) -> None:
    line = failure(examine(models, ROSENBLATT_MAX_ROWS="5000"))
    assert "ROSENBLATT_MAX_ROWS is 5000 and ROSENBLATT_MAX_WAITING_ROWS 2048" in line
    assert line.endswith("raise the second")


def test_more_workers_than_memory_and_cores(models: Path) -> None:
    found = examine(models, ROSENBLATT_WORKERS="256", ROSENBLATT_INTRA_OP_THREADS="64")
    assert found["workers"][0] == "note"
    if (outcome := found["memory"])[0] != "ok":  # unless there are 75 GB
        assert "lower ROSENBLATT_WORKERS or raise the memory limit" in outcome[1]
        assert outcome[0] == "fail"


def test_too_few_open_files(models: Path) -> None:
    limited = ("bash", "-c", 'ulimit -n 1024 && exec "$@"', "bash")
    line = failure(examine(models, prefix=limited))
    assert "1024 allowed at most; a worker may need 2560: raise the hard limit" in line


def test_temporary_files_cannot_be_written(models: Path) -> None:
    line = failure(examine(models, TMPDIR="/proc"))
    assert "TMPDIR, /proc, cannot be written to" in line
    assert "in a container to a tmpfs" in line


def test_temporary_files_have_no_room(models: Path, tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=1m tmpfs {tmp_path}"
    own = ("unshare", "--user", "--map-root-user", "--mount", "bash", "-c")
    if subprocess.run([*own, mount], capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    prefix = (*own, f'{mount} && exec "$@"', "bash")
    line = failure(examine(models, prefix=prefix, TMPDIR=str(tmp_path)))
    assert f"1.0 MiB are free in {tmp_path} and the counts of 1 worker(s) need 3" in line


def test_a_gpu_is_asked_for_and_absent(models: Path) -> None:
    found = examine(models, ROSENBLATT_PROVIDER="cuda")
    if found["provider"][0] == "ok":
        pytest.skip("this machine has a GPU")
    assert "or set it to 'auto'" in found["provider"][1]


def test_a_model_is_damaged_and_a_folder_is_none(tmp_path: Path) -> None:
    models = tiny_repository(tmp_path / "models")
    graph = models / "beta/10/model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1])
    (models / "alpha" / "first").mkdir()
    found = examine(models)
    assert found["beta version 10"][0] == "fail"
    assert "but its manifest says" in found["beta version 10"][1]
    assert found["beta version 2"][0] == found["alpha version 1"][0] == "ok"
    assert "name it with a positive integer" in found["alpha/first"][1]


def test_a_model_has_no_signature_of_a_trusted_key(models: Path, tmp_path: Path) -> None:
    sign.make_key(tmp_path / "key")
    found = examine(models, ROSENBLATT_MODEL_KEYS=str(tmp_path / "key.pub"))
    assert found["alpha version 1"][0] == "fail"
    assert "sign it with `rosenblatt sign`" in found["alpha version 1"][1]
    nowhere = str(tmp_path / "none")
    assert f"ROSENBLATT_MODEL_KEYS is '{nowhere}', which cannot be read" in failure(
        examine(models, ROSENBLATT_MODEL_KEYS=nowhere)
    )


def test_there_are_no_models_or_not_the_default(models: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert f"the model repository {nowhere} is not a directory" in failure(
        examine(models, "--models", str(nowhere))
    )
    line = failure(examine(models, ROSENBLATT_DEFAULT_MODEL="gamma"))
    assert line.endswith("set ROSENBLATT_DEFAULT_MODEL to one of alpha, beta")


@pytest.mark.thorough
def test_the_port_is_taken_by_another_and_by_the_service(models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = failure(examine(models, "--port", port))
    assert f"127.0.0.1:{port}" in line
    assert "end what has it, or serve on another --port" in line
    with serve(ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="alpha") as server:
        address = server.url.removeprefix("http://")
        outcome, line = examine(models, "--port", address.split(":")[1])[address]
    assert outcome == "note"
    assert line.endswith("the service listens there already, and is ready")
