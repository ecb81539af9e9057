"""Which requests the micro-batcher runs together, and whose errors they share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.batch import Batch
from tests.inference.batching import (
    POLICY,
    Echo,
    Log,
    batcher_of,
    labels,
    policy_of,
    rows,
    run,
    turns,
)


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
    """And the small ones after it share its last batch; each has waited once."""
    model, log = Echo(), Log()

    async def talk() -> None:
        batcher = batcher_of(model, POLICY, pool, log)
        large, small = await asyncio.gather(
            batcher.infer(rows(*range(20))), batcher.infer(rows(77, 78))
        )
        assert labels(large) == list(range(20))
        assert labels(small) == [77, 78]

    run(talk)
    assert model.sizes == [8, 8, 6]
    assert log.batches == [(8, 1), (8, 0), (6, 1)]


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
