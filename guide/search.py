"""Exact searches over fact masks: the verdicts that are possible, and the smallest flips.

A walk visits the clauses in order of rank and, where a condition is open, splits the states of its
fact into those that meet it and the others, until one family is left. So it tries only what can
matter; the tests compare it with enumerations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from guide.engine import Engine, Outcome
from guide.resolution import CompiledClause
from guide.rules import FAMILIES, Family, Verdict
from guide.space import FactMask, consistent
from guide.states import PAIRED, PLACE, Move, States, Variables

# Of each variable the states that are left, as a bit mask.
Left = tuple[int, ...]
# A condition: variable, place in the masks of its states, mask, and whether it is an `unless`.
Test = tuple[int, int, int, bool]
_EVERY: frozenset[Family] = frozenset(FAMILIES)


@dataclass(frozen=True)
class Flip:
    """A set of moves that changes the verdict, and the outcome after them."""

    moves: tuple[Move, ...]
    outcome: Outcome


@dataclass(frozen=True)
class _Step:
    """A clause in order of rank: its tests, and those of the clauses that come before it."""

    tests: tuple[Test, ...]
    before: tuple[tuple[Test, ...], ...]
    families: frozenset[Family]


@dataclass(frozen=True)
class _Stand:
    """How far a walk has come."""

    step: int
    left: Left
    admissible: frozenset[Family] = _EVERY

    @property
    def verdict(self) -> Verdict:
        if len(self.admissible) > 1:
            return "insufficient_information"
        (family,) = self.admissible
        return family


class Search:
    """Searches with one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._variables = Variables(engine.space.unknown)
        steps = [
            _Step(
                _tests(clause),
                tuple(map(_tests, engine.before(clause))),
                frozenset(clause.data.families),
            )
            for clause in sorted(engine.clauses, key=lambda c: c.rank)
            # The others say how, and narrow nothing.
            if set(clause.data.families) != _EVERY
        ]
        self._steps, self._later = steps, _read_from_each(steps)
        self.single = lru_cache(maxsize=64)(self._single)

    def verdicts(self, masks: FactMask) -> frozenset[Verdict]:
        """The verdicts over all completions of these masks."""
        states = self._variables.completions(masks)
        return _Walk(self._steps, self._later, states).reach(_start(states))

    def smallest(self, masks: FactMask, movable: frozenset[int]) -> list[Flip]:
        """All smallest flips that move only these facts."""
        now = self._engine.outcome(masks).verdict
        # Most flips are of one move, and trying them all is faster than a walk.
        single = [f for f in self.single(masks) if f.outcome.verdict != now]
        if found := [flip for flip in single if flip.moves[0].fact in movable]:
            return found
        states = self._variables.movements(masks, movable)
        hunt = _Hunt(_Walk(self._steps, self._later, states), now)
        hunt.run(_start(states))
        return [self._flip(masks, moves) for moves in sorted(set(hunt.moves()))]

    def _single(self, masks: FactMask) -> tuple[Flip, ...]:
        """Every single move, whether it flips or not, with the outcome after it."""
        moves = [
            move
            for fact, mask in enumerate(masks)
            for move in self._variables.moves(fact, mask)
            if fact not in PAIRED
            or consistent((*masks[:fact], 1 << move.bucket, *masks[fact + 1 :]))
        ]
        after = self._engine.outcomes_after(masks, ((m.fact, 1 << m.bucket) for m in moves))
        return tuple([Flip((m,), outcome) for m, outcome in zip(moves, after, strict=True)])

    def _flip(self, masks: FactMask, moves: tuple[Move, ...]) -> Flip:
        changed = list(masks)
        for move in moves:
            changed[move.fact] = 1 << move.bucket
        return Flip(moves, self._engine.outcome(tuple(changed)))


