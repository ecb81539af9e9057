"""`python -m guide`: the decision on the command line, as text or JSON.

Exit status: 0 if there is a verdict, 1 if too little is stated, 2 if a fact is invalid.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence

from guide.errors import FactError
from guide.facts import CHOICES, INTEGERS, REALS, Facts, parse_facts
from guide.recommend import adviser
from guide.report import full, short
from guide.short import shorten


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the decision for the facts on the command line, and return the exit status."""
    parser = _parser()
    stated = {k: v for k, v in vars(parser.parse_args(arguments)).items() if v is not None}
    as_json, detail = stated.pop("json"), stated.pop("detail", None)
    try:
        decision = adviser().recommend(parse_facts(stated))
    except FactError as error:
        parser.exit(2, f"error: {error}; see --help\n")
    if as_json:
        document = shorten(decision) if detail == "short" else decision
        text = json.dumps(document.model_dump(mode="json"), indent=2, ensure_ascii=False)
    elif detail == "full":
        text = "\n".join(full(decision, _width()))
    else:
        text = "\n".join(short(shorten(decision), _width()))
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
        if name in INTEGERS:
            parser.add_argument(option, type=int, metavar="N", help=field.description)
        elif name in REALS:
            parser.add_argument(option, type=float, metavar="X", help=field.description)
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
    parser.add_argument(
        "--detail", choices=("short", "full"),
        help="the answer in brief (default) or the whole decision (default with --json)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the whole decision as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
