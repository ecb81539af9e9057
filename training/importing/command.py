"""`python -m training import`: the options of an import, and what it found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.errors import ContractError
from contract.manifest import Manifest
from contract.records import ClassificationMetrics, RegressionMetrics
from contract.tensors import TensorSpec
from training.errors import TrainingError

console = Console()
problems = Console(stderr=True)

Texts = list[str] | None
_SHOWN = 20


def import_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL.onnx", help="The graph, in one file.")],
    samples: Annotated[
        Path, typer.Option(help="Sample inputs: .npz arrays, or columns of .csv or .parquet.")
    ],
    name: Annotated[str, typer.Option(help="Name of the model in the repository.")],
    out: Annotated[Path, typer.Option(help="Model repository to write to.")] = Path("models"),
    version: Annotated[
        str | None, typer.Option(help="Version; the next free one unless given.")
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace the version if it is there.")] = False,
    title: Annotated[str | None, typer.Option(help="The model in one line.")] = None,
    algorithm: Annotated[str | None, typer.Option(help="For example random_forest.")] = None,
    family: Annotated[str | None, typer.Option(help="classical_ml or deep_learning.")] = None,
    task: Annotated[str | None, typer.Option(help="classification, regression or other.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Class names in the order of the scores: a,b,c or @FILE, one a line."),
    ] = None,
    inputs: Annotated[
        Texts,
        typer.Option("--input", help="NAME=number, category, text, image or image:CHW (HWC, HW)."),
    ] = None,
    columns: Annotated[
        Texts, typer.Option(help="NAME=a,b,c: the samples' columns of an input, in order.")
    ] = None,
    outputs: Annotated[
        Texts,
        typer.Option(
            "--output",
            help="NAME=label, label-index, label-value, probabilities, scores, value, interval "
            "(interval:0.9) or other.",
        ),
    ] = None,
    drop: Annotated[Texts, typer.Option(help="An output to leave out.")] = None,
    shape: Annotated[
        Texts, typer.Option(help="NAME=3,224,224: sizes of one row that the graph leaves open.")
    ] = None,
    pixels: Annotated[
        str | None,
        typer.Option(
            help="Take UINT8 pixels, PNG and JPEG: 0-1, 0-255, imagenet, or scale=S,mean=M,std=D."
        ),
    ] = None,
    softmax: Annotated[
        str | None, typer.Option(help="Output of one logit per class to make probabilities of.")
    ] = None,
    sigmoid: Annotated[
        str | None, typer.Option(help="Output of one logit a row to make two probabilities of.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Column of the samples with the true answers: measures.")
    ] = None,
    parity: Annotated[
        Texts,
        typer.Option(
            help="The own library's answers: an .npz by output, or OUTPUT=COLUMN,COLUMN of the "
            "samples."
        ),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, help="Largest difference from --parity.")
    ] = 1e-5,
    seen: Annotated[
        bool, typer.Option(help="The samples are the training data: record their ranges.")
    ] = False,
) -> None:
    """Audit, check and describe a model from elsewhere, and write it to the repository.

    What neither the graph nor the samples show is refused, with the option that says it.
    """
    from training.importing.importer import import_model as run
    from training.importing.options import (
        Options,
        choice,
        parse_columns,
        parse_inputs,
        parse_labels,
        parse_outputs,
        parse_shapes,
    )
    from training.importing.pixels import parse_pixels

    try:
        entry, manifest = run(
            Options(
                model=model,
                samples=samples,
                name=name,
                out=out,
                version=version,
                overwrite=overwrite,
                title=title,
                algorithm=algorithm,
                family=choice("--family", family, ("classical_ml", "deep_learning")),
                task=choice("--task", task, ("classification", "regression", "other")),
                labels=parse_labels(labels) if labels is not None else (),
                inputs=parse_inputs(inputs or []),
                columns=parse_columns(columns or []),
                outputs=parse_outputs(outputs or []),
                drop=tuple(drop or []),
                shapes=parse_shapes(shape or []),
                pixels=parse_pixels(pixels) if pixels is not None else None,
                softmax=softmax,
                sigmoid=sigmoid,
                target=target,
                parity=tuple(parity or []),
                tolerance=tolerance,
                seen=seen,
            )
        )
    except (TrainingError, ContractError) as error:
        problems.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(_summary(manifest))
    console.print(f"Written to {entry.path}", markup=False, soft_wrap=True)


def _summary(manifest: Manifest) -> Table:
    """What the import understood, for a person to check."""
    table = Table("what", "found")
    for what, found in _rows(manifest):
        table.add_row(Text(what), Text(found))
    return table


def _rows(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for tensor in manifest.inputs:
        columns = f": {', '.join(tensor.columns)}" if tensor.columns else ""
        content = f"{tensor.content} {tensor.layout or ''}".strip()
        yield f"input {tensor.name}", f"{content}, {_type(tensor)}{columns}"
    for output in manifest.outputs:
        role = f"{output.role} ({output.encoding})" if output.encoding else output.role
        yield f"output {output.name}", f"{role}, {_type(output)}"
    yield "task", f"{manifest.task} of {manifest.modality} rows"
    if manifest.labels:
        more = len(manifest.labels) - _SHOWN
        listed = ", ".join(manifest.labels[:_SHOWN])
        yield "labels", f"{listed} and {more} more" if more > 0 else listed
    for change in manifest.imported.changes if manifest.imported else ():
        yield "changed", change
    yield "golden samples", str(manifest.golden.samples)
    yield from _figures(manifest)


def _figures(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What was measured."""
    if isinstance(manifest.metrics, ClassificationMetrics):
        interval = manifest.metrics.accuracy_interval
        yield (
            "accuracy on the samples",
            f"{manifest.metrics.accuracy:.4f} ({interval.low:.4f} to {interval.high:.4f})",
        )
    if isinstance(manifest.metrics, RegressionMetrics):
        yield "error on the samples", f"{manifest.metrics.rmse:.4g} (RMSE)"
    if manifest.parity is not None:
        yield "largest difference", f"{manifest.parity.max_difference:.1g}"


def _type(tensor: TensorSpec) -> str:
    return f"{tensor.datatype} {list(tensor.shape)}"
