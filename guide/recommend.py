"""Facts -> decision: the verdict of the engine, with its reasons."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

from guide import bearing, candidates, latency, sentences, trace
from guide import decision as d
from guide.analysis import CIRCUMSTANCES, EVERYTHING, Analyst, Missing
from guide.engine import Engine
from guide.facts import COUNTS, NAMES, Facts
from guide.resolution import Resolution
from guide.rules import Ruleset, ruleset
from guide.space import FactMask
from guide.states import Move
from guide.tables import Library, library


class Adviser:
    """Decides by one set of rules. Safe to share between threads.

    Args:
        rules: the rules.
        tables: candidates, evidence and the guide's tables.
        served: names of the models that this service serves now.
        measured: figures of those models.
    """

    def __init__(
        self,
        rules: Ruleset,
        tables: Library,
        served: Collection[str] = (),
        measured: Sequence[d.Measurement] = (),
    ) -> None:
        self.engine = Engine(rules)
        self._analyst = Analyst(self.engine)
        self._tables = tables
        self._served = frozenset(served)
        self._measured = list(measured)

    def recommend(self, facts: Facts) -> d.Decision:
        """Which approach to take, and all reasons for it."""
        masks = self.engine.space.fact_mask(facts)
        resolution = self.engine.resolve(masks)
        outcome = self.engine.outcome(masks)
        missing = self._missing(masks, facts)
        robustness = self._robustness(masks, facts)
        chosen = candidates.ranked(self._tables, facts, outcome, resolution)
        unmet = trace.unmet(resolution)
        unmet += latency.unmet([entry.data for entry in chosen], facts)
        gaps = candidates.gaps(self._tables, facts)
        return d.Decision(
            verdict=outcome.verdict,
            strategy=outcome.strategy,
            summary=sentences.summary(
                outcome,
                resolution,
                [*candidates.cautions(self._tables, facts), *(entry.gap for entry in gaps)],
                [need.need for need in unmet],
                list(self._decisive(masks)),
                robustness,
            ),
            candidates=candidates.candidates(self._tables, self._served, facts, chosen, resolution),
            contested=resolution.contested,
            runner_up=resolution.runner_up,
            guide_gap="; ".join([*_decided_in_a_gap(resolution), *(e.gap for e in gaps)]) or None,
            practice=[entry.practice for entry in gaps],
            bears_on_it=[
                *latency.crossed(resolution, facts),
                *bearing.notes(self._tables, facts),
            ],
            rules=trace.rules(self.engine, masks, facts, resolution),
            conflicts=trace.conflicts(resolution),
            assumptions=trace.assumptions(masks, resolution),
            missing_facts=missing,
            robustness=robustness,
            counterfactuals=self._counterfactuals(masks, facts, EVERYTHING),
            counterfactuals_same_problem=self._counterfactuals(masks, facts, CIRCUMSTANCES),
            unmet=unmet,
            comparison=candidates.comparison(self._tables, resolution),
            evidence=candidates.evidence(self._tables, facts, resolution),
            measured=self._measured,
            ruleset_version=self.engine.rules.version,
            decision_id=_identity(facts, self.engine.rules.version),
        )

    def _missing(self, masks: FactMask, facts: Facts) -> list[d.MissingFact]:
        now = self.engine.outcome(masks)
        return [
            d.MissingFact(
                fact=NAMES[missing.fact],
                would_change_verdict=any(o.verdict != now.verdict for _, o in missing.changes),
                how=sentences.how(alternatives, now),
                outcomes=alternatives,
            )
            for missing in self._analyst.missing(masks)
            if (alternatives := list(self._alternatives(missing, facts)))
        ]

    def _decisive(self, masks: FactMask) -> Iterator[sentences.Decisive]:
        """Each unknown fact that can flip the verdict, with all values that do."""
        now = self.engine.outcome(masks).verdict
        for missing in self._analyst.missing(masks):
            for verdict in dict.fromkeys(o.verdict for _, o in missing.changes):
                if verdict != now:
                    buckets = [
                        self._analyst.bucket(Move(missing.fact, bucket))
                        for bucket, outcome in missing.changes
                        if outcome.verdict == verdict
                    ]
                    when = sentences.values(buckets)
                    yield sentences.Decisive(NAMES[missing.fact], when, verdict)

    def _alternatives(self, missing: Missing, facts: Facts) -> Iterator[d.Alternative]:
        for outcome in dict.fromkeys(outcome for _, outcome in missing.changes):
            same = [Move(missing.fact, bucket) for bucket, o in missing.changes if o == outcome]
            (example,) = self._values(same[:1], facts).values()
            yield d.Alternative(
                when=sentences.values([self._analyst.bucket(move) for move in same]),
                example=example,
                verdict=outcome.verdict,
                contested=outcome.contested,
                strategy=outcome.strategy,
            )

    def _robustness(self, masks: FactMask, facts: Facts) -> d.Robustness:
        verdicts = self._analyst.verdicts(masks)
        robust = verdicts == {self.engine.outcome(masks).verdict}
        flips = () if robust else self._analyst.flips(masks, self._analyst.unknown(masks))
        return d.Robustness(
            robust=robust,
            possible_verdicts=sorted(verdicts),
            smallest_flip=self._values(flips[0].moves, facts) if flips else None,
        )

    def _counterfactuals(
        self, masks: FactMask, facts: Facts, movable: tuple[int, ...]
    ) -> list[d.Counterfactual]:
        flips = self._analyst.flips(masks, movable)
        # A change of circumstances is more useful to know than a change of the problem.
        nearby = sorted(flips, key=lambda f: any(m.fact not in CIRCUMSTANCES for m in f.moves))
        return [
            d.Counterfactual(
                change=self._values(flip.moves, facts),
                was={NAMES[m.fact]: getattr(facts, NAMES[m.fact]) for m in flip.moves},
                verdict=flip.outcome.verdict,
                contested=flip.outcome.contested,
            )
            for flip in nearby
        ]

    def _values(self, moves: Sequence[Move], facts: Facts) -> dict[str, Any]:
        """The value in each bucket nearest to the stated one; labels never exceed rows."""
        values = {
            NAMES[m.fact]: self._analyst.bucket(m).nearest(getattr(facts, NAMES[m.fact]))
            for m in moves
        }
        rows, labelled = (values.get(name, getattr(facts, name)) for name in COUNTS)
        if rows is not None and labelled is not None and labelled > rows:
            # Both counts lie in the same bucket, so either can take the value of the other.
            if COUNTS[0] in values:
                values[COUNTS[0]] = labelled
            else:
                values[COUNTS[1]] = rows
        return values


@lru_cache(maxsize=1)
def adviser() -> Adviser:
    """An adviser with the rules of this package and no served models."""
    return Adviser(ruleset(), library())


def _decided_in_a_gap(resolution: Resolution) -> list[str]:
    gap = resolution.decider.data.gap if resolution.decider else None
    return [gap] if gap else []


def _identity(facts: Facts, version: str) -> str:
    canonical = json.dumps([facts.known(), version], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
