"""No process reports its use to anybody: no look-up of a name, no connection, no database.

ONNX Runtime is silent where a variable says that it runs in continuous integration, so the
environment here has none of those variables.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving.contenders import CONTENDERS, environment
from contract.telemetry import OFF, turn_off
from tests.conftest import MODELS, ROOT
from tests.faults import fault
from tests.score.sources import pictures, table
from tests.server import serve
from tests.tracing import outside, require_strace, tracer

# ONNX Runtime's list, and what turns it off. One that is empty counts as unset.
_SILENCING = (
    "APPVEYOR", "BITBUCKET_BUILD_NUMBER", "BUILDKITE", "CI", "CIRCLECI", "CODEBUILD_BUILD_ID",
    "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD", "TRAVIS",
    "ORT_RUNNING_UNIT_TESTS", *OFF,
)  # fmt: skip
_GRAPH = MODELS / "digits-perceptron" / "1" / "model.onnx"

# Each makes a session as that package does.
ENTRIES = {
    "service": "import service.inference.session, onnxruntime as ort\n"
    f"ort.InferenceSession({str(_GRAPH)!r})",
    "score": "import sys; from service.score.__main__ import main\nassert main(sys.argv[1:]) == 0",
    "training": "import pathlib, numpy; from contract.batch import Batch; "
    "from training.answers import run_graph\n"
    "images = Batch({'images': numpy.zeros((1, 28, 28), 'u1')})\n"
    f"run_graph(pathlib.Path({str(_GRAPH)!r}).read_bytes(), images)",
    "benchmarks": f"import benchmarks.devices as b\nb.ort.InferenceSession({str(_GRAPH)!r})",
    "tests": f"import tests.repositories as t\nt.ort.InferenceSession({str(_GRAPH)!r})",
}
UNTOLD = f"import onnxruntime as ort\nort.InferenceSession({str(_GRAPH)!r})"
LOOK_UP_SECONDS = 60


def clean(home: Path) -> dict[str, str]:
    """The environment of somebody who set nothing, with an empty home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _SILENCING and not name.startswith(("COV_", "COVERAGE_", "XDG_"))
    }
    home.mkdir(exist_ok=True)
    return kept | {"HOME": str(home)}


def databases(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if "onnxruntime" in path.name]


def arguments(entry: str, folder: Path) -> list[str]:
    if entry != "score":
        return []
    return [str(table(folder / "in.parquet", pictures(4))), str(folder / "out.parquet")]


def test_without_the_variable_there_is_a_database(tmp_path: Path) -> None:
    """The control: without it the next test could not fail."""
    home = tmp_path / "home"
    subprocess.run([sys.executable, "-c", UNTOLD], env=clean(home), check=True, timeout=60)
    assert databases(home)


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_entry_leaves_a_database(entry: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [sys.executable, "-c", ENTRIES[entry], *arguments(entry, tmp_path)],
        cwd=ROOT, env=clean(home), check=True, timeout=60,
    )  # fmt: skip
    assert not databases(home)


def test_a_value_somebody_chose_is_kept() -> None:
    chosen = {"ORT_DISABLE_TELEMETRY": "0", "BENTOML_DO_NOT_TRACK": ""}
    turn_off(chosen)
    assert chosen == OFF | {"ORT_DISABLE_TELEMETRY": "0"}


def test_the_benchmarks_peers_are_told_too(tmp_path: Path) -> None:
    for contender in CONTENDERS:
        told = environment(contender, 1, tmp_path, tmp_path)
        assert OFF.items() <= told.items()


@contextmanager
def watched(
    name: str, code: str, folder: Path, variables: Mapping[str, str], *arguments: str
) -> Iterator[Path]:
    """The trace of a process that runs `code` and then waits."""
    trace = folder / f"{name}.trace"
    code += "\nprint(flush=True)\nimport time; time.sleep(600)"
    command = [*tracer(trace), sys.executable, "-c", code, *arguments]
    with subprocess.Popen(
        command, cwd=ROOT, env=dict(variables), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline(), f"{name} ended"
            yield trace
            assert process.poll() is None, f"{name} ended"
        finally:
            process.kill()


@pytest.mark.slow
@fault("leaving")
def test_no_process_opens_a_connection_or_looks_up_a_name(tmp_path: Path) -> None:
    """All run as long again as a process without the variable needs for its first look-up."""
    require_strace()
    with ExitStack() as running:
        variables = clean(tmp_path / "home")
        traces = [
            running.enter_context(
                watched(entry, code, tmp_path, variables, *arguments(entry, tmp_path))
            )
            for entry, code in ENTRIES.items()
        ]
        servers = []
        for target in (None, "service.app:Rosenblatt"):
            trace = tmp_path / f"{'BentoML' if target else 'server'}.trace"
            # `serve` adds its variables to this process's; what would silence it is emptied again.
            empty: dict[str, Any] = dict.fromkeys(_SILENCING, "")
            empty |= {"HOME": str(tmp_path / "home")}
            servers.append(running.enter_context(serve(target, prefix=tracer(trace), **empty)))
            traces.append(trace)
        started = time.monotonic()
        control = running.enter_context(
            watched("control", UNTOLD, tmp_path, clean(tmp_path / "untold"))
        )
        while not outside(control):
            assert time.monotonic() < started + LOOK_UP_SECONDS, "the control looked nothing up"
            time.sleep(0.1)
        time.sleep(time.monotonic() - started)
        for server in servers:
            with server.client() as client:
                assert client.get("/readyz").status_code == 200
    assert {trace.name: outside(trace) for trace in traces} == {t.name: [] for t in traces}
    assert all(trace.read_text() for trace in traces[-2:]), "a server made no call at all"
    assert not databases(tmp_path / "home")
