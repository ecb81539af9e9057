"""`python -m training transfer`: a served network and a few labels in, a new network out."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.errors import ContractError
from contract.records import ClassificationMetrics
from training.errors import TrainingError
from training.shell import rosenblatt

if TYPE_CHECKING:
    from training.transfer.figures import Comparison
    from training.transfer.run import Outcome, Prepared

console = Console()
problems = Console(stderr=True)
_COMMITTED = Path(__file__).resolve().parents[2] / "models"


def transfer_model(
    source: Annotated[
        str, typer.Option("--from", help="The network to start from: NAME or NAME/VERSION.")
    ],
    data: Annotated[
        str,
        typer.Option(help="A folder or zip of pictures, a folder a class; or digits."),
    ],
    freeze: Annotated[
        str, typer.Option(help="Layers that keep their weights: conv or none.")
    ] = "conv",
    name: Annotated[
        str | None, typer.Option(help="Name of the new model; DATA-transfer unless given.")
    ] = None,
    out: Annotated[
        Path, typer.Option(envvar="ROSENBLATT_MODELS_DIR", help="Model repository to write to.")
    ] = Path("models"),
    models: Annotated[
        Path, typer.Option(help="Model repository of the source.", show_default="the committed one")
    ] = _COMMITTED,
    seeds: Annotated[int, typer.Option(help="Draws of the labels to compare with.")] = 5,
    labels: Annotated[
        str, typer.Option(help="Numbers of labels a class to compare with.")
    ] = "10,30,100,300",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the model that is written.")] = 42,
) -> None:
    """Retrain a network's dense layers on a small labelled set, compare, and write a new model.

    It is compared with the same network from scratch and with a random forest. Ctrl+C ends the
    comparison and keeps what is done.
    """
    # Threads that wait for others should sleep: spinning starves the rest of a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from training.transfer.options import Options, default_model_name, parse_labels
    from training.transfer.run import prepare, run

    try:
        options = Options(
            source=source,
            data=data,
            name=name if name is not None else default_model_name(data),
            freeze=freeze,  # type: ignore[arg-type]
            models=models,
            out=out,
            labels=parse_labels(labels),
            seeds=seeds,
            seed=seed,
        )
        with console.status("reading") as status:
            prepared = prepare(options)
            for line in _plan(prepared):
                _say(line)
            outcome = run(prepared, lambda what, done, of: status.update(_told(what, done, of)))
    except (TrainingError, ContractError) as error:
        _refuse(str(error), error)
    except OSError as error:
        where = error.filename or out
        _refuse(f"{where} cannot be used: {error.strerror or error}; see --data and --out", error)
    except KeyboardInterrupt as interrupt:
        problems.print("stopped; nothing was written", style="red")
        raise typer.Exit(130) from interrupt
    _answer(outcome, prepared)


def _refuse(sentence: str, error: Exception) -> NoReturn:
    problems.print(sentence, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1) from error


def _plan(prepared: Prepared) -> list[str]:
    """What was found."""
    source, given = prepared.source, prepared.given
    parts = given.parts
    kept = {"conv": "its convolutions keep their weights", "none": "all layers are trained"}
    return [
        f"Start from {source}: {kept[prepared.options.freeze]}; the network read from its graph "
        f"agrees with it to {source.parity.max_difference:.0e} over {source.parity.rows} images.",
        f"Learn {len(parts.labels)} classes from {len(given.pool):,} images of {parts.name}, test "
        f"on {len(parts.test):,} others.",
        *(f"{note}." for note in given.notes),
    ]


def _told(what: str, done: int, of: int) -> str:
    return f"{what} ({done + 1} of {of})" if done < of else what


def _answer(outcome: Outcome, prepared: Prepared) -> None:
    """The comparison, the new model's accuracy, and how to serve it."""
    found = outcome.comparison
    for each, why in found.left_out.items():
        _say(f"{each} labels a class are left out: {why}.")
    if found.points:
        console.print(_table(found))
        _say("Test accuracy, mean and standard deviation over the seeds.")
    if found.interrupted:
        _say("The comparison was stopped early.")
    if found.as_it_is is not None:
        _say(f"{prepared.source} as it is: {found.as_it_is:.4f}.")
    metrics, parts = outcome.manifest.metrics, prepared.given.parts
    if isinstance(metrics, ClassificationMetrics):
        interval = metrics.accuracy_interval
        _say(
            f"{outcome.entry}, from all {len(prepared.given.pool):,} labels: "
            f"{metrics.accuracy:.4f} ({interval.low:.4f} to {interval.high:.4f}) on "
            f"{len(parts.test):,} test images."
        )
    _say(f"Written to {outcome.entry.path}")
    if outcome.unexplained is not None:
        _say(f"Without explanation graphs: {outcome.unexplained}; sampling explains it.")
    _say(
        f"Serve it: ROSENBLATT_MODELS_DIR={shlex.quote(str(prepared.options.out.resolve()))} "
        f"ROSENBLATT_DEFAULT_MODEL={outcome.manifest.name} {rosenblatt()} serve"
    )


def _table(found: Comparison) -> Table:
    from training.transfer.figures import shown

    columns = [f"{each} a class" for each in found.sizes]
    table = Table("approach", *columns, box=None, pad_edge=False)
    for name, title in found.titles.items():
        cells: list[Any] = [shown(found.accuracies(name, each)) for each in found.sizes]
        table.add_row(Text(title), *cells)
    return table


def _say(line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
