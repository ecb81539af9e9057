"""The share of task and target facts that the profiler gets right, over public tables."""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.models import processor
from benchmarks.profiler.tables import Entry, entries
from profiler import Limits, Profile
from profiler.errors import ProfilerError
from profiler.files import profile_file

LEAST_RIGHT = 0.95
FACTS = ("task", "n_labelled", "n_rows", "modalities")
# What the tables' documentation takes for a missing value.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "."})


def main(target: Path, folder: Path) -> int:
    """Measure every entry, write the results, and return 1 if the bar is missed."""
    start = time.perf_counter()
    judged = [_judged(entry) for entry in entries(folder)]
    held_out = [each for each in judged if each["held_out"]]
    document = {
        "processor": processor(),
        "seconds": round(time.perf_counter() - start, 1),
        "least_right": LEAST_RIGHT,
        "all": _summary(judged),
        "held_out": _summary(held_out),
        "wrong": [wrong for each in judged if (wrong := _wrong(each))["facts"]],
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(document, indent=2))
    right = _summary(judged)["right"]
    return int(min(right["task"], right["n_labelled"]) < LEAST_RIGHT)


def _summary(judged: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many entries there are, and the share that is right of each fact."""
    return {
        "entries": len(judged),
        "tables": len({(each["package"], each["file"]) for each in judged}),
        "tasks": dict(Counter(" or ".join(each["task"]["right"]) for each in judged)),
        "right": {
            fact: round(sum(_is_right(each, fact) for each in judged) / len(judged), 4)
            for fact in FACTS
        },
    }


def _judged(entry: Entry) -> dict[str, Any]:
    """Each fact of an entry: the right answers, and what the profiler said."""
    rows, labelled = _counted(entry)
    right = {
        "task": entry.tasks,
        "n_rows": (rows,),
        "n_labelled": (labelled,),
        "modalities": (["tabular"],),
    }
    try:
        # These tables do no harm, so no process of their own reads them.
        found = profile_file(entry.data, target=entry.target, limits=Limits())
        said: dict[str, Any] = {**found.facts, "task": _task(found)}
    except ProfilerError as error:
        said = {"task": f"refused: {error}"}
    facts = {fact: {"right": right[fact], "said": said.get(fact)} for fact in FACTS}
    named = {"package": entry.package, "file": entry.file, "target": entry.target}
    return {**named, "held_out": entry.held_out, **facts}


def _task(found: Profile) -> str | None:
    """The task; `asked` if it was left out with a question."""
    asked = any(question.fact == "task" for question in found.details.undecided)
    return "asked" if asked else str(found.facts["task"]) if "task" in found.facts else None


def _counted(entry: Entry) -> tuple[int, int]:
    """Rows of a table, and those whose target holds a value, by Python's own reader."""
    text = entry.data.decode()
    header = text[: text.index("\n")]
    mark = max(",;\t", key=header.count)
    lines = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if row]
    names = [name.strip().strip("'") for name in lines[0]]
    # R leaves the names of rows without a name of their own.
    at = names.index(entry.target) + (len(lines[1]) - len(names))
    return len(lines) - 1, sum(row[at].strip().lower() not in _MISSING for row in lines[1:])


def _is_right(each: dict[str, Any], fact: str) -> bool:
    return each[fact]["said"] in each[fact]["right"]


def _wrong(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "table": f"{each['package'].partition('==')[0]} {each['file']}",
        "target": each["target"],
        "held_out": each["held_out"],
        "facts": {fact: each[fact] for fact in FACTS if not _is_right(each, fact)},
    }
