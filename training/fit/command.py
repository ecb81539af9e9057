"""`python -m training fit`: a table in, measured and served models out."""

from __future__ import annotations

import os
import shlex
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contract.errors import ContractError
from contract.records import CandidateRecord, ComparisonRecord
from training.errors import FitError, TrainingError
from training.shell import rosenblatt

if TYPE_CHECKING:
    from training.fit.run import Outcome

console = Console()
problems = Console(stderr=True)
Texts = list[str] | None
# What `rosenblatt serve` serves unless told otherwise.
_SERVED_BY_DEFAULT = Path(__file__).resolve().parents[2] / "models"


def fit_model(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV or Parquet file; for images a folder or zip, a folder a class."),
    ],
    target: Annotated[
        str | None, typer.Option(help="The column to predict; none for images.")
    ] = None,
    budget: Annotated[float, typer.Option(help="Seconds for training and comparing.")] = 120.0,
    name: Annotated[
        str | None, typer.Option(help="Name of the served model; the file's unless given.")
    ] = None,
    out: Annotated[
        Path, typer.Option(envvar="ROSENBLATT_MODELS_DIR", help="Model repository to write to.")
    ] = Path("models"),
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before training.")] = False,
    task: Annotated[
        str | None, typer.Option(help="classification or regression, if the target leaves it open.")
    ] = None,
    group: Annotated[
        Texts, typer.Option(help="Column whose equal values stay on one side of a split.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column of dates or numbers: test on the latest rows.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Column of free text to learn from, and nothing else.")
    ] = None,
    keep: Annotated[
        Texts, typer.Option(help="Column to learn from although it looks like a leak.")
    ] = None,
    drop: Annotated[Texts, typer.Option(help="Column not to learn from.")] = None,
    explain: Annotated[
        str | None, typer.Option(help="required: only models that a person can follow.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="medical_diagnosis, lending, legal or other, for the guide.")
    ] = None,
    latency_ms: Annotated[
        float | None, typer.Option(help="Most milliseconds for one row, of the chosen model.")
    ] = None,
    size_mb: Annotated[
        float | None, typer.Option(help="Most MB of the graph, of the chosen model.")
    ] = None,
    only: Annotated[Texts, typer.Option(help="A candidate to try; all unless given.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="The comparison as JSON.")] = False,
) -> None:
    """Ask the guide, train candidates of both families, compare them, and write all of them.

    The best, or the clearest of those as good, gets the plain name. Ctrl+C keeps what is done.
    """
    # Threads that wait for others should sleep: spinning starves the rest of a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from training.fit.options import Options, default_name
    from training.fit.plan import lines
    from training.fit.run import fit, prepare

    tell = problems if as_json else console
    try:
        options = Options(
            file=file,
            target=_target(file, target),
            name=name if name is not None else default_name(file),
            out=out,
            budget=budget,
            task=_task(task),
            groups=tuple(group or ()),
            time=time,
            text=text,
            keep=tuple(keep or ()),
            drop=tuple(drop or ()),
            explain=explain,  # type: ignore[arg-type]
            domain=domain,
            latency_ms=latency_ms,
            size_mb=size_mb,
            only=tuple(only or ()),
            seed=seed,
        )
        prepared = prepare(options)
        for line in lines(prepared, options):
            _say(tell, line)
        _agree(yes, err=as_json)
        with tell.status("") as status:
            outcome = fit(prepared, options, lambda what, left: status.update(_told(what, left)))
    except (TrainingError, ContractError) as error:
        problems.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except OSError as error:
        problems.print(
            f"{error.filename or out} cannot be used: {error.strerror or error}; name another "
            "--out",
            style="red",
            markup=False,
            soft_wrap=True,
        )
        raise typer.Exit(1) from error
    if as_json:
        sys.stdout.write(outcome.record.model_dump_json(indent=2) + "\n")
        return
    console.print(_table(outcome.record))
    _say(console, "* taken; ~ as good as the best")
    for sentence in outcome.record.verdict:
        _say(console, sentence)
    for entry in outcome.earlier:
        _say(
            console,
            f"{entry.name} version {entry.version} is of an earlier fit and is still served; "
            f"delete {entry.path.parent} if nobody asks it.",
        )
    # Not wrapped: these lines are to be copied.
    console.print(_next_steps(outcome, out), markup=False, highlight=False, soft_wrap=True)


def _task(task: str | None) -> Any:
    if task not in (None, "classification", "regression"):
        raise typer.BadParameter(f"--task {task!r} must be classification or regression")
    return task


def _target(file: Path, target: str | None) -> str:
    """What is predicted: a column, or the folder of an image."""
    from training.fit.images.files import holds_images
    from training.fit.images.read import TARGET

    if not holds_images(file):
        if target is None:
            raise FitError(f"--target is missing; name the column of {file} to predict")
        return target
    if target is not None:
        raise FitError(
            f"--target {target!r} names a column, but the class of an image is its folder; leave "
            "it out"
        )
    return TARGET


def _agree(yes: bool, *, err: bool) -> None:
    """Ask, unless told not to; on standard error if `err`, where the answer goes to the other."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise FitError("there is no terminal to ask for agreement; read the plan and give --yes")
    typer.confirm("Go on?", default=True, abort=True, err=err)


def _told(what: str, left: float) -> str:
    return f"{what}, {left:.0f} s left" if left else what


def _say(where: Console, line: str) -> None:
    where.print("\n".join(textwrap.wrap(line, 100)), markup=False, highlight=False, soft_wrap=True)


# What the table shows; the card and --json have every figure.
_SHOWN = ("log_loss", "accuracy", "auc", "rmse", "mae", "r2")


def _table(record: ComparisonRecord) -> Table:
    figures = [name for name in record.baseline if name in _SHOWN]
    titles = [name.replace("_", " ").replace("auc", "AUC") for name in figures]
    table = Table("candidate", *titles, "behind", "s", "MB", "us/row", box=None, pad_edge=False)
    for one in record.candidates:
        table.add_row(*(Text(cell) for cell in _cells(one, figures, record)))
    baseline = (f"{record.baseline[name]:.4f}" for name in figures)
    table.add_row("(baseline)", *baseline, "", "", "", "")
    return table


def _cells(one: CandidateRecord, figures: list[str], record: ComparisonRecord) -> list[str]:
    if one.failed is not None:
        return [f"{one.candidate}: failed", *("" for _ in figures), one.failed[:60], "", "", ""]
    behind = "best" if one.behind is None else f"{one.behind.mean:.2g}"
    if one.as_good_as_best and one.behind is not None:
        behind += " ~"
    return [
        f"{one.candidate} *" if one.model == record.chosen else one.candidate,
        *(f"{one.figures[name]:.4f}" if name in one.figures else "" for name in figures),
        behind,
        f"{one.seconds:.1f}",
        f"{one.megabytes:.2f}",
        f"{one.microseconds_per_row:.0f}",
    ]


def _next_steps(outcome: Outcome, out: Path) -> str:
    """How to serve the chosen model and ask it."""
    from training.fit.publish import EXAMPLE

    served = ""
    if out.resolve() != _SERVED_BY_DEFAULT:
        served = (
            f"ROSENBLATT_MODELS_DIR={shlex.quote(str(out.resolve()))} "
            f"ROSENBLATT_DEFAULT_MODEL={outcome.record.chosen} "
        )
    example = outcome.written[outcome.verdict.chosen.entrant.name].path / EXAMPLE
    return (
        f"Serve it: {served}{rosenblatt()} serve\nAsk it, here for the first row: "
        "curl -sS 127.0.0.1:3000/predict -H 'content-type: application/json' "
        f"-d @{shlex.quote(str(example))}"
    )
