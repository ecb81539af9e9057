"""The candidate answers in the background, and whatever it does, live requests do not notice."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.batch import Batch
from service.errors import InvalidError, ModelError
from service.rollout.shadow import MOST_REQUESTS
from service.rollout.trial import Trial
from tests.faults import fault
from tests.rollout.trials import Trials, digits, images, served, until


def answered(trial: Trial, requests: int, rows: int = 1) -> list[Batch]:
    """What so many requests are answered, once the shadow has caught up."""

    async def talk() -> list[Batch]:
        found = []
        for i in range(requests):
            before = trial.report().totals
            found.append(await trial.choose().infer(images(range(i, i + rows))))
            await until(lambda: _seen(trial) > before.candidate.requests + before.dropped)  # noqa: B023
        return found

    return asyncio.run(talk())


def _seen(trial: Trial) -> int:
    totals = trial.report().totals
    return totals.candidate.requests + totals.dropped


def test_equal_versions_agree() -> None:
    trials = Trials()
    trial = trials.trial(served("1", digits), served("2", digits))
    found = answered(trial, 30, rows=3)
    assert [one["label"].tolist() for one in found[:2]] == [[0, 1, 2], [1, 2, 3]]
    report = trial.report()
    assert report.totals.stable.requests == report.totals.candidate.requests == 30
    assert report.totals.stable.rows == report.totals.rows == report.totals.same == 90
    assert report.totals.dropped == report.totals.candidate.failed == 0
    agreement, errors, _, confidence = report.measures
    assert agreement.interval.value == 1
    assert errors.interval.value == 0
    assert confidence.interval.value == pytest.approx(0, abs=1e-6)
    assert trials.metric("requests_total", version="2", role="candidate", outcome="answered") == 30
    pair = {"stable": "1", "candidate": "2"}
    assert trials.metric("rows_total", **pair, answer="same") == 90
    assert trials.metric("rows_total", **pair, answer="other") == 0
    assert trials.metric("verdict", **pair) == 0


def test_other_answers_are_counted_and_not_given() -> None:
    trials = Trials()
    trial = trials.trial(served("1", digits), served("2", lambda batch: digits(batch, shift=1)))
    found = answered(trial, 80)
    assert [one["label"][0] for one in found] == [i % 10 for i in range(80)]
    report = trial.report()
    assert report.totals.same == 0
    assert report.measures[0].interval.value == 0
    assert report.verdict.decision == "keep"
    assert report.measures[3].interval.value == pytest.approx(0.1 / 9 - 0.9, abs=1e-4)
    assert trials.metric("verdict", stable="1", candidate="2") == -1


def raising(batch: Batch) -> Batch:
    raise InvalidError("an index beyond a table")


def broken(batch: Batch) -> Batch:
    raise RuntimeError("out of memory")


def nan(batch: Batch) -> Batch:
    outputs = digits(batch)
    outputs["probabilities"][:] = np.nan
    return outputs


def strange(batch: Batch) -> Batch:
    return Batch({**digits(batch).arrays, "label": np.full(len(batch), 77)})


@fault("bad-candidate")
@pytest.mark.parametrize("candidate", [raising, broken, nan, strange])
def test_a_candidate_without_an_answer_only_counts(candidate: Callable[[Batch], Batch]) -> None:
    trials = Trials()
    trial = trials.trial(served("1", digits), served("2", candidate))
    found = answered(trial, 25)
    assert [one["label"][0] for one in found] == [i % 10 for i in range(25)]
    report = trial.report()
    assert report.totals.candidate.failed == 25
    assert report.totals.rows == 0
    assert report.verdict.decision == "keep"
    assert report.verdict.reasons[0].startswith("the share of requests that fail is +100.00%")
    assert trials.metric("requests_total", version="2", role="candidate", outcome="failed") == 25


def test_rows_that_the_stable_version_cannot_answer_are_left_out() -> None:
    trial = Trials().trial(served("1", nan), served("2", digits))

    async def talk() -> None:
        with pytest.raises(ModelError):
            await trial.choose().infer(images([1]))
        await asyncio.sleep(0.05)

    asyncio.run(talk())
    assert trial.report().totals.stable.requests == 1
    assert trial.report().totals.candidate.requests == 0


def test_a_failure_of_the_stable_version_is_not_copied() -> None:
    trial = Trials().trial(served("1", raising), served("2", digits))

    async def talk() -> None:
        with pytest.raises(InvalidError):
            await trial.choose().infer(images([1]))
        await asyncio.sleep(0.05)

    asyncio.run(talk())
    totals = trial.report().totals
    assert (totals.stable.requests, totals.stable.failed, totals.candidate.requests) == (1, 1, 0)


@fault("bad-candidate")
def test_a_slow_candidate_delays_nothing_and_is_left_out_when_it_is_busy() -> None:
    """It hangs in its first answer; the requests beyond those that may wait are dropped."""
    gate = threading.Event()

    def slow(batch: Batch) -> Batch:
        assert gate.wait(30)
        return digits(batch)

    trial = Trials().trial(served("1", digits), served("2", slow))

    async def talk() -> None:
        started = time.perf_counter()
        for i in range(MOST_REQUESTS + 11):
            # More rows than run on the event loop, so that it hangs on its own thread.
            outputs = await trial.choose().infer(images(range(i, i + 20)))
            assert outputs["label"][0] == i % 10
            if i == 0:
                await asyncio.sleep(0.01)  # the first is taken
        assert time.perf_counter() - started < 10
        assert trial.report().totals.dropped == 10
        assert trial.report().totals.candidate.requests == 0
        gate.set()
        await until(lambda: trial.report().totals.candidate.requests > 0)

    asyncio.run(talk())


def test_the_shadow_takes_a_tenth_of_the_time() -> None:
    """It rests after each copy: six of 20 ms take more than five times 200 ms."""

    def slow(batch: Batch) -> Batch:
        time.sleep(0.02)
        return digits(batch)

    trial = Trials().trial(served("1", digits), served("2", slow))

    async def talk() -> float:
        started = time.perf_counter()
        for i in range(6):
            await trial.choose().infer(images([i]))
        await until(lambda: trial.report().totals.candidate.requests == 6)
        return time.perf_counter() - started

    assert asyncio.run(talk()) > 5 * 0.2


def test_only_a_share_is_copied() -> None:
    draws = iter([0.1, 0.6, 0.29, 0.3, 0.9])
    trial = Trials().trial(
        served("1", digits), served("2", digits), draw=lambda: next(draws), share=0.3
    )

    async def talk() -> None:
        for i in range(5):
            await trial.choose().infer(images([i]))
        await until(lambda: trial.report().totals.candidate.requests == 2)

    asyncio.run(talk())
    assert trial.report().totals.stable.requests == 5


def test_requests_that_name_a_version_do_not_count() -> None:
    stable, candidate = served("1", digits), served("2", digits)
    trial = Trials().trial(stable, candidate)

    async def talk() -> None:
        await stable.infer(images([1]))
        await candidate.infer(images([1]))
        await asyncio.sleep(0.05)

    asyncio.run(talk())
    totals = trial.report().totals
    assert (totals.stable.requests, totals.candidate.requests) == (0, 0)


def test_a_new_verdict_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """While requests come, though nobody asks for it."""
    trials = Trials()
    trial = trials.trial(served("1", digits), served("2", lambda batch: digits(batch, shift=1)))
    with caplog.at_level(logging.INFO, "service.rollout"):
        answered(trial, 40)
        assert caplog.records == []
        trial._judged -= 60  # as if a minute had passed
        answered(trial, 1)
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "rollout of model alpha version 2: keep, since version 2 gives the same answer as version "
    )


def test_workers_count_together_and_a_killed_one_stays(tmp_path: Path) -> None:
    """The files of a worker that is gone are read by the others."""
    trials = Trials(tmp_path)

    def trial(worker: str, **fields: Any) -> Trial:
        return trials.trial(served("1", digits), served("2", digits), worker=worker, **fields)

    first, second = trial("1"), trial("2")
    answered(first, 3)
    del first
    answered(second, 4)
    totals = second.report().totals
    assert totals.stable.requests == totals.candidate.requests == totals.rows == 7
    assert second.report().measures[0].observations == 7
    assert trial("3").report().totals == totals
    assert trial("1", alpha=0.01).report().totals.rows == 0  # another rollout begins anew
