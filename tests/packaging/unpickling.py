"""Finds code that could run what a stranger's file says: pickle and its relatives."""

from __future__ import annotations

import ast
from collections.abc import Iterator

# Modules whose loaders run code that a file names. multiprocessing sends pickles.
MODULES = frozenset(
    {
        "_pickle", "cloudpickle", "copyreg", "dill", "joblib", "jsonpickle", "marshal",
        "multiprocessing", "pandas", "pickle", "pickletools", "shelve", "torch",
    }
)  # fmt: skip
# Names in other modules that unpickle, or import what a string says.
NAMES = frozenset(
    {
        "ProcessPoolExecutor", "Unpickler", "__import__", "full_load", "read_pickle",
        "unsafe_load", "unsafe_load_all",
    }
)  # fmt: skip


def findings(source: str) -> set[str]:
    """Names of everything in the source that could unpickle."""
    return {name for node in ast.walk(ast.parse(source)) for name in _of(node)}


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imported(node)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield node.attr
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield node.id
    elif isinstance(node, ast.Call):
        yield from _called(node)


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    names = [alias.name for alias in node.names]
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else names
    yield from (module for module in modules if module.split(".")[0] in MODULES)
    yield from (name for name in names if name in NAMES)


def _called(call: ast.Call) -> Iterator[str]:
    """Calls that are unsafe by their arguments."""
    name = ast.unparse(call.func)
    allowed = [keyword.value for keyword in call.keywords if keyword.arg == "allow_pickle"]
    if any(not isinstance(value, ast.Constant) or value.value is not False for value in allowed):
        yield f"{name} with allow_pickle"
    if name in ("np.load", "numpy.load") and not allowed:
        yield f"{name} without allow_pickle=False"
    if name in ("yaml.load", "yaml.load_all"):
        yield name
    if name.split(".")[-1] == "import_module":
        computed = not call.args or not isinstance(call.args[0], ast.Constant)
        if computed or str(getattr(call.args[0], "value", "")).split(".")[0] in MODULES:
            yield name
