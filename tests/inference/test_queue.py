"""The queue of one model: what is taken in which order, and who is turned away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.batch import Batch
from service.errors import BusyError, DeadlineError
from service.inference.policy import BatchingPolicy
from service.inference.queue import Pending, Queue, Slice


def policy_of(batch: int = 4, seconds: float = 5) -> BatchingPolicy:
    """A full queue of ten rows takes a second to run."""
    return BatchingPolicy(
        max_batch_rows=batch,
        inline_rows=batch,
        max_waiting_rows=10,
        max_wait_seconds=seconds,
        row_seconds=0.1,
    )


POLICY = policy_of()


class Waiting:
    """A queue whose requests are named by the first pixel of their rows."""

    def __init__(self, policy: BatchingPolicy = POLICY) -> None:
        self.lost: list[tuple[str, int]] = []
        self.queue = Queue("echo", policy, lambda reason, rows: self.lost.append((reason, rows)))
        self.requests: dict[int, Pending] = {}

    def add(self, name: int, n: int = 2, since: float = 0.0) -> Pending:
        images = np.full((n, 2, 2), name, np.uint8)
        self.requests[name] = Pending(
            Batch({"images": images}), asyncio.get_running_loop().create_future(), since
        )
        self.queue.add(self.requests[name])
        return self.requests[name]

    def take(self, now: float = 0.1) -> list[int]:
        return names(self.queue.take(now))

    def refused(self, *expected: int) -> None:
        """Exactly these were told that the queue is full."""
        found = {name for name, r in self.requests.items() if r.future.done()}
        assert found == set(expected)
        for name in found:
            error = self.requests[name].future.exception()
            assert isinstance(error, BusyError)
            assert error.headers == {"retry-after": "1"}


def names(slices: list[Slice]) -> list[int]:
    return [int(image[0, 0]) for _, rows in slices for image in rows["images"]]


def run(talk: Callable[[], Awaitable[None]]) -> None:
    async def go() -> None:
        await talk()

    asyncio.run(go())


def test_in_order_while_everybody_is_served() -> None:
    async def talk() -> None:
        waiting = Waiting()
        for name in range(5):
            waiting.add(name)
        assert waiting.queue.rows == 10
        assert waiting.take() == [0, 0, 1, 1]
        assert waiting.take() == [2, 2, 3, 3]
        assert waiting.take() == [4, 4]
        assert not waiting.queue
        waiting.refused()

    run(talk)


def test_newest_first_when_more_comes_than_fits() -> None:
    """The oldest make room; whoever is served has just come."""

    async def talk() -> None:
        waiting = Waiting()
        for name in range(7):
            waiting.add(name)
        waiting.refused(0, 1)
        assert waiting.lost == [("full", 2), ("full", 2)]
        assert "2 rows do not fit: 10 wait for echo and at most 10 may" in str(
            waiting.requests[0].future.exception()
        )
        assert waiting.take() == [6, 6, 5, 5]
        assert waiting.queue.rows == 6

    run(talk)


def test_in_order_again_when_it_was_not_full_for_as_long_as_it_takes() -> None:
    async def talk() -> None:
        waiting = Waiting()
        for name in range(6):
            waiting.add(name, since=0.0)
        assert POLICY.full_seconds == 1.0
        assert waiting.take(0.5) == [5, 5, 4, 4]
        waiting.add(6, since=0.9)
        waiting.add(7, since=0.9)
        assert waiting.take(0.99) == [7, 7, 6, 6]
        waiting.add(8, since=1.0)
        assert waiting.take(1.01) == [1, 1, 2, 2]
        assert waiting.take(1.02) == [3, 3, 8, 8]
        waiting.refused(0)

    run(talk)


def test_a_burst_is_worked_off() -> None:
    """Newest first, but whoever fitted in gets an answer within the time of a full queue."""

    async def talk() -> None:
        waiting = Waiting()
        for name in range(7):
            waiting.add(name, since=0.0)
        taken = [waiting.take(0.4 * run) for run in range(1, 4)]
        assert taken == [[6, 6, 5, 5], [4, 4, 3, 3], [2, 2]]
        waiting.refused(0, 1)

    run(talk)


def test_nobody_of_a_lasting_crowd_waits_for_more_than_a_few_runs() -> None:
    async def talk() -> None:
        waiting = Waiting(policy_of(batch=1))
        for name in range(5):
            waiting.add(name, since=0.0)
        waiting.add(5, since=0.1)  # full for the first time
        waiting.add(6, since=0.7)
        assert waiting.take(0.9) == [6]
        waiting.refused(0, 1)
        waiting.add(7, since=1.0)  # full again; the crowd has lasted for longer than 1 s at 1.1
        assert waiting.take(1.15) == [6]
        waiting.refused(0, 1, 2, 3, 4, 5)
        assert "2 rows waited 1.1 s for echo while more came than it can run" in str(
            waiting.requests[4].future.exception()
        )
        assert waiting.take(1.2) == [7]

    run(talk)


def test_nobody_makes_way_for_a_smaller_request() -> None:
    async def talk() -> None:
        waiting = Waiting()
        large = waiting.add(1, n=12)  # more than the queue, but alone
        with pytest.raises(BusyError, match="1 rows do not fit: 12 wait for echo and at most 10"):
            waiting.add(2, n=1)
        assert not large.future.done()
        assert waiting.lost == [("full", 1)]
        assert waiting.take() == [1] * 4

    run(talk)


def test_a_request_that_is_begun_is_finished_first() -> None:
    """However much comes after it: what was run of it must not be lost."""

    async def talk() -> None:
        waiting = Waiting()
        waiting.add(1, n=6)
        assert waiting.take() == [1] * 4
        for name in range(2, 9):
            waiting.add(name)
        assert waiting.take() == [1, 1, 8, 8]
        waiting.refused(2, 3, 4)

    run(talk)


def test_nobody_is_pushed_out_in_vain() -> None:
    """Where the room they leave would not do, the newcomer is refused and they stay."""

    async def talk() -> None:
        waiting = Waiting()
        waiting.add(1, n=1)
        waiting.add(2, n=1)
        waiting.add(3, n=8)
        with pytest.raises(BusyError, match="6 rows do not fit: 10 wait"):
            waiting.add(4, n=6)
        with pytest.raises(BusyError, match="11 rows do not fit: 10 wait"):
            waiting.add(5, n=11)
        assert waiting.lost == [("full", 6), ("full", 11)]
        assert not any(waiting.requests[name].future.done() for name in (1, 2, 3))
        waiting.add(6, n=2)
        assert waiting.requests[1].future.done()
        assert waiting.requests[2].future.done()
        assert waiting.queue.rows == 10

    run(talk)


@pytest.mark.parametrize("crowded", [False, True])
def test_a_deadline_is_one_in_either_order(crowded: bool) -> None:
    async def talk() -> None:
        waiting = Waiting(policy_of(seconds=0.5))
        late = waiting.add(0, since=0.0)
        for name in range(1, 5):
            waiting.add(name, since=0.4)
        if crowded:
            with pytest.raises(BusyError):
                waiting.add(5, n=1, since=0.45)
        assert not late.future.done()
        assert waiting.take(0.6) == ([4, 4, 3, 3] if crowded else [1, 1, 2, 2])
        assert isinstance(late.future.exception(), DeadlineError)
        assert ("deadline", 2) in waiting.lost

    run(talk)


def test_who_left_is_not_taken() -> None:
    async def talk() -> None:
        waiting = Waiting()
        begun, second = waiting.add(1, n=6), waiting.add(2)
        waiting.take()
        waiting.queue.forget(begun)
        waiting.queue.forget(second)
        waiting.queue.forget(second)
        assert waiting.lost == [("cancelled", 2), ("cancelled", 2)]
        assert not waiting.queue
        assert waiting.queue.rows == 0
        assert waiting.take() == []

    run(talk)


@given(
    st.lists(st.tuples(st.integers(1, 7), st.booleans(), st.floats(0, 0.5)), max_size=40),
    st.integers(1, 6),
)
@settings(max_examples=100, deadline=None)
def test_rows_are_taken_or_refused_and_never_both(
    steps: list[tuple[int, bool, float]], batch: int
) -> None:
    async def talk() -> None:
        waiting = Waiting(policy_of(batch, seconds=2))
        now, given, taken = 0.0, 0, 0
        for name, (n, take, pause) in enumerate(steps):
            now += pause
            given += n
            try:
                waiting.add(name, n, now)
            except BusyError:
                del waiting.requests[name]
            if take:
                taken += len(waiting.take(now))
            assert waiting.queue.rows <= 10
        while waiting.queue:
            rows = waiting.take(now)
            assert len(rows) <= batch
            taken += len(rows)
        assert waiting.queue.rows == 0
        assert given == taken + sum(rows for _, rows in waiting.lost)
        for request in waiting.requests.values():
            assert not request.future.done() or request.future.exception() is not None

    run(talk)
