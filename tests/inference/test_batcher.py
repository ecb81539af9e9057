"""The micro-batcher, over a model that only remembers what it was asked."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.batch import Batch
from service.errors import BusyError, DeadlineError, UnavailableError
from service.inference.batcher import Batcher
from service.inference.policy import BatchingPolicy
from tests.faults import fault


def policy_of(
    batch: int, inline: int, waiting: int, seconds: float, row_seconds: float = 1e-4
) -> BatchingPolicy:
    """The policy of a model that answers a row in 0.1 ms, unless said."""
    return BatchingPolicy(
        max_batch_rows=batch,
        inline_rows=inline,
        max_waiting_rows=waiting,
        max_wait_seconds=seconds,
        row_seconds=row_seconds,
    )


POLICY = policy_of(batch=8, inline=8, waiting=32, seconds=5)


@dataclass
class Echo:
    """Answers each row with its first pixel; a row of 255 breaks the run it is in."""

    sizes: list[int] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    gate: threading.Event | None = None
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def predict(self, batch: Batch) -> Batch:
        self.sizes.append(len(batch))
        self.threads.add(threading.get_ident())
        self.begun.release()
        if self.gate is not None:
            assert self.gate.wait(5)
        first = batch["images"][:, 0, 0].astype(np.int64)
        if (first == 255).any():
            raise ValueError("poison")
        twice = np.repeat(first[:, None], 2, axis=1).astype(np.float32)
        return Batch({"label": first, "probabilities": twice})

    async def has_begun(self) -> None:
        """Wait until one more run is on its way."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=5)


@dataclass
class Log:
    """Remembers what it was told."""

    batches: list[tuple[int, int]] = field(default_factory=list)
    lost: dict[str, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
        assert seconds >= 0
        self.batches.append((rows, len(waited)))
        self.waits += waited

    def refused(self, reason: str, rows: int) -> None:
        self.lost[reason] = self.lost.get(reason, 0) + rows


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def batcher_of(
    model: Echo, policy: BatchingPolicy, pool: ThreadPoolExecutor, log: Log | None = None
) -> Batcher:
    return Batcher("echo", model, policy, pool, log or Log())


def rows(*values: int) -> Batch:
    images = np.zeros((len(values), 2, 2), np.uint8)
    images[:, 0, 0] = values
    return Batch({"images": images})


def labels(answer: Batch | BaseException) -> list[int]:
    assert isinstance(answer, Batch), answer
    assert answer["probabilities"][:, 0].tolist() == answer["label"].tolist()
    return [int(label) for label in answer["label"]]


async def turns(n: int = 5) -> None:
    """Let the loop take some turns: what was asked is queued, and what may run is begun."""
    for _ in range(n):
        await asyncio.sleep(0)


def run(talk: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(talk(), 10)

    asyncio.run(bounded())


def test_what_comes_in_one_turn_is_one_batch(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(), Log()

    async def talk() -> None:
        batcher = batcher_of(model, POLICY, pool, log)
        answers = await asyncio.gather(*(batcher.infer(rows(i, i + 100)) for i in range(4)))
        assert [labels(a) for a in answers] == [[i, i + 100] for i in range(4)]
        assert batcher.rows == 0

    run(talk)
    assert model.sizes == [8]
    assert log.batches == [(8, 4)]
    assert model.threads == {threading.get_ident()}


def test_an_idle_service_answers_at_once(pool: ThreadPoolExecutor) -> None:
    model = Echo()

    async def talk() -> None:
        batcher = batcher_of(model, POLICY, pool)
        for i in range(3):
            assert labels(await batcher.infer(rows(i))) == [i]

    run(talk)
    assert model.sizes == [1, 1, 1]


def test_a_large_request_is_cut_and_joined(pool: ThreadPoolExecutor) -> None:
    """And the small ones after it share its last batch."""
    model = Echo()

    async def talk() -> None:
        batcher = batcher_of(model, POLICY, pool)
        large, small = await asyncio.gather(
            batcher.infer(rows(*range(20))), batcher.infer(rows(77, 78))
        )
        assert labels(large) == list(range(20))
        assert labels(small) == [77, 78]

    run(talk)
    assert model.sizes == [8, 8, 6]


def test_a_batch_worth_a_thread_leaves_the_loop(pool: ThreadPoolExecutor) -> None:
    """And what comes meanwhile is the next batch."""
    model = Echo(gate=threading.Event())

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=8, inline=1, waiting=32, seconds=5), pool)
        first = asyncio.ensure_future(batcher.infer(rows(1, 2)))
        await model.has_begun()
        later = [asyncio.ensure_future(batcher.infer(rows(i))) for i in (3, 4, 5)]
        await turns()
        assert not first.done()
        assert model.gate is not None
        model.gate.set()
        assert labels(await first) == [1, 2]
        assert [labels(a) for a in await asyncio.gather(*later)] == [[3], [4], [5]]

    run(talk)
    assert model.sizes == [2, 3]
    assert threading.get_ident() not in model.threads


def test_a_full_next_batch_follows_at_once(pool: ThreadPoolExecutor) -> None:
    """The thread need not wait for the loop; what is not full yet gathers on."""
    model = Echo(gate=threading.Event())

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=4, inline=0, waiting=32, seconds=5), pool)
        asked = [asyncio.ensure_future(batcher.infer(rows(i, i + 1))) for i in (0, 10, 20)]
        await turns()
        assert batcher.rows == 2  # one batch runs, and the next is not full
        asked.append(asyncio.ensure_future(batcher.infer(rows(30, 31))))
        await turns()
        assert batcher.rows == 0  # one runs, one follows
        asked += [asyncio.ensure_future(batcher.infer(rows(i, i + 1, i + 2))) for i in (40, 50)]
        await turns()
        assert batcher.rows == 6  # and no third
        assert model.gate is not None
        model.gate.set()
        answers = [labels(answer) for answer in await asyncio.gather(*asked)]
        assert answers == [[0, 1], [10, 11], [20, 21], [30, 31], [40, 41, 42], [50, 51, 52]]

    run(talk)
    assert model.sizes == [4, 4, 4, 2]


