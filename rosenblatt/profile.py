"""`rosenblatt profile FILE`: the facts of a table or a zip of images, and what they call for.

The same as `POST /recommend/profile`, without a server. Exit status: 0 profiled, 2 the file or the
stated facts cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from guide.decision import Decision
from guide.facts import parse_facts
from guide.recommend import adviser
from guide.report import in_words
from profiler import Reader
from service.errors import ServiceError, StartupError
from service.settings import settings
from service.translate_errors import translate_errors
from service.verbs.profile import advise, limits_of

_WIDTH = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the facts and the decision; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        data = options.file.read_bytes()
        reader = Reader(limits_of(settings()), spare=False)
        answer = advise(data, options.facts, options.target, reader, _recommend)
    except OSError as error:
        sys.stderr.write(f"error: {options.file} cannot be read: {error.strerror}\n")
        return 2
    except (ServiceError, StartupError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    if options.json:
        text = json.dumps(answer, indent=2, ensure_ascii=False, default=str)
    else:
        text = "\n".join(_report(answer))
    sys.stdout.write(f"{text}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt profile",
        description="Facts of a CSV, JSON Lines or a Parquet file or a zip of images in class "
        "folders, and what the guide makes of them.",
    )
    parser.add_argument("file", type=Path, help="the file")
    parser.add_argument("--target", help="the column to predict, of a table")
    parser.add_argument("--facts", help='what is known beside it, as JSON: {"domain": "lending"}')
    parser.add_argument("--json", action="store_true", help="everything as JSON")
    return parser


def _recommend(facts: Mapping[str, Any]) -> Decision:
    with translate_errors():
        return adviser().recommend(parse_facts(facts))


def _report(answer: dict[str, Any]) -> Iterator[str]:
    yield "Facts"
    for name, fact in answer["facts"].items():
        why = fact.get("because") or fact["provenance"]
        yield from _wrapped(f"{name}: {_shown(fact['value'])} ({why})")
    for disagreement in answer["disagreements"]:
        declared = disagreement["declared"]
        stated = "left out" if declared is None else f"stated as {_shown(declared)}"
        yield from _wrapped(
            f"{disagreement['fact']}: {stated}, but the file says "
            f"{_shown(disagreement['profiled'])} ({disagreement['because']})"
        )
    for question in answer["undecided"]:
        answers = " or ".join(question["answers"])
        yield from _wrapped(f"{question['fact']}: state {answers} ({question['because']})")
    decision = answer["recommendation"]
    yield ""
    yield from textwrap.wrap(f"{in_words(decision['verdict'])}: {decision['summary']}", _WIDTH)
    for candidate in decision["candidates"]:
        yield from _wrapped(f"{candidate['rank']}. {candidate['name']}: {candidate['why']}")


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, _WIDTH, initial_indent="  ", subsequent_indent="      ")


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
