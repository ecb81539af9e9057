"""Decisions in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from guide.buckets import Bucket, joined
from guide.decision import Alternative, Robustness
from guide.engine import Outcome
from guide.resolution import CompiledClause, Resolution
from guide.rules import Strategy, Verdict

STRATEGIES: dict[Strategy, str] = {
    "gradient_boosted_trees_or_forest": "start with gradient-boosted trees or a random forest",
    "regularised_classical": "use a strongly regularised classical model",
    "interpretable_classical": "use a classical model that a person can read",
    "fine_tune_pretrained": "fine-tune a pretrained network",
    "transfer_learning_frozen_backbone": "take a pretrained network, freeze its backbone and train "
    "only the head",
    "small_pretrained": "take a small pretrained network",
    "generative_pretrained": "use a generative network, pretrained where one exists",
    "tabular_deep_learning": "move to tabular deep learning",
    "hybrid_benchmark_both": "build a classical and a deep model and benchmark them against each "
    "other",
    "unsupervised": "look for structure without labels",
    "label_first": "label some examples first, and until then use what needs no labels",
    "pretrained_without_labels": "use a pretrained network as it is, without labels",
    "statistical_forecasting": "start with seasonal naive and exponential smoothing",
    "none": "too little is stated to choose between classical ML and deep learning",
}
VERDICTS: dict[Verdict, str] = {
    "classical_ml": "classical ML",
    "deep_learning": "deep learning",
    "hybrid": "a hybrid of both",
    "insufficient_information": "undecided",
}
_DATA = "modalities"
_MISFIT = "no rule speaks of this task on these data"


@dataclass(frozen=True)
class Decisive:
    """An unknown fact, with the values that would flip the verdict."""

    fact: str
    when: str
    verdict: Verdict


def summary(
    outcome: Outcome,
    resolution: Resolution,
    cautions: Sequence[str],
    unmet: Sequence[str],
    decisive: Sequence[Decisive],
    robustness: Robustness,
) -> str:
    """Two sentences: what to do and why, and what speaks against it or would change it."""
    if outcome.verdict == "insufficient_information" and all(d.fact != _DATA for d in decisive):
        # The data are known, and would decide if they fitted the task.
        return f"{_sentence(_MISFIT)} {_sentence('; '.join(cautions))}"
    against = _against(resolution, unmet) or _open(outcome, decisive, robustness)
    return f"{_first(outcome, resolution)} {_sentence('; '.join([*cautions, against]))}"


def how(alternatives: Sequence[Alternative], now: Outcome) -> str:
    """What an unknown fact would change, one clause per outcome."""
    return "; ".join(f"{a.when}: {_changed(a, now)}" for a in alternatives)


def values(buckets: Sequence[Bucket]) -> str:
    """Buckets of one fact in words, with adjacent ranges joined."""
    return " or ".join(bucket.text for bucket in joined(buckets))


def _first(outcome: Outcome, resolution: Resolution) -> str:
    phrase = outcome.selection.says or STRATEGIES[outcome.strategy]
    if resolution.decider is None:
        return _sentence(phrase)
    shaped = [clause for clause in resolution.fired if clause.name in outcome.shaped_by]
    shapes = [clause for clause in shaped if clause is not resolution.decider]
    reasons = [
        _reason(resolution.decider),
        *(_reason(c, outcome.selection.because) for c in shapes),
    ]
    return _sentence(f"{phrase}, because {'; '.join(reasons)}")


def _against(resolution: Resolution, unmet: Sequence[str]) -> str:
    if unmet:
        return f"it cannot give what was asked for: {' and '.join(unmet)}"
    if not resolution.contested or resolution.runner_up is None:
        return ""
    if resolution.decider is not None and resolution.decider.data.gap:
        return f"this is contested: {resolution.decider.data.gap}"
    loser = next(
        c.loser for c in resolution.conflicts if resolution.verdict not in c.loser.data.families
    )
    return (
        f"this is contested: {_reason(loser)}, so {VERDICTS[resolution.runner_up]} is the runner-up"
    )


def _open(outcome: Outcome, decisive: Sequence[Decisive], robustness: Robustness) -> str:
    if robustness.robust:
        return "nothing left unstated could change that verdict"
    facts = list(dict.fromkeys(d.fact for d in decisive))
    if outcome.verdict == "insufficient_information":
        can = "any of them can decide" if len(facts) > 1 else "it can decide"
        return f"state {_listed(facts)}: {can}"
    if not decisive:
        # No single fact flips the verdict; some together do.
        together = list(robustness.smallest_flip or {})
        return f"{_listed(together, 'and')}, not stated, could change that together"
    first = decisive[0]
    more = f"; {_listed(facts[1:])} could too" if facts[1:] else ""
    return (
        f"that would change if {first.fact}, which is not stated, were {first.when} "
        f"({VERDICTS[first.verdict]}){more}"
    )


def _changed(alternative: Alternative, now: Outcome) -> str:
    parts: list[str] = []
    if alternative.verdict != now.verdict:
        parts.append(alternative.verdict)
    if alternative.strategy != now.strategy:
        parts.append(f"strategy {alternative.strategy}")
    if alternative.contested != now.contested:
        parts.append("contested" if alternative.contested else "no longer contested")
    return ", ".join(parts)


def _reason(clause: CompiledClause, words: str | None = None) -> str:
    return f"{words or clause.data.says} ({clause.rule.id})"


def _listed(names: Sequence[str], word: str = "or") -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
