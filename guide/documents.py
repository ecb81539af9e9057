"""The package's data files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from guide.errors import RulesetError

HERE = Path(__file__).parent
T = TypeVar("T")

# The C loader is ten times faster; both are safe loaders.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, parse: Callable[[Any], T]) -> T:
    """A data file of this package, parsed.

    Raises:
        RulesetError: the file is missing, no YAML or breaks its schema; names the first offence.
    """
    try:
        return parse(yaml.load(path.read_bytes(), Loader=_LOADER))  # noqa: S506
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise RulesetError(f"{path.name}: {where}: {first['msg']}") from error
    except (OSError, yaml.YAMLError, ValueError) as error:
        raise RulesetError(f"{path.name}: {error}") from error
