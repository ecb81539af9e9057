"""What would change the verdict: exact searches over the buckets, each answer run by the engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, product

from guide.engine import Engine, Outcome
from guide.facts import NAMES
from guide.rules import Verdict
from guide.space import Bucket, Point, bits, consistent, ordered

# What a person asks about; the rest are circumstances that can change while the problem stays.
PROBLEM = ("modalities", "task", "domain")
CIRCUMSTANCES = tuple(i for i, name in enumerate(NAMES) if name not in PROBLEM)
EVERYTHING = tuple(range(len(NAMES)))


@dataclass(frozen=True)
class Move:
    """One fact, by its index, set to one bucket."""

    fact: int
    bucket: int


@dataclass(frozen=True)
class Flip:
    """A set of moves after which the verdict is another."""

    moves: tuple[Move, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Missing:
    """An unknown fact and, for each bucket that would change something, the outcome there."""

    fact: int
    changes: tuple[tuple[int, Outcome], ...]


class Analyst:
    """Asks one engine. Its answers depend on the point alone, so they are remembered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._unknown = engine.space.unknown
        self._every_move = [
            [(bit, Move(fact, bit.bit_length() - 1)) for bit in bits(mask)]
            for fact, mask in enumerate(self._unknown)
        ]
        # Small on purpose: what is remembered is what every garbage collection walks over.
        self.flips = lru_cache(maxsize=512)(self._flips)
        self.missing = lru_cache(maxsize=256)(self._missing)
        self.verdicts = lru_cache(maxsize=256)(self._verdicts)
        self._relevant = lru_cache(maxsize=1024)(self._search)

    def unknown(self, point: Point) -> tuple[int, ...]:
        """The facts that were not stated and that some rule reads."""
        return tuple(
            fact
            for fact, mask in enumerate(point)
            if mask == self._unknown[fact] and mask & (mask - 1)
        )

    def bucket(self, move: Move) -> Bucket:
        """The values that a move stands for."""
        return self._engine.space.buckets[NAMES[move.fact]][move.bucket]

    def _missing(self, point: Point) -> tuple[Missing, ...]:
        """The unknown facts one of which, stated, changes verdict, contest or strategy."""
        now = self._engine.outcome(point)
        found = []
        for fact in self.unknown(point):
            changes = tuple(
                (move.bucket, outcome)
                for move in self._moves(point, fact)
                if (outcome := self._after(point, (move,))) is not None and outcome != now
            )
            if changes:
                found.append(Missing(fact, changes))
        undecided = now.verdict == "insufficient_information"

        def order(missing: Missing) -> tuple[bool, bool]:
            flips = any(outcome.verdict != now.verdict for _, outcome in missing.changes)
            # A person can say more of the circumstances than change the problem.
            return not flips, not undecided and missing.fact not in CIRCUMSTANCES

        return tuple(sorted(found, key=order))

    def _verdicts(self, point: Point) -> frozenset[Verdict]:
        """Every verdict that some completion of the unknown facts has."""
        # Facts of the first tiers vary fastest, so that all verdicts are soon seen.
        facts = self.relevant(point, self.unknown(point))[::-1]
        found: set[Verdict] = set()
        for completion in self._engine.space.completions(point, facts):
            found.add(self._engine.resolve(completion).verdict)
            if len(found) == len(self._possible):
                break
        return frozenset(found)

    @property
    def _possible(self) -> set[str]:
        return {f for voice in self._engine.voices for f in voice.clause.families}

    def _flips(self, point: Point, facts: tuple[int, ...]) -> tuple[Flip, ...]:
        """The smallest sets of moves of these facts that flip the verdict; all of one size."""
        relevant = self.relevant(point, facts)
        now = self._engine.outcome(point).verdict
        for size in range(1, len(relevant) + 1):
            found = [
                flip
                for chosen in combinations(sorted(relevant), size)
                for flip in self._flips_of(point, chosen, now)
            ]
            if found:
                return tuple(self._nearest(point, found))
        return ()

    def _flips_of(self, point: Point, facts: Sequence[int], now: Verdict) -> Iterator[Flip]:
        for moves in product(*(self._moves(point, fact) for fact in facts)):
            outcome = self._after(point, moves)
            if outcome is not None and outcome.verdict != now:
                yield Flip(moves, outcome)

    def _nearest(self, point: Point, flips: Sequence[Flip]) -> list[Flip]:
        """Of several ranges of a count on one side with the same verdict only the nearest."""
        best: dict[object, tuple[int, Flip]] = {}
        for flip in flips:
            key, distance = [], 0
            for move in flip.moves:
                here = point[move.fact]
                if not self.bucket(move).is_range or here == self._unknown[move.fact]:
                    key.append((move.fact, move.bucket))
                    continue
                steps = move.bucket - (here.bit_length() - 1)
                key.append((move.fact, -1 if steps < 0 else -2))
                distance += abs(steps)
            known = (tuple(key), flip.outcome.verdict)
            if known not in best or distance < best[known][0]:
                best[known] = (distance, flip)
        return [flip for _, flip in best.values()]

    def _moves(self, point: Point, fact: int) -> list[Move]:
        return [move for bit, move in self._every_move[fact] if bit != point[fact]]

    def _after(self, point: Point, moves: Sequence[Move]) -> Outcome | None:
        """The outcome after these moves; None where the counts would contradict each other."""
        masks = list(point)
        for move in moves:
            masks[move.fact] = 1 << move.bucket
        return self._engine.outcome(tuple(masks)) if consistent(masks) else None

    def relevant(self, point: Point, facts: Sequence[int]) -> tuple[int, ...]:
        """Those of these facts that can change the verdict, whatever values they take."""
        masks = list(point)
        for fact in facts:
            masks[fact] = self._unknown[fact]
        return self._relevant(ordered(masks), frozenset(facts))

    def _search(self, point: Point, free: frozenset[int]) -> tuple[int, ...]:
        """Read clauses in the order of tiers up to the first that surely fires for one family.

        What is heard after that one cannot change the verdict.
        """
        found: dict[int, None] = {}
        silent: set[str] = set()
        for voice in sorted(self._engine.voices, key=lambda v: v.rank):
            if voice.status(point) == "not_fired":
                silent.add(voice.name)
                continue
            read = self._engine.reads(voice) & free
            found.update(dict.fromkeys(sorted(read)))
            sure = not read and all(v.name in silent for v in self._engine.before(voice))
            if sure and len(voice.clause.families) == 1 and voice.status(point) == "fired":
                break
        return tuple(found)
