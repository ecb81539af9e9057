"""`python -m benchmarks COMMAND`: measure into docs/results/; `--help` lists the commands."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks import gpu, guide, models
from benchmarks.serving import run as serving
from benchmarks.serving.bars import PARTS
from benchmarks.sides import Effort

RESULTS = Path("docs/results")
# Outside the repository: what is downloaded is not ours to keep.
SCRATCH = Path(tempfile.gettempdir()) / "rosenblatt-texts"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("models", help="load time and latency of every model, in process")
    commands.add_parser("guide", help="latency and requests per second of /recommend")
    facts = commands.add_parser("profiler", help="facts of public tables, against their labels")
    facts.add_argument(
        "--packages", type=Path, default=_packages(), help="folder that keeps downloaded packages"
    )
    race = commands.add_parser("serving", help="against peers and floors; takes half an hour")
    race.add_argument("parts", nargs="*", default=PARTS, help="parts to measure; all by default")
    race.add_argument("--rounds", type=int, default=3, help="interleaved rounds per server")
    race.add_argument("--seconds", type=int, default=5, help="seconds per measurement")
    commands.add_parser("pictures", help="digits unlike MNIST's, with a fit and without")
    rows = commands.add_parser("table", help="rows as JSON objects, against FastAPI; takes minutes")
    rows.add_argument("--rounds", type=int, default=5, help="interleaved rounds per server")
    rows.add_argument("--seconds", type=int, default=4, help="seconds per measurement")
    tables = commands.add_parser("fit", help="UCI's tables with the default budget; 13 minutes")
    tables.add_argument("problems", nargs="*", help="problems to measure; all by default")
    tables.add_argument("--budget", type=float, default=120.0, help="seconds for each")
    commands.add_parser("kinds", help="latency of kinds of networks, for the guide; needs torch")
    commands.add_parser("evidence", help="learning curves on MNIST; 15 minutes")
    sets = commands.add_parser("fit-text", help="TF-IDF against an encoder; 20 minutes, 90 MB")
    sets.add_argument("sets", nargs="*", help="sets to measure; all by default")
    sets.add_argument("--seeds", type=int, default=3, help="draws of labels and test texts")
    sets.add_argument("--scratch", type=Path, default=SCRATCH, help="folder for the downloads")
    images = commands.add_parser("fit-images", help="images by labels a class; 15 minutes")
    images.add_argument("sets", nargs="*", help="sets of images to measure; all by default")
    images.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("ROSENBLATT_PICTURES_DIR", "build/pictures"),
        help="folder for the packages that hold the images; apt-get fetches what is missing",
    )
    commands.add_parser("explain", help="time of one explanation over HTTP; 5 minutes")
    trust = commands.add_parser("faithfulness", help="explanations of the digits; 15 minutes")
    trust.add_argument("--models", type=Path, default=Path("models"), help="model repository")
    trust.add_argument("--images", type=int, default=500, help="test images")
    few = commands.add_parser("transfer", help="the CNN retrained on few labels; 15 minutes")
    few.add_argument("labels", nargs="*", type=int, help="labels a class; all by default")
    few.add_argument("--seeds", type=int, default=5, help="draws of the labels")
    page = commands.add_parser("page", help="the page in Chromium: size, speed, accessibility")
    page.add_argument("--visits", type=int, default=10, help="visits per figure of speed")
    long = commands.add_parser("soak", help="half the capacity for long; every answer is checked")
    long.add_argument("--minutes", type=float, default=30.0, help="minutes of load")
    long.add_argument("--provider", choices=("cpu", "cuda"), default="cpu", help="where graphs run")
    guards = commands.add_parser("hardening", help="throughput against the commit before guards")
    each = commands.add_parser("options", help="throughput with each option of the service")
    for compared in (guards, each):
        compared.add_argument("--starts", type=int, default=6, help="of all servers")
        compared.add_argument("--rounds", type=int, default=4, help="measurements after a start")
        compared.add_argument("--seconds", type=int, default=2, help="seconds per measurement")
    cards = commands.add_parser("gpu", help="CPU against CUDA: parity, images per second")
    cards.add_argument("--cpu-only", action="store_true", help="measure only the CPU")
    cards.add_argument("--sizes", type=_sizes, default=gpu.SIZES, help="batch sizes: 1,2,4,...")
    cards.add_argument("--seconds", type=float, default=gpu.SECONDS, help="seconds per figure")
    cards.add_argument("--out", type=Path, default=RESULTS / "gpu.json", help="JSON file to write")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if arguments.command == "models":
        models.main(RESULTS / "models.json")
    elif arguments.command == "guide":
        guide.main(RESULTS / "guide.json")
    elif arguments.command == "profiler":
        from benchmarks.profiler import run as facts_of_tables

        sys.exit(facts_of_tables.main(RESULTS / "profiler.json", arguments.packages))
    elif arguments.command == "table":
        from benchmarks.table import run as table

        sys.exit(table.main(RESULTS / "table.json", arguments.rounds, arguments.seconds))
    elif arguments.command == "fit":
        from benchmarks.fit import run as fit

        if strange := set(arguments.problems) - set(fit.PROBLEMS):
            parser.error(f"unknown problem {min(strange)}; choose from {', '.join(fit.PROBLEMS)}")
        sys.exit(fit.main(RESULTS / "fit.json", arguments.problems, arguments.budget))
    elif arguments.command == "kinds":
        from benchmarks import kinds

        kinds.main(RESULTS / "kinds.json")
    elif arguments.command == "evidence":
        from benchmarks.evidence import run as evidence

        sys.exit(evidence.main(RESULTS / "evidence.json"))
    elif arguments.command == "fit-text":
        from benchmarks.fit import text
        from benchmarks.fit.text_sets import SETS

        if strange := set(arguments.sets) - set(SETS):
            parser.error(f"unknown set {min(strange)}; choose from {', '.join(SETS)}")
        out = RESULTS / "fit_text.json"
        text.main(out, arguments.scratch, arguments.sets, arguments.seeds)
    elif arguments.command == "fit-images":
        from benchmarks.fit import images as fit_images

        if strange := set(arguments.sets) - set(fit_images.SETS):
            parser.error(f"unknown set {min(strange)}; choose from {', '.join(fit_images.SETS)}")
        sys.exit(fit_images.main(RESULTS / "fit_images.json", arguments.sets, Path(arguments.data)))
    elif arguments.command == "transfer":
        from benchmarks import transfer

        sys.exit(transfer.main(RESULTS / "transfer.json", arguments.labels, arguments.seeds))
    elif arguments.command == "page":
        from benchmarks import page as page_benchmark

        sys.exit(page_benchmark.main(RESULTS / "page.json", arguments.visits))
    elif arguments.command == "pictures":
        from benchmarks.pictures import run as pictures

        sys.exit(pictures.main(RESULTS / "pictures.json"))
    elif arguments.command == "explain":
        from benchmarks import explain

        sys.exit(explain.main(RESULTS / "explain.json"))
    elif arguments.command == "faithfulness":
        from benchmarks import faithfulness

        out = RESULTS / "faithfulness.json"
        sys.exit(faithfulness.main(out, arguments.models, arguments.images))
    elif arguments.command == "soak":
        from benchmarks import soak

        name = "soak.json" if arguments.provider == "cpu" else "soak_cuda.json"
        sys.exit(soak.main(RESULTS / name, arguments.minutes, arguments.provider))
    elif arguments.command == "hardening":
        from benchmarks import hardening

        out = RESULTS / "hardening.json"
        sys.exit(hardening.main(out, _effort(arguments)))
    elif arguments.command == "options":
        from benchmarks import options

        out = RESULTS / "options.json"
        sys.exit(options.main(out, _effort(arguments)))
    elif arguments.command == "gpu":
        sys.exit(gpu.main(arguments.out, arguments.sizes, arguments.seconds, arguments.cpu_only))
    else:
        if unknown := set(arguments.parts) - set(PARTS):
            parser.error(f"unknown part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
        status = serving.main(RESULTS, arguments.parts, arguments.rounds, arguments.seconds)
        sys.exit(status)


def _packages() -> Path:
    """Where packages with public tables are kept, outside the repository."""
    kept = os.environ.get("ROSENBLATT_TABLES_DIR")
    return Path(kept) if kept else Path(tempfile.gettempdir()) / "rosenblatt-tables"


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(size) for size in text.split(","))


def _effort(arguments: argparse.Namespace) -> Effort:
    return Effort(arguments.starts, arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
