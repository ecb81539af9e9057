"""Nested lists of integers from 0 to 255 as pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NoReturn

from contract.messages import describe
from service.errors import InvalidError
from service.instances.places import location

Shape = tuple[int, ...]

# What an axis counts, outermost first.
ROWS = ("rows", "pixels")
PIXELS = ("rows", "pixels", "channels")
PLANES = ("channels", "rows", "pixels")

_CHANNELS = (3, 4)


def pixels_of(
    instance: Any,
    shape: Shape,
    axes: Sequence[str],
    where: str,
    booleans: bool = True,
    advice: str = "",
) -> bytes:
    """The pixels of nested lists of a shape, in row-major order.

    Args:
        axes: what each axis counts, for messages.
        where: the place of the instance, with which every message begins.
        booleans: False when there is known to be no JSON boolean, which saves a look at each value.
        advice: ends the message about a wrong size.

    Raises:
        InvalidError: another shape, or a value that is no integer from 0 to 255.
    """
    try:
        lists = _innermost(instance, shape)
        if lists is not None:
            # Refuses floats, null, integers outside 0 to 255, and text or objects in place of a
            # list, for these hold text.
            pixels = b"".join(map(bytes, lists))
            if not (booleans and _has_boolean(lists)):
                return pixels
    except (TypeError, ValueError):
        pass
    _blame(instance, shape, axes, where, advice)


def any_shape_of(instance: Any, where: str) -> Shape:
    """(height, width) or (height, width, channels) by the first row and pixel of nested lists.

    Raises:
        InvalidError: no list of rows, no pixels, or neither 3 nor 4 channels.
    """
    shape: list[int] = []
    value, place = instance, where
    while type(value) is list and len(shape) < 3:
        if not value:
            _refuse(place, "is empty; it must hold at least one pixel")
        shape.append(len(value))
        value, place = value[0], f"{place}[0]"
    if len(shape) < 2:
        what = f"is {describe(value)}; it must be an array of pixels"
        _refuse(place, f"{what}, or base64 text of a PNG or JPEG" if place == where else what)
    if len(shape) == 3 and shape[2] not in _CHANNELS:
        _refuse(
            f"{where}[0][0]",
            f"has {shape[2]} channels; with a fit, a pixel is an integer, or an array of 3 (RGB) "
            "or 4 (RGB and opacity)",
        )
    return tuple(shape)


def _innermost(instance: Any, shape: Shape) -> list[list[Any]] | None:
    """The innermost lists, some perhaps other values of that size; None if a size is wrong.

    Raises:
        TypeError: a value has no size.
    """
    if type(instance) is not list or len(instance) != shape[0]:
        return None
    lists = instance
    for size in shape[1:-1]:
        if set(map(len, lists)) != {size}:
            return None
        lists = list(chain.from_iterable(lists))
    return lists if set(map(len, lists)) == {shape[-1]} else None


def _has_boolean(lists: list[list[Any]]) -> bool:
    """Python counts True and False as integers; JSON does not."""
    return bool in set(map(type, chain.from_iterable(lists)))


def _blame(value: Any, shape: Shape, axes: Sequence[str], place: str, advice: str) -> NoReturn:
    """Find the first thing wrong with nested lists and say it."""
    _check(value, shape, axes, place, advice)
    raise AssertionError(f"{place} was refused without a reason")


def _check(value: Any, shape: Shape, axes: Sequence[str], place: str, advice: str) -> None:
    if not shape:
        if type(value) is not int or not 0 <= value <= 255:
            _refuse(place, f"is {describe(value)}; a pixel is an integer from 0 to 255")
        return
    size, what = shape[0], axes[0]
    if type(value) is not list:
        _refuse(place, f"is {describe(value)}; it must be an array of {size} {what}{advice}")
    if len(value) != size:
        _refuse(place, f"has {len(value)} {what}; it must have {size}{advice}")
    for i, item in enumerate(value):
        _check(item, shape[1:], axes[1:], f"{place}[{i}]", advice)


def _refuse(place: str, reason: str) -> NoReturn:
    raise InvalidError(f"{place} {reason}", loc=location(place))
