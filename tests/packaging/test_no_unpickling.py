"""No code that serves can unpickle: not in its source, and not while it answers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from guide import documents
from tests.conftest import ROOT
from tests.faults import fault
from tests.packaging.unpickling import findings
from tests.repositories import tiny_model
from tests.server import serve

PACKAGES = ("contract", "guide", "profiler", "rosenblatt", "service")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
# Each is looked at below.
EXPLAINED = {
    ROOT / "guide" / "documents.py": {"yaml.load"},
    ROOT / "rosenblatt" / "__main__.py": {"importlib.import_module"},
}
SAMPLES = {
    "import pickle": "pickle",
    "import os, joblib.externals": "joblib.externals",
    "from dill import loads": "dill",
    "from pandas import read_csv": "pandas",
    "def f():\n    from multiprocessing import Queue": "multiprocessing",
    "from concurrent.futures import ProcessPoolExecutor": "ProcessPoolExecutor",
    "frame.read_pickle('x')": "read_pickle",
    "__import__('pick' + 'le')": "__import__",
    "import importlib\nimportlib.import_module(name)": "importlib.import_module",
    "importlib.import_module('pickle')": "importlib.import_module",
    "np.load(f)": "np.load without allow_pickle=False",
    "np.load(f, allow_pickle=True)": "np.load with allow_pickle",
    "read(f, allow_pickle=flag)": "read with allow_pickle",
    "yaml.load(f, Loader=loader)": "yaml.load",
    "yaml.unsafe_load(f)": "unsafe_load",
}
HARMLESS = ("import json", "np.load(f, allow_pickle=False)", "yaml.safe_load(f)", "x.load()")
# Each call of a global by an unpickler raises this event; the worker notes it in a file.
HOOK = """
import sys, traceback

def note(event, arguments):
    if event == "pickle.find_class":
        with open({path!r}, "a") as file:
            file.write(repr(arguments) + "".join(traceback.format_stack()))

sys.addaudithook(note)
"""


@pytest.mark.parametrize("source", SAMPLES)
def test_what_unpickles_is_found(source: str) -> None:
    assert findings(source) == {SAMPLES[source]}


@pytest.mark.parametrize("source", HARMLESS)
def test_what_does_not_is_let_be(source: str) -> None:
    assert not findings(source)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_unpickles(path: Path) -> None:
    assert findings(path.read_text()) == EXPLAINED.get(path, set())


def test_yaml_is_read_by_a_safe_loader() -> None:
    assert documents._LOADER in (yaml.SafeLoader, yaml.CSafeLoader)


def hooked(folder: Path) -> tuple[dict[str, Any], Path]:
    """Variables with which a Python notes what it unpickles, and the file of notes."""
    notes = folder / "unpickled"
    (folder / "sitecustomize.py").write_text(HOOK.format(path=str(notes)))
    path = os.pathsep.join([str(folder), str(ROOT)])
    return {"PYTHONPATH": path}, notes


def test_the_hook_notes_what_is_unpickled(tmp_path: Path) -> None:
    """The control: without it the next test could not fail."""
    variables, notes = hooked(tmp_path)
    code = f"import pickle; pickle.loads({pickle.dumps(Path('x'))!r})"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, check=True)
    assert "pathlib" in notes.read_text()


class _Canary:
    """Its unpickling makes a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._path), "w")


@fault("pickle")
def test_a_server_unpickles_nothing(tmp_path: Path) -> None:
    """Neither while it loads its models nor on any route, whatever type a body claims to have."""
    models = tiny_model(tmp_path / "models", "alpha").parents[1]
    variables, notes = hooked(tmp_path)
    body = pickle.dumps(_Canary(tmp_path / "canary"))
    with serve(
        ROSENBLATT_MODELS_DIR=str(models), ROSENBLATT_DEFAULT_MODEL="alpha", **variables
    ) as server, server.client() as client:  # fmt: skip
        paths = client.get("/openapi.json").json()["paths"]
        routes = [path for path, operations in paths.items() if "post" in operations]
        assert len(routes) > 8
        refused = set()
        for path in routes:
            concrete = path.replace("{name}", "alpha").replace("{version}", "1")
            for kind in ("application/vnd.bentoml+pickle", "application/octet-stream", "text/json"):
                answer = client.post(concrete, content=body, headers={"content-type": kind})
                assert answer.status_code < 500, (path, kind, answer.text)
                refused |= {path} if answer.status_code == 415 else set()
        assert {"/predict", "/recommend/profile", "/v2/models/{name}/infer"} <= refused
    assert not (tmp_path / "canary").exists()
    # Libraries may unpickle what they have pickled themselves; none does so here.
    assert not notes.exists(), notes.read_text()
