"""The fields of a model's inputs, from what its manifest says training saw of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from contract.histogram import Histogram
from contract.seen import CategoryRange, ImageRange, NumberRange, Range, TextRange
from contract.tensors import Input
from profiler.words import BOOLEAN_PAIRS
from service.drift.fields import (
    MOST_CATEGORIES,
    SURPRISE,
    TOLERATED,
    CategoryField,
    Field,
    NumberContent,
    NumberField,
)
from service.drift.significance import share_outside

# Fields of inputs beyond these are not watched: a table may have thousands of columns.
MOST_COLUMNS = 100
FIGURES = ("border_mean", "mean", "maximum")


def columns_of(inputs: Sequence[Input]) -> Iterator[tuple[Input, int]]:
    """Each watched column: its input, and its place there. The images of an input are one."""
    left = MOST_COLUMNS
    for tensor in inputs:
        for place in range(min(left, max(1, len(tensor.columns)))):
            yield tensor, place
            left -= 1


def fields_of_input(tensor: Input, place: int) -> list[Field]:
    """The fields of a column, or of the images or the array of an input."""
    seen = tensor.seen[place] if tensor.seen else None
    name = tensor.columns[place] if tensor.columns else tensor.name
    if tensor.content == "image":
        return list(_of_images(tensor, seen if isinstance(seen, ImageRange) else None))
    if tensor.content == "category":
        return [_of_categories(name, seen if isinstance(seen, CategoryRange) else None)]
    if isinstance(seen, NumberRange):
        content: NumberContent = "number" if tensor.columns else "array"
        return [_of_numbers(name, content, seen.range, seen)]
    if isinstance(seen, TextRange):
        return [_of_numbers(name, "text", seen.characters, seen)]
    kind: NumberContent = "text" if tensor.content == "text" else "number"
    if not tensor.columns:
        kind = "array"
    return [NumberField(name, kind, averaged=kind == "text", unknown=(_nothing(name),))]


def _nothing(name: str) -> str:
    return f"the manifest does not say what training saw of {name}"


def _of_numbers(
    name: str, content: NumberContent, seen: Range, column: NumberRange | TextRange
) -> NumberField:
    histogram = column.histogram
    unknown = () if histogram else (f"the manifest has no histogram of {name} in training",)
    if content == "array":
        unknown = ()  # the numbers of a row are not compared one by one
    if column.missing == 1:
        return NumberField(name, content, missing=1.0, unknown=(f"{name} was never there",))
    return NumberField(
        name,
        content,
        seen=seen,
        missing=column.missing,
        histogram=histogram,
        edges=histogram.edges if histogram else (),
        tolerated=_tolerated(histogram),
        averaged=content == "text",
        unknown=unknown,
    )


def _tolerated(histogram: Histogram | None) -> float:
    """More for few training rows: rows like them are then often outside their range."""
    if histogram is None:
        return TOLERATED
    return max(TOLERATED, share_outside(histogram.values, SURPRISE / MOST_COLUMNS))


def _of_images(tensor: Input, seen: ImageRange | None) -> Iterator[NumberField]:
    """Whether an image is unlike training's, then the figures by which that is told."""
    if tensor.datatype != "UINT8":
        reason = f"{tensor.name} is not of pixels from 0 to 255, so its brightness is not measured"
        yield NumberField(tensor.name, "image", unknown=(reason,))
        return
    within = Range(low=0, high=0) if seen else None
    absent = () if seen else (_nothing(tensor.name),)
    yield NumberField(tensor.name, "image", within, unknown=absent)
    for figure in FIGURES:
        name = f"{tensor.name}.{figure}"
        histograms = seen.histograms if seen else None
        histogram = getattr(histograms, figure) if histograms else None
        unknown = () if histogram else (f"the manifest has no histogram of {name} in training",)
        yield NumberField(
            name,
            "image",
            seen=getattr(seen, figure) if seen else None,
            histogram=histogram,
            edges=histogram.edges if histogram else (),
            tolerated=_tolerated(histogram),
            averaged=True,
            unknown=unknown if seen else (_nothing(name),),
        )


def _of_categories(name: str, seen: CategoryRange | None) -> CategoryField:
    if seen is None:
        return CategoryField(name, "category", (), {}, unknown=(_nothing(name),))
    if not seen.categories:
        return CategoryField(
            name, "category", (), {}, missing=1.0, unknown=(f"{name} was never there",)
        )
    counts = np.array(seen.shares) * (seen.rows or 0)
    order = np.argsort(-counts, kind="stable") if seen.shares else range(len(seen.categories))
    ranked = [seen.categories[i] for i in order]
    reference, tolerated = (), TOLERATED
    if seen.shares:
        largest = counts[list(order)]
        rest = [largest[MOST_CATEGORIES:].sum()] if len(largest) > MOST_CATEGORIES else [0.0]
        reference = (*largest[:MOST_CATEGORIES].tolist(), *rest)
        # Good (1953): of new values, so many are of no category yet as were seen once.
        tolerated += float((np.rint(counts) == 1).sum() / (seen.rows or 1))
    unknown = () if seen.shares else (f"the manifest has no shares of {name}'s categories",)
    return CategoryField(
        name,
        "category",
        tuple(ranked[:MOST_CATEGORIES]),
        _spelled(ranked),
        reference=tuple(reference),
        missing=seen.missing,
        tolerated=tolerated,
        unknown=unknown,
    )


def _spelled(ranked: Sequence[str]) -> dict[str, int]:
    """The code of each category, in the spellings that the graphs of `fit` know."""
    codes = {category: min(i, MOST_CATEGORIES) for i, category in enumerate(ranked)}
    boolean = frozenset(category.lower() for category in ranked) in BOOLEAN_PAIRS
    for category, code in list(codes.items()):
        codes.setdefault(f" {category}", code)
        if boolean:
            for other in (category.lower(), category.upper(), category.capitalize()):
                codes.setdefault(other, code)
    return codes
