"""The share of task and target facts that the profiler gets right, over public tables."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.profiler.tables import Entry, entries
from profiler import Limits, Profile, Reader
from profiler.errors import ProfilerError

LEAST_RIGHT = 0.95
FACTS = ("task", "n_labelled", "n_rows", "modalities")
# What the tables' documentation and pandas take for a missing value.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "."})


def main(target: Path, folder: Path) -> int:
    """Measure every entry, write the results, and return 1 if the bar is missed."""
    with Reader(Limits(), spare=True) as reader:
        judged = [_judged(entry, reader) for entry in entries(folder)]
    document = {
        "entries": len(judged),
        "tables": len({(each["package"], each["file"]) for each in judged}),
        "right": {fact: _share(judged, fact) for fact in FACTS},
        "least_right": LEAST_RIGHT,
        "tasks": dict(Counter(each["task"]["right"][0] for each in judged)),
        "wrong": [_wrong(each) for each in judged if _wrong(each)["facts"]],
        "judged": [f"{each['package']} {each['file']} {each['target']}" for each in judged],
    }
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps({**document, "judged": None}, indent=2))
    right = document["right"]
    return int(min(right["task"], right["n_labelled"]) < LEAST_RIGHT)  # type: ignore[index]


def _judged(entry: Entry, reader: Reader) -> dict[str, Any]:
    """Each fact of an entry: what is right, and what the profiler said."""
    rows, labelled = _counted(entry)
    named = {"package": entry.package, "file": entry.file, "target": entry.target}
    try:
        found = reader.profile(entry.data, entry.target)
    except ProfilerError as error:
        return {**named, "task": {"right": entry.tasks, "said": f"refused: {error}"}}
    said = {**found.facts, "task": _task(found)}
    right = {
        "task": entry.tasks,
        "n_rows": (rows,),
        "n_labelled": (labelled,),
        "modalities": (["tabular"],),
    }
    return {**named, **{fact: {"right": right[fact], "said": said.get(fact)} for fact in right}}


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


def _share(judged: list[dict[str, Any]], fact: str) -> float:
    right = sum(_is_right(each, fact) for each in judged)
    return round(right / len(judged), 4)


def _is_right(each: dict[str, Any], fact: str) -> bool:
    return fact in each and each[fact]["said"] in each[fact]["right"]


def _wrong(each: dict[str, Any]) -> dict[str, Any]:
    facts = [fact for fact in FACTS if not _is_right(each, fact)]
    return {
        "table": f"{each['package'].partition('==')[0]} {each['file']}",
        "target": each["target"],
        "facts": {fact: each.get(fact) for fact in facts},
    }
