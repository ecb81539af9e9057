"""What the machine multiplies matrices with."""

from __future__ import annotations

import torch


def cuda_name() -> str | None:
    """Name of the first CUDA device, or None."""
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def matrix_units() -> bool:
    """Whether there are matrix units for bfloat16: CUDA, Intel AMX."""
    return torch.cuda.is_available() or torch.cpu._is_amx_tile_supported()


def bfloat16_pays() -> bool:
    """Whether half the precision saves time: matrix units, or AVX-512's bfloat16 dot product."""
    return matrix_units() or torch.cpu._is_avx512_bf16_supported()
