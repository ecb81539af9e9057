"""What is watched of a model, and what its manifest says training saw of it.

A field is one column of a table, one figure of the brightness of images, or one part of the
answers. What the manifest lacks is left out and named in `unknown`: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from contract.histogram import Histogram
from contract.manifest import Manifest
from contract.records import ClassificationMetrics, RegressionMetrics
from contract.tensors import CategoryRange, ImageRange, Input, NumberRange, Range, TextRange
from profiler.words import BOOLEAN_PAIRS
from service.drift.significance import share_outside

# Probability of a false alarm for a window of independent rows, all fields of a model together.
SURPRISE = 0.001
# Fields of inputs beyond these are not watched: a table may have thousands of columns.
MOST_COLUMNS = 100
# Categories that are counted one by one, the most frequent in training; the rest count together.
MOST_CATEGORIES = 20
# Outside the range, or in no category that training saw, so many are tolerated.
TOLERATED = 0.01
FIGURES = ("border_mean", "mean", "maximum")

NumberContent = Literal["number", "text", "image", "array", "confidence", "value"]
_TENTHS = tuple(i / 10 for i in range(1, 10))


@dataclass(frozen=True)
class NumberField:
    """Numbers: of a column, lengths of texts, figures of images, confidences, predicted values.

    Attributes:
        seen: the range in training; None if unknown.
        missing: share of rows without a value in training; None if unknown.
        histogram: the distribution in training; None if unknown.
        edges: of the bins that values are counted in: the histogram's, if there is one.
        tolerated: share of values that may be outside the range.
        averaged: True if the mean is reported, as where values are bounded.
        unknown: what the manifest lacks, in sentences.
    """

    name: str
    content: NumberContent
    seen: Range | None = None
    missing: float | None = None
    histogram: Histogram | None = None
    edges: tuple[float, ...] = ()
    tolerated: float = TOLERATED
    averaged: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def has_reference(self) -> bool:
        """True if anything of training is known."""
        return bool(self.seen or self.histogram) or self.missing is not None

    @property
    def tells_unlike(self) -> bool:
        """True if a value is 1 for an image unlike training's, and else 0."""
        return self.content == "image" and self.seen is not None and self.seen.high == 0


@dataclass(frozen=True)
class CategoryField:
    """Categories of a column, or classes of the answers.

    Attributes:
        categories: those that are counted one by one.
        codes: the place of every known category; `len(categories)` for those counted together.
        reference: how often each of `categories`, and the rest, occurred; empty if unknown.
        missing: as of numbers.
        tolerated: share of values that may be of no known category.
        unknown: as of numbers.
    """

    name: str
    content: Literal["category", "label"]
    categories: tuple[str, ...]
    codes: Mapping[str, int]
    reference: tuple[float, ...] = ()
    missing: float | None = None
    tolerated: float = TOLERATED
    unknown: tuple[str, ...] = ()

    @property
    def has_reference(self) -> bool:
        """True if anything of training is known."""
        if self.content == "label":
            return bool(self.reference)
        return bool(self.categories) or self.missing is not None

    @property
    def has_rest(self) -> bool:
        """True if some categories are counted together."""
        return MOST_CATEGORIES in self.codes.values()


Field = NumberField | CategoryField


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


def fields_of_answers(manifest: Manifest) -> list[Field]:
    """The label and its confidence, or the predicted value; none of other tasks."""
    metrics = manifest.metrics
    if manifest.task == "classification":
        measured = metrics if isinstance(metrics, ClassificationMetrics) else None
        label = _of_labels(manifest.labels, measured)
        if manifest.output("probabilities") is None:
            return [label]
        histogram = measured.confidence if measured else None
        return [label, _of_answers("confidence", histogram, _TENTHS, averaged=True)]
    output = manifest.output("value")
    if output is None or output.row_size != 1:
        return []
    histogram = metrics.answers if isinstance(metrics, RegressionMetrics) else None
    return [_of_answers("value", histogram, (), averaged=False)]


def _of_answers(
    name: Literal["confidence", "value"],
    histogram: Histogram | None,
    edges: tuple[float, ...],
    *,
    averaged: bool,
) -> NumberField:
    unknown = () if histogram else (f"the manifest has no histogram of the {name} on test data",)
    return NumberField(
        name,
        name,
        histogram=histogram,
        edges=histogram.edges if histogram else edges,
        averaged=averaged,
        unknown=unknown,
    )


def _of_labels(labels: Sequence[str], metrics: ClassificationMetrics | None) -> CategoryField:
    answered = None if metrics is None else answers_on_test(metrics)
    if answered is None:
        ranked, counts = list(labels), []
        reference: tuple[float, ...] = ()
        unknown: tuple[str, ...] = (
            "the manifest does not tell how often each class was answered on test data",
        )
    else:
        order = np.argsort(-np.array(answered), kind="stable").tolist()
        ranked, counts = [labels[i] for i in order], [answered[i] for i in order]
        reference = (*counts[:MOST_CATEGORIES], sum(counts[MOST_CATEGORIES:]))
        unknown = ()
    return CategoryField(
        "label",
        "label",
        tuple(ranked[:MOST_CATEGORIES]),
        {label: min(i, MOST_CATEGORIES) for i, label in enumerate(ranked)},
        reference=tuple(reference),
        unknown=unknown,
    )


def answers_on_test(metrics: ClassificationMetrics) -> list[float] | None:
    """How often a model answered each class on its test data.

    A class was answered `support * recall / precision` times. Answers are compared with answers:
    their shares differ from those of the true classes wherever a model is wrong.

    Returns:
        None if several classes were never answered rightly: then they cannot be told apart.
    """
    counts = [
        one.support * one.recall / one.precision if one.precision else None
        for one in metrics.per_class
    ]
    lost = [i for i, count in enumerate(counts) if count is None]
    if len(lost) > 1:
        left = metrics.samples - sum(count for count in counts if count is not None)
        if round(left) > 0:
            return None
    rest = metrics.samples - sum(count or 0.0 for count in counts)
    return [max(0.0, rest) if count is None else count for count in counts]