class _Walk:
    """The clauses over the states of one search."""

    def __init__(
        self, steps: Sequence[_Step], later: Sequence[tuple[int, ...]], states: Sequence[States]
    ) -> None:
        self.states = states
        self._steps = steps
        self._later = later
        self._reached: dict[object, frozenset[Verdict]] = {}
        self._left: dict[object, bool] = {}

    def on(self, stand: _Stand) -> tuple[_Stand, tuple[_Stand, _Stand] | None]:
        """On to where a condition is open, with both parts, or to the end, with None."""
        step, left, admissible = stand.step, stand.left, stand.admissible
        while len(admissible) > 1 and step < len(self._steps):
            fires = self._fires(self._steps[step], left)
            if not isinstance(fires, bool):
                variable, met = fires
                here = _Stand(step, left, admissible)
                first = _Stand(step, _with(left, variable, met), admissible)
                rest = left[variable] & ~met
                return here, (first, _Stand(step, _with(left, variable, rest), admissible))
            if fires:
                admissible = admissible & self._steps[step].families or admissible
            step += 1
        return _Stand(step, left, admissible), None

    def reach(self, stand: _Stand) -> frozenset[Verdict]:
        """The verdicts of what is left."""
        stand, parts = self.on(stand)
        if parts is None:
            return frozenset({stand.verdict})
        key = self._key(stand)
        if key not in self._reached:
            self._reached[key] = self.reach(parts[0]) | self.reach(parts[1])
        return self._reached[key]

    def leaves(self, stand: _Stand, now: Verdict) -> bool:
        """Whether any verdict but this one can be reached."""
        stand, parts = self.on(stand)
        if parts is None:
            return stand.verdict != now
        key = self._key(stand)
        if key not in self._left:
            self._left[key] = self.leaves(parts[0], now) or self.leaves(parts[1], now)
        return self._left[key]

    def _key(self, stand: _Stand) -> object:
        # What later clauses do not read does not matter.
        left = tuple([stand.left[variable] for variable in self._later[stand.step]])
        return stand.step, stand.admissible, left

    def cost(self, left: Left) -> int:
        """The fewest moves to any of what is left."""
        return sum([0 if mask & 1 else s.cost(mask) for s, mask in zip(self.states, left)])  # noqa: B905

    def _fires(self, step: _Step, left: Left) -> tuple[int, int] | bool:
        """Whether the clause fires, or a variable and the states that split it."""
        fires = self._status(step.tests, left)
        if fires is not True:
            return fires
        for tests in step.before:
            earlier = self._status(tests, left)
            if earlier is True:
                return False
            if earlier is not False:
                return earlier
        return True

    def _status(self, tests: tuple[Test, ...], left: Left) -> tuple[int, int] | bool:
        split: tuple[int, int] | None = None
        for variable, place, mask, is_unless in tests:
            here = left[variable]
            met = self.states[variable].meeting(place, mask, is_unless) & here
            wanted = here & ~met if is_unless else met
            if not wanted:
                return False
            if split is None and wanted != here:
                split = (variable, wanted)
        return True if split is None else split


class _Hunt:
    """One search for flips: all walks with at most two moves, then three, until some flip."""

    def __init__(self, walk: _Walk, now: Verdict) -> None:
        self._walk = walk
        self._now = now
        self._found: list[Left] = []

    def run(self, start: _Stand) -> None:
        """Gather what is left at each end that flips with the fewest moves."""
        if not self._walk.leaves(start, self._now):
            return
        most = 1
        while not self._found:
            most += 1
            self._visit(start, most)

    def _visit(self, stand: _Stand, most: int) -> None:
        if self._walk.cost(stand.left) > most:
            return
        stand, parts = self._walk.on(stand)
        if parts is None:
            if stand.verdict != self._now:
                self._found.append(stand.left)
        elif self._walk.leaves(stand, self._now):
            for part in parts:
                self._visit(part, most)

    def moves(self) -> Iterator[tuple[Move, ...]]:
        """The sets of moves that were found."""
        for left in self._found:
            choices = [s.cheapest(mask) for s, mask in zip(self._walk.states, left, strict=True)]
            for chosen in product(*choices):
                yield tuple(sorted(move for state in chosen for move in state.moves))


def _tests(clause: CompiledClause) -> tuple[Test, ...]:
    when = [(*PLACE[fact], mask, False) for fact, mask in clause.when]
    return (*when, *((*PLACE[fact], mask, True) for fact, mask in clause.unless))


def _read_from_each(steps: Sequence[_Step]) -> list[tuple[int, ...]]:
    """The variables that the clauses from each step on read."""
    found: list[tuple[int, ...]] = []
    read: set[int] = set()
    for step in reversed(steps):
        read |= {test[0] for tests in (step.tests, *step.before) for test in tests}
        found.append(tuple(sorted(read)))
    return found[::-1]


def _start(states: Sequence[States]) -> _Stand:
    return _Stand(0, tuple(s.every for s in states))


def _with(left: Left, variable: int, mask: int) -> Left:
    return (*left[:variable], mask, *left[variable + 1 :])
