"""`profile`: the facts of a file, merged with stated ones, and the decision they call for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from guide.decision import Decision
from guide.facts import parse_facts
from profiler import Limits, Merged, Reader, merge
from service.settings import Settings
from service.strict_json import parse_object
from service.translate_errors import translate_errors

_EXAMPLE = '{"domain": "lending"}'


def advise(
    data: bytes,
    facts: str | None,
    target: str | None,
    reader: Reader,
    recommend: Callable[[Mapping[str, Any]], Decision],
) -> dict[str, Any]:
    """Profile a file and decide.

    Args:
        data: the file.
        facts: JSON object of what the caller knows, as `/recommend` takes it.
        target: name of the column to predict, of a table.
        recommend: decides on facts.

    Raises:
        ServiceError: of the kind that fits.
    """
    stated = _stated(facts)
    with translate_errors():
        found = reader.profile(data, target)
        merged = merge(stated, found)
    decision = recommend(merged.facts)
    return {
        "facts": {
            name: {"value": value, **_provenance(name, merged)}
            for name, value in merged.facts.items()
        },
        "undecided": [asdict(question) for question in merged.undecided],
        "disagreements": [asdict(d) for d in merged.disagreements],
        "profile": asdict(found.details),
        "recommendation": decision.model_dump(mode="json"),
    }


def limits_of(settings: Settings) -> Limits:
    """The limits that the `ROSENBLATT_PROFILE_*` settings give."""
    return Limits(
        max_bytes=settings.profile_max_bytes,
        max_rows=settings.profile_max_rows,
        max_columns=settings.profile_max_columns,
        max_pixels=settings.profile_max_pixels,
        max_files=settings.profile_max_files,
        max_unpacked_bytes=settings.profile_max_unpacked_bytes,
        memory_mb=settings.profile_memory_mb,
        seconds=settings.profile_timeout_seconds,
    )


def _stated(facts: str | None) -> dict[str, Any]:
    """The declared facts, judged as `/recommend` judges them."""
    if facts is None:
        return {}
    document = parse_object(facts.encode(), _EXAMPLE, "facts")
    with translate_errors("facts"):
        return parse_facts(document).known()


def _provenance(name: str, merged: Merged) -> dict[str, str]:
    because = {"because": merged.because[name]} if name in merged.because else {}
    return {"provenance": merged.provenance[name], **because}
