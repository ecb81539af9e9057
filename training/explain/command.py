"""`python -m training explain`: write the explanation graphs of this repository's models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from contract.errors import ContractError
from contract.repository import Entry, entries, read_manifest
from training.datasets import Dataset, Name, load
from training.errors import ExportError, TrainingError
from training.explain.digits import Made, add_explanations

console = Console()
problems = Console(stderr=True)
_NAMES: dict[str, Name] = {"mnist": "mnist", "digits": "digits"}


def explain_models(
    models: Annotated[Path, typer.Option(help="Model repository to add to.")] = Path("models"),
    name: Annotated[list[str] | None, typer.Option(help="Models to take; all by default.")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="ROSENBLATT_DATA_DIR", help="Folder of the MNIST files."),
    ] = None,
) -> None:
    """Write the explanation graphs of every version that `train` made, after checking them.

    What serves is what is explained: weights and trees are read from the served graphs. The
    training images say how many of them reach each leaf of a tree.
    """
    try:
        found = entries(models)
        if unknown := set(name or []) - {entry.name for entry in found}:
            raise typer.BadParameter(f"{models} holds no model {min(unknown)!r}")
        chosen = [entry for entry in found if (entry.name in name if name else _is_own(entry))]
        made = {entry: explain(entry, data_of(entry, data_dir)) for entry in chosen}
    except (TrainingError, ContractError) as error:
        problems.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(_table(made))


def explain(entry: Entry, data: Dataset) -> list[Made]:
    """Write the explanation graphs of one version.

    Raises:
        ContractError: the version fails its audit.
        TrainingError: it cannot be explained, or its explanations are wrong.
    """
    images = np.concatenate([data.train.images, data.validation.images])
    return add_explanations(entry, images, data.test.images)


def data_of(entry: Entry, data_dir: Path | None) -> Dataset:
    """The data set that a version was trained on; nothing is downloaded.

    Raises:
        ExportError: it was trained on another one.
        DatasetError: the data set is not there.
    """
    record = read_manifest(entry).training
    if record is None or record.data.name not in _NAMES or record.source is not None:
        raise ExportError(
            f"{entry} was not trained on {' or '.join(_NAMES)} by `python -m training train`; "
            "leave it out"
        )
    return load(_NAMES[record.data.name], data_dir, mirrors=())


def _is_own(entry: Entry) -> bool:
    record = read_manifest(entry).training
    return record is not None and record.data.name in _NAMES and record.source is None


def _table(made: dict[Entry, list[Made]]) -> Table:
    table = Table("version", "method", "explains", "MB", "largest gap")
    for entry, graphs in made.items():
        for one in graphs:
            table.add_row(
                str(entry),
                one.explanation.method,
                one.explanation.explains,
                f"{len(one.graph) / 1e6:.2f}",
                f"{one.gap:.1e}",
            )
    return table
