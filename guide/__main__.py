"""`python -m guide`: the decision on the command line, as text or JSON.

Exit status: 0 if there is a verdict, 1 if too little is stated, 2 if a fact is invalid.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

from guide.decision import Decision
from guide.errors import FactError
from guide.facts import CHOICES, COUNTS, Facts, parse_facts
from guide.recommend import adviser


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the decision for the facts on the command line, and return the exit status."""
    parser = _parser()
    stated = {k: v for k, v in vars(parser.parse_args(arguments)).items() if v is not None}
    as_json = stated.pop("json")
    try:
        decision = adviser().recommend(parse_facts(stated))
    except FactError as error:
        parser.exit(2, f"error: {error}; see --help\n")
    if as_json:
        text = json.dumps(decision.model_dump(mode="json"), indent=2, ensure_ascii=False)
    else:
        text = "\n".join(_report(decision, _width()))
    sys.stdout.write(f"{text}\n")
    return int(decision.verdict == "insufficient_information")


def _width() -> int:
    return min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else 100


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rosenblatt recommend",
        description="Classical ML or deep learning for this problem? State what is known.",
    )
    for name, field in Facts.model_fields.items():
        option = f"--{name.replace('_', '-')}"
        if name in COUNTS:
            parser.add_argument(option, type=int, metavar="N", help=field.description)
        elif name == "modalities":
            parser.add_argument(
                "--modality", dest=name, action="append", choices=CHOICES[name],
                help=f"{field.description} Repeat the option for several.",
            )  # fmt: skip
        elif CHOICES[name] == (True, False):
            parser.add_argument(
                option, action=argparse.BooleanOptionalAction, help=field.description
            )
        else:
            parser.add_argument(option, choices=CHOICES[name], help=field.description)
    parser.add_argument("--json", action="store_true", help="the whole decision as JSON")
    return parser


def _report(decision: Decision, width: int) -> Iterator[str]:
    verdict = decision.verdict.replace("_", " ")
    contested = " (contested)" if decision.contested else ""
    yield from textwrap.wrap(f"{verdict}{contested}: {decision.summary}", width)
    for title, lines in _sections(decision):
        if lines:
            yield ""
            yield title
            for line in lines:
                yield from textwrap.wrap(
                    line, width, initial_indent="  ", subsequent_indent="      "
                )
    yield ""
    yield f"decision {decision.decision_id}, rules {decision.ruleset_version}"


def _sections(decision: Decision) -> Iterator[tuple[str, list[str]]]:
    yield (
        "Try",
        [f"{c.rank}. {c.name}: {c.why}. Mind: {'; '.join(c.caveats)}" for c in decision.candidates],
    )
    fired = [rule for rule in decision.rules if rule.status == "fired"]
    yield (
        "Rules that fired",
        [f"{r.id} (section {r.section}) {r.outcome}: {r.statement}" for r in fired],
    )
    yield (
        "Conflicts",
        [
            f"{c.winner} over {c.rules[1]}: {c.principle}; lost: {c.lost}"
            for c in decision.conflicts
        ],
    )
    yield "Assumed", [f"{a.text} ({a.rule})" for a in decision.assumptions]
    yield "Not met", [f"{need.need}: {need.why}" for need in decision.unmet]
    yield "Not stated, and it matters", [f"{m.fact}: {m.how}" for m in decision.missing_facts]
    flips = [
        f"{' and '.join(f'{fact} = {_shown(v)}' for fact, v in c.change.items())}: {c.verdict}"
        for c in decision.counterfactuals_same_problem
    ]
    yield "Would change the verdict of the same problem", flips
    yield (
        "Evidence",
        [f"{e.stance} {', '.join(e.rules)}: {e.claim} ({e.citation})" for e in decision.evidence],
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower()


if __name__ == "__main__":
    sys.exit(main())
