"""`python -m scripts.image_requirements [--check]`: what an image installs to serve.

The distributions of requirements/serve.txt from which a process loads a file while
`scripts.image_smoke` uses everything that serves, as strace sees it. `requirements/image-cpu.txt`
has ONNX Runtime without CUDA, `requirements/image-gpu.txt` the one with it. They are installed with
`--no-deps`: BentoML names packages that only its command line and its builder import.

With `--check` nothing is written, and the exit status is 1 if a file is stale.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "serve.txt"
LOANS = ROOT / "deploy" / "container" / "models" / "loans"
_RUNTIMES = {"cpu": "onnxruntime", "gpu": "onnxruntime-gpu"}
# Read only where the system has no time zones: for timestamps with a zone in a table.
_ALWAYS = {"tzdata"}
_OPENED = re.compile(r'open(?:at)?\((?:[^"]*, )?"([^"]+\.(?:py|pyc|so[.0-9]*))"')
_CACHED = re.compile(r"__pycache__/([^/]+)\.cpython-\d+(?:\.opt-\d)?\.pyc$")


def main(arguments: list[str]) -> int:
    """Write the files, or list the stale ones; the exit status."""
    kept = loaded_distributions(trace())
    stale = [path for path, text in files(kept).items() if _text(path) != text]
    check = "--check" in arguments
    for path in stale:
        name = path.relative_to(ROOT)
        print(f"{name} is stale; run `make image-requirements`" if check else f"{name} is written")  # noqa: T201
        if not check:
            path.write_text(files(kept)[path])
    return int(check and bool(stale))


def files(kept: Iterable[str]) -> dict[Path, str]:
    """The text of both files, given the distributions that are kept."""
    names = _ALWAYS | {normalised(name) for name in kept} - set(_RUNTIMES.values())
    found = {}
    for variant, runtime in _RUNTIMES.items():
        lines = [
            _without_machines(requirement) if name == runtime else requirement
            for name, requirement in requirements(LOCK.read_text())
            if name in names or name == runtime
        ]
        found[ROOT / "requirements" / f"image-{variant}.txt"] = "\n".join(lines) + "\n"
    return found


def requirements(lock: str) -> Iterator[tuple[str, str]]:
    """The name and the text of each requirement of a lock file, with its hashes."""
    for text in re.findall(r"^[A-Za-z0-9](?:.*\\\n)*.*$", lock, re.MULTILINE):
        yield normalised(re.split(r"[=\[; ]", text, maxsplit=1)[0]), text


def normalised(name: str) -> str:
    """A distribution's name as the index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _without_machines(requirement: str) -> str:
    """A requirement for every machine: the file says which one an image is for."""
    return re.sub(r" ; [^\\\n]*?(?= \\|$)", "", requirement, flags=re.MULTILINE)


def trace() -> set[Path]:
    """Every Python module and shared library that a process opens while all is used.

    Raises:
        SystemExit: strace is missing, or something does not work.
    """
    if not shutil.which("strace"):
        sys.exit("strace is missing; install it with `apt-get install strace`")
    with tempfile.TemporaryDirectory() as name:
        models, log = Path(name) / "models", Path(name) / "trace"
        shutil.copytree(ROOT / "models", models)
        shutil.copytree(LOANS, models / LOANS.name)
        subprocess.run(
            ["strace", "-f", "-qq", "-z", "--seccomp-bpf", "-s", "4096", "-e", "trace=open,openat",
             "-o", str(log), "--", sys.executable, "-m", "scripts.image_smoke"],
            cwd=ROOT, env={**os.environ, "ROSENBLATT_MODELS_DIR": str(models)}, check=True,
        )  # fmt: skip
        return set(_opened(log.read_text(errors="replace")))


def _opened(log: str) -> Iterator[Path]:
    for path in set(_OPENED.findall(log)):
        yield Path(_CACHED.sub(r"\1.py", path)).resolve()


def loaded_distributions(opened: set[Path]) -> set[str]:
    """The names of the distributions to which these files belong."""
    return {normalised(each.name) for each in distributions() if _files(each) & opened}


def _files(distribution: Distribution) -> set[Path]:
    return {
        Path(str(distribution.locate_file(file))).resolve()
        for file in distribution.files or ()
        if ".dist-info" not in file.parts[0]
    }


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
