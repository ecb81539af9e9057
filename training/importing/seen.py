"""What training saw of each input, from samples that are the training data."""

from __future__ import annotations

import numpy as np

from contract.batch import Array, Batch
from contract.brightness import image_range
from contract.histogram import histogram_of, shares_of
from contract.seen import CategoryRange, NumberRange, Range, Seen, TextRange
from contract.tensors import Input
from training.errors import ImportModelError


def with_seen(inputs: tuple[Input, ...], samples: Batch) -> tuple[Input, ...]:
    """The inputs with the ranges of their samples.

    Raises:
        ImportModelError: a column of numbers holds none.
    """
    return tuple(
        Input.model_validate(spec.model_dump() | {"seen": _seen(spec, samples[spec.name])})
        for spec in inputs
    )


def _seen(spec: Input, array: Array) -> tuple[Seen, ...]:
    if spec.content == "image":
        # Brightness is that of pixels; floats may be of any scale.
        return (image_range(array, spec.layout or "HW"),) if spec.datatype == "UINT8" else ()
    columns = array.reshape(len(array), -1)
    if not spec.columns:
        whole = _numbers(spec.name, columns.ravel())
        # The numbers of one row depend on one another, so their distribution could not be tested.
        return (whole.model_copy(update={"histogram": None}),)
    return tuple(_column(spec, name, columns[:, i]) for i, name in enumerate(spec.columns))


def _column(spec: Input, name: str, values: Array) -> Seen:
    if spec.content == "number":
        return _numbers(name, values)
    texts = [str(value) for value in values.tolist()]
    present = [text for text in texts if text != ""]
    missing = 1 - len(present) / len(texts)
    if spec.content == "category":
        categories, counts = np.unique(np.array(present, object), return_counts=True)
        return CategoryRange(
            content="category",
            categories=tuple(categories.tolist()),
            missing=missing,
            **shares_of(counts),
        )
    lengths = np.array([len(text) for text in present] or [0])
    return TextRange(
        content="text",
        characters=_range(lengths),
        missing=missing,
        histogram=histogram_of(lengths),
    )


def _numbers(name: str, values: Array) -> NumberRange:
    wide = values.astype(np.float64)
    present = wide[np.isfinite(wide)]
    if not len(present):
        raise ImportModelError(
            f"column {name!r} holds no number in any sample; leave out --seen, or give samples "
            "that do"
        )
    return NumberRange(
        content="number",
        range=_range(present),
        missing=float(np.isnan(wide).mean()),
        histogram=histogram_of(present),
    )


def _range(values: Array) -> Range:
    return Range(low=float(values.min()), high=float(values.max()))
