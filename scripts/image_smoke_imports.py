"""Whether every import in the source of the packages that serve finds its module.

Imports inside functions count too: they fail only when somebody calls the function.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("contract", "guide", "profiler", "rosenblatt", "service")
# What only a command of the training set or of a cluster imports, in a function.
_ELSEWHERE = ("cryptography", "ray", "pyarrow", "training")


def unresolved() -> list[str]:
    """`module: import` for each import without a module, of all packages."""
    return [
        f"{path.relative_to(_root(package)).as_posix()}: {name}"
        for package in PACKAGES
        for path in sorted(_folder(package).rglob("*.py"))
        for name in sorted(set(imports(path.read_text())))
        if name.split(".")[0] not in _ELSEWHERE and not _found(name)
    ]


def imports(source: str) -> Iterator[str]:
    """The modules that a source file imports, wherever in it, but those it can do without.

    It can do without a module if the import stands in a `try` that catches its absence.
    """
    nodes: list[ast.AST] = [ast.parse(source)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
        skipped = node.body if isinstance(node, ast.Try) and _catches_absence(node) else []
        nodes += [child for child in ast.iter_child_nodes(node) if child not in skipped]


def _catches_absence(node: ast.Try) -> bool:
    caught = [ast.unparse(handler.type) for handler in node.handlers if handler.type]
    return any("ImportError" in names or "ModuleNotFoundError" in names for names in caught)


def _found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # not even the package
        return False


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no package {package}")
    return Path(spec.origin).parent


def _root(package: str) -> Path:
    return _folder(package).parent
