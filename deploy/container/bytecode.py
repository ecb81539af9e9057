"""`python bytecode.py APP`: compile what serving imports, in place.

The image is read-only when it runs, so without bytecode each process would compile again. What is
never imported is left as it is: bytecode of everything would be 20 MB more. Nothing changes the
sources, so they are not compared with it (PEP 552, unchecked hashes).
"""

from __future__ import annotations

import importlib
import py_compile
import sys
from pathlib import Path

_PACKAGES = ("contract", "guide", "profiler", "rosenblatt", "service")
# Imported by name, once a server starts.
_LATE = ("uvicorn.loops.uvloop", "uvicorn.protocols.http.httptools_impl")
# Imported for a cluster alone, with packages that an image does not have.
_ELSEWHERE = {"ray", "pyarrow"}


def main(application: Path) -> None:
    """Import every module of the packages, and compile all that this has imported."""
    for package in _PACKAGES:
        for path in sorted((application / package).rglob("*.py")):
            _import(".".join(path.relative_to(application).with_suffix("").parts))
    for name in _LATE:
        importlib.import_module(name)
    sources = sorted(
        {source for module in list(sys.modules.values()) for source in _source(module)}
    )
    for source in sources:
        py_compile.compile(
            source, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
    print(f"{len(sources)} modules compiled")  # noqa: T201


def _import(name: str) -> None:
    try:
        importlib.import_module(name.removesuffix(".__init__"))
    except ModuleNotFoundError as error:
        if error.name not in _ELSEWHERE:
            raise


def _source(module: object) -> list[str]:
    """The file of a module of the environment or the application; nothing for Python's own."""
    file = getattr(module, "__file__", None) or ""
    is_ours = file.endswith(".py") and Path(file).is_relative_to(Path(sys.prefix).parent)
    return [file] if is_ours else []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
