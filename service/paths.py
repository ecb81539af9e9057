"""Messages for clients: without the paths of the server's folders."""

from __future__ import annotations

from pathlib import Path


def without_folder(message: str, folder: Path) -> str:
    """The message with the path of the folder taken out; files in it keep their path within it."""
    for path in {str(folder), str(folder.absolute()), str(folder.resolve())}:
        message = message.replace(f"{path}/", "").replace(f" {path}", "")
    return message