@pytest.mark.parametrize("inline", [8, 0])
def test_an_error_of_who_counts_is_no_hang(pool: ThreadPoolExecutor, inline: int) -> None:
    class Broken(Log):
        def batch(self, rows: int, waited: Sequence[float], seconds: float) -> None:
            raise OSError("disk full")

    async def talk() -> None:
        batcher = batcher_of(Echo(), policy_of(8, inline, 32, 5), pool, Broken())
        asked = [batcher.infer(rows(1)), batcher.infer(rows(2))]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(one, OSError) for one in found)
        assert batcher.rows == 0

    run(talk)


def test_a_burst_on_a_fast_model_is_worked_off(pool: ThreadPoolExecutor) -> None:
    """Though it takes longer to read than to run: 32 of 60 requests fit."""

    async def talk() -> None:
        policy = policy_of(batch=256, inline=2000, waiting=2048, seconds=5, row_seconds=4e-7)
        batcher = batcher_of(Echo(), policy, pool)

        async def one(name: int) -> Batch:
            until = time.perf_counter() + 0.00015
            while time.perf_counter() < until:
                pass
            return await batcher.infer(rows(*[name] * 64))

        found = await asyncio.gather(*map(one, range(60)), return_exceptions=True)
        assert sum(isinstance(answer, Batch) for answer in found) == 32

    run(talk)


@pytest.mark.parametrize("inline", [8, 1])
def test_one_bad_request_never_fails_its_neighbours(pool: ThreadPoolExecutor, inline: int) -> None:
    log = Log()

    async def talk() -> None:
        batcher = batcher_of(Echo(), policy_of(8, inline, 32, 5), pool, log)
        good, bad, other = await asyncio.gather(
            batcher.infer(rows(1)), batcher.infer(rows(255)), batcher.infer(rows(2)),
            return_exceptions=True,
        )  # fmt: skip
        assert (labels(good), labels(other)) == ([1], [2])
        assert isinstance(bad, ValueError)
        assert batcher.rows == 0

    run(talk)
    assert log.lost == {"failed": 1}


def test_a_request_that_fails_in_part_fails_whole(pool: ThreadPoolExecutor) -> None:
    async def talk() -> None:
        batcher = batcher_of(Echo(), POLICY, pool)
        bad, good = await asyncio.gather(
            batcher.infer(rows(*range(8), 255, 9)), batcher.infer(rows(*range(30, 40))),
            return_exceptions=True,
        )  # fmt: skip
        assert isinstance(bad, ValueError)
        assert labels(good) == list(range(30, 40))
        assert batcher.rows == 0

    run(talk)


