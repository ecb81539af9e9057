"""The hardware for matrix products: CUDA devices and the processor's matrix units."""

from __future__ import annotations

import torch


def cuda_name() -> str | None:
    """Name of the first CUDA device, or None."""
    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else None


def matrix_units() -> bool:
    """True if the machine has matrix units for bfloat16: CUDA or Intel AMX."""
    return torch.cuda.is_available() or torch.cpu._is_amx_tile_supported()


def bfloat16_pays() -> bool:
    """True if bfloat16 is faster than float32: with matrix units or AVX-512's bfloat16."""
    return matrix_units() or torch.cpu._is_avx512_bf16_supported()
