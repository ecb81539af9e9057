"""`python -m service.score`: score a Parquet or CSV file or a folder of images to a Parquet file.

Exit status: 0 scored, 1 refused with one sentence, 2 invalid options, 130 interrupted; after 1 and
130 the same command goes on from the parts that are done, with --ray from the beginning.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from contract.errors import ContractError
from service.errors import ServiceError, StartupError
from service.score.run import Summary, score
from service.score.scorer import Scorer
from service.score.sources import source_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Score as the command line says; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.address is not None and not options.ray:
        parser.error("--address is of use with --ray only")
    if options.threads is not None and options.ray:
        parser.error("--threads is of no use with --ray, which runs an actor on each core")
    try:
        _say(options, _on_ray(options) if options.ray else _here(options))
    except (ServiceError, StartupError, ContractError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        how = "begins anew" if options.ray else f"goes on with {options.target}"
        sys.stderr.write(f"interrupted; the same command {how}\n")
        return 130
    return 0


def _here(options: argparse.Namespace) -> str:
    scorer = Scorer(
        options.model, options.version, column=options.column, prefix=options.prefix,
        on_error=options.on_error, threads=options.threads,
    )  # fmt: skip
    target = Path(options.target)
    with closing(scorer):
        source = source_of(Path(options.source), options.column, scorer.settings)
        with closing(source):
            for note in source.notes:
                _say(options, note)
            done = score(
                source, target, scorer, batch_rows=options.batch_rows,
                overwrite=options.overwrite, stream=None if options.quiet else sys.stderr,
            )  # fmt: skip
    return _summary(target, done)


def _on_ray(options: argparse.Namespace) -> str:
    from service.score.ray import score

    score(
        options.source, options.target, address=options.address, batch_rows=options.batch_rows,
        overwrite=options.overwrite, column=options.column, model=options.model,
        version=options.version, prefix=options.prefix, on_error=options.on_error,
    )  # fmt: skip
    return f"scored {options.source} to the Parquet files of {options.target}"


def _summary(target: Path, done: Summary) -> str:
    fresh = done.rows - done.resumed
    parts = [f"scored {done.rows:,} rows to {target}"]
    if done.resumed:
        parts.append(f"{done.resumed:,} of them before")
    if done.refused:
        parts.append(f"{done.refused:,} without an answer")
    parts.append(f"{fresh:,} in {done.seconds:.1f} s, {done.rows_per_second:,.0f} rows/s")
    return "; ".join(parts)


def _say(options: argparse.Namespace, text: str) -> None:
    if not options.quiet:
        sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt score",
        description="Score a Parquet or CSV file or a folder of images to a Parquet file. "
        "Interrupted, the same command goes on where it stopped; with --ray it begins anew.",
    )
    parser.add_argument("source", help="a Parquet or CSV file, or a folder of PNG and JPEG")
    parser.add_argument("target", help="the Parquet file to write; a folder with --ray")
    parser.add_argument("--model", help="its name; the service's default model unless given")
    parser.add_argument(
        "--version",
        help="its version; unless given, the stable one of a rollout, or else the highest",
    )
    parser.add_argument(
        "--column", help="the column of images or arrays; found by its type unless given"
    )
    parser.add_argument(
        "--prefix", default="", help="stands before the names of the columns of results"
    )
    parser.add_argument(
        "--on-error", choices=("fail", "null"), default="fail",
        help="a bad row ends the run, or its results are null and the column error says why",
    )  # fmt: skip
    parser.add_argument(
        "--batch-rows", type=_positive, metavar="N",
        help="rows read, scored and kept at a time; 8192 unless given, fewer of large images",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=_positive, metavar="N", help="all cores of the process unless given"
    )
    parser.add_argument(
        "--overwrite", action="store_true",
        help="replace the target, and parts of another source, model or options",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="no progress, errors only")
    parser.add_argument("--ray", action="store_true", help="run as Ray Data, here unless --address")
    parser.add_argument(
        "--address", help="of a Ray cluster, such as head:6379, ray://head:10001 or auto"
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 2**20:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 to {2**20}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