@fault("overload")
def test_a_full_queue_says_when_to_come_back(pool: ThreadPoolExecutor) -> None:
    log = Log()

    async def talk() -> None:
        batcher = batcher_of(Echo(), policy_of(batch=8, inline=8, waiting=10, seconds=5), pool, log)
        answers = await asyncio.gather(
            batcher.infer(rows(*range(12))),  # more than the queue, but alone
            batcher.infer(rows(1)),
            return_exceptions=True,
        )
        assert labels(answers[0]) == list(range(12))
        refused = answers[1]
        assert isinstance(refused, BusyError)
        assert (refused.status, refused.headers) == (503, {"retry-after": "1"})
        assert "1 rows do not fit: 12 wait for echo and at most 10 may" in str(refused)
        assert labels(await batcher.infer(rows(1))) == [1]

    run(talk)
    assert log.lost == {"full": 1}


@fault("deadline")
def test_a_request_fails_at_its_deadline_though_a_run_goes_on(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(
            model, policy_of(batch=8, inline=0, waiting=32, seconds=0.2), pool, log
        )
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        late = asyncio.ensure_future(batcher.infer(rows(2, 3)))
        for request, end in ((first, "send fewer rows"), (late, "they were not run")):
            with pytest.raises(DeadlineError, match=rf"waited more than 0\.2 s for echo; {end}"):
                await request
        assert batcher.rows == 0
        assert model.gate is not None
        model.gate.set()
        assert labels(await batcher.infer(rows(4))) == [4]

    run(talk)
    assert model.sizes == [1, 1]  # the late one was not run
    assert log.lost == {"deadline": 3}


@fault("deadline")
def test_a_batch_that_waits_for_the_thread_is_not_run_for_nobody(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=2, inline=0, waiting=9, seconds=5), pool, log)
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        gone, stays = (asyncio.ensure_future(batcher.infer(rows(i))) for i in (2, 3))
        await turns()  # both are in the next batch, which the thread has already
        assert batcher.rows == 0
        gone.cancel()
        assert model.gate is not None
        model.gate.set()
        assert [labels(await one) for one in (first, stays)] == [[1], [3]]

    run(talk)
    assert model.sizes == [1, 1]


def test_a_client_that_leaves_frees_its_rows(pool: ThreadPoolExecutor) -> None:
    model, log = Echo(gate=threading.Event()), Log()

    async def talk() -> None:
        batcher = batcher_of(model, policy_of(batch=8, inline=0, waiting=32, seconds=5), pool, log)
        first = asyncio.ensure_future(batcher.infer(rows(1)))
        await model.has_begun()
        gone = asyncio.ensure_future(batcher.infer(rows(2, 3, 4)))
        stays = asyncio.ensure_future(batcher.infer(rows(5)))
        await turns()
        assert batcher.rows == 4
        gone.cancel()
        await asyncio.sleep(0)
        assert batcher.rows == 1
        first.cancel()  # it runs already: its rows are lost, nobody else's
        assert model.gate is not None
        model.gate.set()
        assert labels(await stays) == [5]

    run(talk)
    assert model.sizes == [1, 1]
    assert log.lost == {"cancelled": 3}


def test_a_pool_that_closes_is_no_hang() -> None:
    async def talk() -> None:
        closed = ThreadPoolExecutor(1)
        batcher = batcher_of(Echo(), policy_of(batch=8, inline=0, waiting=32, seconds=5), closed)
        closed.shutdown()
        with pytest.raises(UnavailableError, match="the service is stopping"):
            await batcher.infer(rows(1))

    run(talk)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=12), st.integers(1, 9), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_every_row_gets_its_own_answer(sizes: list[int], batch: int, inline: int) -> None:
    """Whatever the sizes, the largest batch and the thread."""
    model, log = Echo(), Log()

    async def talk() -> None:
        with ThreadPoolExecutor(1) as pool:
            batcher = batcher_of(model, policy_of(batch, inline, 1000, 5), pool, log)
            asked = [rows(*((7 * i + j) % 251 for j in range(n))) for i, n in enumerate(sizes)]
            answers = await asyncio.gather(*map(batcher.infer, asked))
            for asked_rows, answer in zip(asked, answers, strict=True):
                assert labels(answer) == asked_rows["images"][:, 0, 0].tolist()

    run(talk)
    assert sum(model.sizes) == sum(sizes)
    assert max(model.sizes) <= batch
    assert len(model.sizes) == -(-sum(sizes) // batch)
    assert sum(n for n, _ in log.batches) == sum(sizes)
