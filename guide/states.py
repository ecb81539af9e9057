"""The states of each variable of a search: what a fact may be, and the moves that it takes.

A variable is one fact, or both counts, because each bounds the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from guide.facts import COUNTS, NAMES
from guide.space import FactMask, bits, consistent, ordered

_ROWS, _LABELLED = (NAMES.index(name) for name in COUNTS)
PAIRED = frozenset((_ROWS, _LABELLED))
VARIABLES: tuple[tuple[int, ...], ...] = (
    (_ROWS, _LABELLED),
    *((fact,) for fact in range(len(NAMES)) if fact not in PAIRED),
)
# Of each fact its variable, and its place in it.
PLACE = {
    fact: (variable, place)
    for variable, facts in enumerate(VARIABLES)
    for place, fact in enumerate(facts)
}


@dataclass(frozen=True, order=True)
class Move:
    """One fact, by its index, set to one bucket."""

    fact: int
    bucket: int


@dataclass(frozen=True)
class State:
    """The masks that conditions read, and the moves that lead here."""

    masks: tuple[int, ...]
    moves: tuple[Move, ...] = ()


class States:
    """The states of one variable. Sets of them are bit masks; what was asked is remembered."""

    def __init__(self, states: tuple[State, ...], unknown: tuple[int, ...]) -> None:
        self.states = states
        self.every = (1 << len(states)) - 1
        self._unknown = unknown
        self._met: dict[tuple[int, int, bool], int] = {}
        self._cheapest: dict[int, tuple[State, ...]] = {}

    def meeting(self, place: int, mask: int, is_unless: bool) -> int:
        """The states that surely meet a condition; as an `unless`, an unknown fact meets none."""
        key = (place, mask, is_unless)
        if key not in self._met:
            found = 0
            for index, state in enumerate(self.states):
                value = state.masks[place]
                if not value & ~mask and not (is_unless and value == self._unknown[place]):
                    found |= 1 << index
            self._met[key] = found
        return self._met[key]

    def cheapest(self, left: int) -> tuple[State, ...]:
        """Of these states the ones with the fewest moves."""
        if left not in self._cheapest:
            found = [self.states[bit.bit_length() - 1] for bit in bits(left)]
            fewest = min(len(state.moves) for state in found)
            self._cheapest[left] = tuple(s for s in found if len(s.moves) == fewest)
        return self._cheapest[left]

    def cost(self, left: int) -> int:
        """The fewest moves to one of these states; the first is to stay."""
        return 0 if left & 1 else len(self.cheapest(left)[0].moves)


class Variables:
    """Makes the states of each variable, and keeps them: they depend on its own masks alone."""

    def __init__(self, unknown: FactMask) -> None:
        self._unknown = unknown
        self._every_move = [
            [(bit, Move(fact, bit.bit_length() - 1)) for bit in bits(mask)]
            for fact, mask in enumerate(unknown)
        ]
        self._made = lru_cache(maxsize=2**12)(self._make)

    def moves(self, fact: int, mask: int) -> list[Move]:
        """The buckets of a fact other than the stated one."""
        return [move for bit, move in self._every_move[fact] if bit != mask]

    def completions(self, masks: FactMask) -> list[States]:
        """Each value that a fact may have."""
        return [self._made(i, tuple(masks[f] for f in v), None) for i, v in enumerate(VARIABLES)]

    def movements(self, masks: FactMask, movable: frozenset[int]) -> list[States]:
        """To stay as it is, then every move of a movable fact."""
        return [
            self._made(i, tuple(masks[f] for f in v), tuple(f for f in v if f in movable))
            for i, v in enumerate(VARIABLES)
        ]

    def _make(
        self, variable: int, masks: tuple[int, ...], movable: tuple[int, ...] | None
    ) -> States:
        facts = VARIABLES[variable]
        choices: list[list[tuple[int, tuple[Move, ...]]]] = []
        for fact, mask in zip(facts, masks, strict=True):
            if movable is None:
                choices.append([(bit, ()) for bit in bits(mask)])
                continue
            moves = self.moves(fact, mask) if fact in movable else []
            choices.append([(mask, ()), *((1 << move.bucket, (move,)) for move in moves)])
        found = [
            State(tuple(mask for mask, _ in chosen), tuple(m for _, made in chosen for m in made))
            for chosen in product(*choices)
        ]
        if len(facts) > 1:
            found = [s for state in found for s in self._narrowed(state)]
        return States(tuple(found), tuple(self._unknown[fact] for fact in facts))

    def _narrowed(self, state: State) -> list[State]:
        """The state of both counts, each narrowed by the other; none if they contradict."""
        masks = list(self._unknown)
        masks[_ROWS], masks[_LABELLED] = state.masks
        if not consistent(masks):
            return []
        narrowed = ordered(masks)
        return [State((narrowed[_ROWS], narrowed[_LABELLED]), state.moves)]
