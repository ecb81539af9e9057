"""`python -m training`: train the models, import others, write variants, race the CNN recipes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from contract.errors import ContractError
from contract.manifest import Manifest
from contract.records import ClassificationMetrics
from contract.repository import Entry, check_writable, entries, read_manifest
from training.datasets import Dataset, Name, load
from training.errors import DatasetError, TrainingError
from training.explain.command import explain, explain_models
from training.fit.command import fit_model
from training.importing.command import import_model
from training.recipes import RECIPES, Recipe
from training.transfer.command import transfer_model
from training.variants import Added, add_cuda

if TYPE_CHECKING:  # torch takes seconds to import
    from training.race import Bar

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("import", no_args_is_help=True)(import_model)
app.command("fit", no_args_is_help=True)(fit_model)
app.command("explain")(explain_models)
app.command("transfer", no_args_is_help=True)(transfer_model)
console = Console()
problems = Console(stderr=True)

DataName = Annotated[
    str, typer.Option("--dataset", envvar="DATASET", help="mnist, or digits without a network.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="ROSENBLATT_DATA_DIR", help="Folder of the MNIST files."),
]
Out = Annotated[Path, typer.Option(help="Model repository to write to.")]


@app.command()
def train(
    models: Annotated[
        list[str] | None, typer.Argument(help="Models to train; all by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random choice.")] = 42,
    dataset: DataName = "mnist",
    data_dir: DataDir = None,
    out: Out = Path("models"),
) -> None:
    """Train, export and write models; fail if one is below its floor."""
    recipes = _chosen(models)
    try:
        check_writable(out)
    except ContractError as error:
        problems.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    data = _load(dataset, data_dir)
    manifests, failures = [], []
    with _progress() as progress:
        for recipe in recipes:
            try:
                manifests.append(_train(recipe, data, seed, out, progress))
            except (TrainingError, ContractError) as error:
                failures.append(str(error))
    if manifests:
        console.print(_table(manifests))
    for failure in failures:
        problems.print(f"[red]{failure}[/red]", soft_wrap=True)
    if failures:
        raise typer.Exit(1)


@app.command()
def race(
    guide_seeds: Annotated[int, typer.Option(min=1, help="Runs of the guide's recipe.")] = 5,
    sprint_seeds: Annotated[int, typer.Option(min=1, help="Runs of the short schedule.")] = 5,
    fast_seeds: Annotated[int, typer.Option(min=1, help="Runs of the recipe that ships.")] = 3,
    dataset: DataName = "mnist",
    data_dir: DataDir = None,
    out: Annotated[Path, typer.Option(help="JSON file for the figures.")] = Path(
        "docs/results/cnn_race.json"
    ),
) -> None:
    """Train the CNN recipes over several seeds, in turn, and compare accuracy over time.

    Fail if a bar is missed.
    """
    from training import race as racing

    data = _load(dataset, data_dir)
    with _progress() as progress:
        seeds = {"guide": guide_seeds, "sprint": sprint_seeds, "fast": fast_seeds}
        figures = racing.run(data, seeds, _Bar(progress, "race"))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(racing.to_json(figures))
    console.print(racing.table(figures))
    if dataset == "mnist" and not _held(racing.bars(figures)):
        raise typer.Exit(1)


@app.command()
def variants(
    models: Annotated[Path, typer.Option(help="Model repository to add to.")] = Path("models"),
    name: Annotated[list[str] | None, typer.Option(help="Models to take; all by default.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Write the `cuda` variant of every version that needs one, after checking its answers.

    The answers are compared on the golden samples and, if the model's data set is available
    locally, on its whole test set; nothing is downloaded.
    """
    try:
        found = entries(models)
        if unknown := set(name or []) - {entry.name for entry in found}:
            raise typer.BadParameter(f"{models} holds no model {min(unknown)!r}")
        chosen = [entry for entry in found if not name or entry.name in name]
        added = [add_cuda(entry, _data_of(entry, data_dir)) for entry in chosen]
    except (TrainingError, ContractError) as error:
        problems.print(f"[red]{error}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error
    console.print(_variant_table(chosen, added))


def _data_of(entry: Entry, data_dir: Path | None) -> Dataset | None:
    """The data set that a version was trained on, if it is available locally."""
    names: dict[str, Name] = {"mnist": "mnist", "digits": "digits"}
    record = read_manifest(entry).training
    if record is None or record.data.name not in names:
        return None
    try:
        return load(names[record.data.name], data_dir, mirrors=())
    except DatasetError:
        return None


def _chosen(names: list[str] | None) -> list[Recipe]:
    known = {recipe.name: recipe for recipe in RECIPES}
    if unknown := [name for name in names or [] if name not in known]:
        raise typer.BadParameter(f"unknown model {unknown[0]!r}; choose from {', '.join(known)}")
    return [known[name] for name in names] if names else list(RECIPES)


def _load(dataset: str, data_dir: Path | None) -> Dataset:
    names: dict[str, Name] = {"mnist": "mnist", "digits": "digits"}
    if dataset not in names:
        raise typer.BadParameter(f"unknown data set {dataset!r}; choose from {', '.join(names)}")
    try:
        return load(names[dataset], data_dir)
    except TrainingError as error:
        problems.print(f"[red]{error}[/red]", soft_wrap=True)
        raise typer.Exit(1) from error


def _train(recipe: Recipe, data: Dataset, seed: int, out: Path, progress: Progress) -> Manifest:
    from training.publish import publish

    fitted = recipe.trainer(data, seed=seed, report=_Bar(progress, recipe.name))
    manifest = publish(recipe, fitted, data, seed=seed, root=out)
    explain(
        Entry(manifest.name, int(manifest.version), out / manifest.name / manifest.version), data
    )
    return manifest


def _held(bars: list[Bar]) -> bool:
    """True if every binding bar is held; print the missed ones."""
    missed = [bar for bar in bars if not bar.held]
    for bar in missed:
        shade, note = ("red", "") if bar.binds else ("yellow", " where there are matrix units")
        problems.print(f"[{shade}]{bar}{note}[/{shade}]", soft_wrap=True)
    return not any(bar.binds for bar in missed)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(finished_text="[green]✓[/green]"),
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}"),
        console=console,
    )


