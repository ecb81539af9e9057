"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.repositories import tiny_repository
from tests.server import Server, serve
from training.datasets import Dataset, load
from training.errors import DatasetError

pytest_plugins = ["tests.fault_results"]

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"

# A shell's background job, as `nohup make test &`, ignores SIGINT, and so would every process that
# a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escape what a test logged and UTF-8 cannot hold: no test worker could send it on."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST, or a skip that says how to get it; a failure where data is required."""
    if not os.environ.get("ROSENBLATT_DATA_DIR") and not os.environ.get("ROSENBLATT_REQUIRE_DATA"):
        pytest.skip("set ROSENBLATT_DATA_DIR to the directory of MNIST's four files")
    try:
        return load("mnist", mirrors=())
    except DatasetError as error:
        if os.environ.get("ROSENBLATT_REQUIRE_DATA"):
            raise
        pytest.skip(str(error))


def tables_folder() -> Path:
    """Where UCI's tables are, if they are at hand."""
    return Path(os.environ.get("ROSENBLATT_DATA_DIR", "")) / "tables"


@pytest.fixture(scope="session")
def tables() -> Path:
    """The folder of UCI's tables, or a skip that says how to get it; a failure where required."""
    adult = tables_folder() / "adult-train.csv.gz"
    if not adult.exists():
        if os.environ.get("ROSENBLATT_REQUIRE_DATA"):
            raise FileNotFoundError(adult)
        pytest.skip("set ROSENBLATT_DATA_DIR to a directory with tables/adult-train.csv.gz")
    return adult.parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A model repository of two tiny models, the second in two versions."""
    return tiny_repository(tmp_path / "models")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The service as a user starts it, with the committed models."""
    with serve() as running:
        yield running
