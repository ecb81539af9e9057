"""The command line as a person types it."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys

import pytest

import service
from rosenblatt import __main__ as rosenblatt
from tests.conftest import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rosenblatt", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_usage_lists_every_command() -> None:
    done = run()
    assert done.returncode == 0
    for name, command in rosenblatt.COMMANDS.items():
        assert f"{name:<12}{command.summary}" in done.stdout
    assert run("--version").stdout == f"rosenblatt {service.__version__}\n"


@pytest.mark.parametrize("name", rosenblatt.COMMANDS)
def test_every_command_has_help(name: str) -> None:
    assert callable(importlib.import_module(rosenblatt.COMMANDS[name].module).main)
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()


def test_an_unknown_command_is_named() -> None:
    done = run("fly")
    assert done.returncode == 2
    assert done.stderr == f"error: no command 'fly'; choose from {', '.join(rosenblatt.COMMANDS)}\n"


def test_a_command_without_its_packages_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert rosenblatt.main(["train"]) == 2
    assert "torch is not installed; install requirements/dev.txt" in capsys.readouterr().err


def test_recommend_decides() -> None:
    done = run("recommend", "--modality", "image", "--n-labelled", "500")
    assert done.returncode == 0
    assert done.stdout.startswith("deep learning")


def test_profile_finds_facts_and_decides() -> None:
    done = run("profile", "docs/examples/loans.csv", "--target", "approved")
    assert done.returncode == 0, done.stderr
    assert "n_labelled: 60 (" in done.stdout
    assert "\nclassical ML: " in done.stdout


def test_profile_of_what_cannot_be_is_one_sentence() -> None:
    done = run("profile", "docs/examples/loans.csv", "--target", "age ")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('error: target "age " is not a column of the file')
    done = run("profile", "nowhere.csv")
    assert (done.returncode, done.stderr) == (
        2,
        "error: nowhere.csv cannot be read: No such file or directory\n",
    )


def test_the_doctor_finds_this_installation_well() -> None:
    done = run("doctor", "--port", "0")
    assert done.returncode == 0, done.stdout
    assert "ok    digits-cnn version 1" in done.stdout
    assert "fail" not in done.stdout


@pytest.mark.parametrize(
    "arguments", ["doctor --port 0", "recommend --modality image --detail full"]
)
def test_a_reader_that_leaves_ends_the_command_without_a_traceback(arguments: str) -> None:
    """As `head` does once it has its lines."""
    command = f"{sys.executable} -m rosenblatt {arguments} | (exec <&-); echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("141\n", "")