@dataclass
class _Bar:
    """A `Report` that draws a progress bar; the bar appears with the first call."""

    progress: Progress
    name: str
    task: TaskID | None = None

    def __call__(self, done: int, total: int, message: str) -> None:
        if self.task is None:
            self.task = self.progress.add_task(self.name, total=total, message="")
        self.progress.update(self.task, completed=done, message=message)


def _table(manifests: list[Manifest]) -> Table:
    table = Table("model", "accuracy", "95% interval", "seconds", "MB", "ECE")
    for m in manifests:
        measured, record = m.metrics, m.training
        if not isinstance(measured, ClassificationMetrics) or record is None:
            continue
        interval, error = measured.accuracy_interval, measured.expected_calibration_error
        table.add_row(
            m.name,
            f"{measured.accuracy:.4f}",
            f"{interval.low:.4f}-{interval.high:.4f}",
            f"{record.seconds:.1f}",
            f"{m.files['default'].bytes / 1e6:.2f}",
            f"{error.after:.4f}" if error else "",
        )
    return table


def _variant_table(chosen: list[Entry], added: list[Added | None]) -> Table:
    table = Table("version", "cuda variant", "MB", "samples", "largest difference")
    for entry, variant in zip(chosen, added, strict=True):
        if variant is None:
            table.add_row(str(entry), "not needed")
            continue
        seen = variant.agreement.values()
        table.add_row(
            str(entry),
            variant.manifest.files["cuda"].path,
            f"{variant.bytes / 1e6:.2f}",
            f"{sum(agreement.rows for agreement in seen):,}",
            f"{max(agreement.max_difference for agreement in seen):.1e}",
        )
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; its exit status."""
    try:
        app(args=None if arguments is None else list(arguments))
    except SystemExit as status:
        return status.code if isinstance(status.code, int) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
