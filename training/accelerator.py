"""The GPU, if there is one."""

from __future__ import annotations

import torch


def cuda_name() -> str | None:
    """Name of the first CUDA device, or None."""
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
