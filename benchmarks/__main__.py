"""`python -m benchmarks models|serving|guide`: measure, write JSON under docs/results/."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import guide, models, serving

RESULTS = Path("docs/results")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("models", help="load time and latency of every model, in process")
    commands.add_parser("guide", help="latency and requests per second of /recommend")
    race = commands.add_parser("serving", help="requests per second against stock BentoML")
    race.add_argument("--rounds", type=int, default=3, help="interleaved rounds per server")
    race.add_argument("--seconds", type=int, default=8, help="seconds per measurement")
    arguments = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    if arguments.command == "models":
        models.main(RESULTS / "models.json")
    elif arguments.command == "guide":
        guide.main(RESULTS / "guide.json")
    else:
        serving.main(RESULTS / "serving.json", arguments.rounds, arguments.seconds)


if __name__ == "__main__":
    main()
