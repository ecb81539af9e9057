"""The source's network with a new head, and the same network from random weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import nn

from training.transfer.layers import FrozenNorm
from training.transfer.options import Freeze
from training.transfer.source import Source


def with_new_head(source: Source, classes: int, freeze: Freeze) -> nn.Module:
    """The source's layers with dense layers of new, random weights for so many classes.

    The weights of a frozen layer take no gradient. The statistics of its normalisations stay the
    source's in any case: a small batch would estimate others.

    Returns:
        a module from pixels of 0 to 255, float [n, 1, 28, 28], to logits [n, classes]
    """
    body = nn.Sequential(*copy.deepcopy(source.body))
    if freeze == "conv":
        body.requires_grad_(False)
    return nn.Sequential(*body, *_new_head(source.head, classes))


def from_scratch(source: Source, classes: int) -> nn.Module:
    """The same network with random weights, to the same scores.

    Every convolution has a batch normalisation again, since the export folds most of them away,
    and training from random weights needs them.
    """
    layers: list[nn.Module] = []
    for place, layer in enumerate(source.body):
        if isinstance(layer, nn.Conv2d):
            layers.append(_new_convolution(layer))
            if not _has_norm(source.body[place + 1 :]):
                layers.append(nn.BatchNorm2d(layer.out_channels))
        elif isinstance(layer, FrozenNorm):
            layers.append(nn.BatchNorm2d(layer.num_features))
        else:
            layers.append(copy.deepcopy(layer))
    return nn.Sequential(*layers, *_new_head(source.head, classes))


def _new_head(head: Sequence[nn.Module], classes: int) -> list[nn.Module]:
    """Dense layers of the same widths with random weights; the last has one output a class."""
    last = max(place for place, layer in enumerate(head) if isinstance(layer, nn.Linear))
    return [
        nn.Linear(layer.in_features, classes if place == last else layer.out_features)
        if isinstance(layer, nn.Linear)
        else copy.deepcopy(layer)
        for place, layer in enumerate(head)
    ]


def _new_convolution(layer: nn.Conv2d) -> nn.Conv2d:
    """One of the same shape without bias, since a normalisation follows."""
    return nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        stride=layer.stride,  # type: ignore[arg-type]
        padding=layer.padding,  # type: ignore[arg-type]
        bias=False,
    )


def _has_norm(following: Sequence[nn.Module]) -> bool:
    """True if a normalisation comes before the next convolution."""
    for layer in following:
        if isinstance(layer, FrozenNorm):
            return True
        if isinstance(layer, nn.Conv2d):
            return False
    return False
