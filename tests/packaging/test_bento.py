"""The bento: built, looked into, started, and answering as the source tree does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.repository import Entry, audit, entries
from tests.conftest import MODELS, ROOT
from tests.server import Server, serve

TRAINING_ONLY = (
    "torch",
    "scikit-learn",
    "sklearn",
    "xgboost",
    "onnxscript",
    "pandas",
    "matplotlib",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bento store of this test's own, holding the bento and the rendered Dockerfile."""
    home = tmp_path_factory.mktemp("bentoml")
    subprocess.run(
        [sys.executable, "-m", "scripts.dockerfile", str(home / "Dockerfile")],
        cwd=ROOT, env={**os.environ, "BENTOML_HOME": str(home)}, check=True, timeout=120,
    )  # fmt: skip
    return home


@pytest.fixture(scope="module")
def bento(home: Path) -> Path:
    (version,) = (p for p in (home / "bentos" / "rosenblatt").iterdir() if p.is_dir())
    return version


def test_it_holds_the_service_and_the_models_only(bento: Path) -> None:
    files = {str(p.relative_to(bento / "src")) for p in (bento / "src").rglob("*") if p.is_file()}
    top = {Path(file).parts[0] for file in files}
    packages = {"contract", "guide", "profiler", "service"}
    assert top == packages | {"bentofile.yaml", "models", "README.md", "requirements"}
    for entry in entries(MODELS):
        packed = Entry(entry.name, entry.version, bento / "src" / entry.path.relative_to(ROOT))
        assert audit(packed).manifest == audit(entry).manifest


def test_it_installs_the_serving_set_alone(bento: Path) -> None:
    wanted = (bento / "env" / "python" / "requirements.txt").read_text()
    pinned = {
        line.split("==")[0] for line in wanted.splitlines() if "==" in line and line[0].isalpha()
    }
    assert {"bentoml", "onnxruntime-gpu", "numpy", "pydantic", "uvloop", "httptools"} <= pinned
    assert not pinned & set(TRAINING_ONLY)
    assert "torch" not in wanted


def test_its_dockerfile_is_complete_and_not_root(home: Path) -> None:
    lines = (home / "Dockerfile").read_text().splitlines()
    instructions = [line for line in lines if line and line[0].isupper()]
    users = [line for line in instructions if line.startswith("USER")]
    assert users == ["USER bentoml"]
    assert instructions.index("USER bentoml") < next(
        i for i, line in enumerate(instructions) if line.startswith("ENTRYPOINT")
    )
    assert any(line.startswith("FROM python:3.11") for line in instructions)
    assert instructions[-2:] == [
        "WORKDIR $BENTO_PATH/src",
        'CMD [ "python", "-m", "service.serve", "--host", "0.0.0.0", "--port", "3000" ]',
    ]
    assert "{%" not in "\n".join(lines)


@pytest.fixture(scope="module", params=["ours", "BentoML's"])
def started(request: pytest.FixtureRequest, home: Path, bento: Path) -> Iterator[Server]:
    """The bento, as the rendered image starts it, and as BentoML does."""
    if request.param == "ours":
        starting = serve(cwd=bento / "src")
    else:
        starting = serve("rosenblatt:latest", cwd=home, BENTOML_HOME=str(home))
    with starting as server:
        yield server


def test_it_answers_as_the_source_tree_does(started: Server, server: Server) -> None:
    golden = audit(entries(MODELS)[0]).golden
    body = {"instances": golden.inputs["images"].tolist()}
    with started.client() as bento_client, server.client() as source_client:
        packed = bento_client.post("/compare", json=body).json()
        assert packed == source_client.post("/compare", json=body).json()
        assert len(packed["models"]) == len(entries(MODELS))
        for path in ("/", "/web/main.js"):
            html = {"accept": "text/html"}
            assert (
                bento_client.get(path, headers=html).content
                == source_client.get(path, headers=html).content
            )
        versions = bento_client.get("/models").json()["models"]
        assert {m["state"] for m in versions} == {"ready"}
