"""How a person calls the command line from the shell that runs this process."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

_COMMAND = "rosenblatt"


def rosenblatt() -> str:
    """The command by name where the shell finds it, else by its path from the current folder.

    `make fit` runs the Python of `.venv` without putting its folder on the path of the shell.
    """
    beside = Path(sys.executable).with_name(_COMMAND)
    found = shutil.which(_COMMAND)
    if found is not None or not beside.exists():
        return _COMMAND
    return shlex.quote(min(os.path.relpath(beside), str(beside), key=len))
