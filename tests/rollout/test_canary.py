"""The candidate answers a share of the requests, and both versions are counted."""

from __future__ import annotations

import asyncio
import random

import numpy as np
import pytest

from contract.batch import Batch
from service.errors import InvalidError, ModelError
from service.rollout.trial import Trial
from tests.rollout.test_shadow import nan, raising
from tests.rollout.trials import Predict, Trials, digits, images, served


def answered(trial: Trial, requests: int) -> list[str]:
    """The versions that answer so many requests, one after the other."""

    async def talk() -> list[str]:
        found = []
        for i in range(requests):
            version = trial.choose()
            found.append(version.version)
            try:
                await version.infer(images([i % 10]))
            except (InvalidError, ModelError):
                continue
        await asyncio.sleep(0.05)  # until they are counted
        return found

    return asyncio.run(talk())


def test_the_candidate_gets_its_share_and_both_are_counted() -> None:
    trials = Trials()
    draw = random.Random(1).random
    trial = trials.trial(served("1", digits), served("2", digits), "canary", share=0.3, draw=draw)
    found = answered(trial, 2000)
    # Four standard deviations.
    assert abs(found.count("2") - 600) < 4 * np.sqrt(2000 * 0.3 * 0.7)
    report = trial.report()
    assert report.totals.candidate.requests == report.totals.candidate.rows == found.count("2")
    assert report.totals.stable.requests == found.count("1")
    assert report.totals.dropped == 0
    errors, latency, confidence, labels = report.measures
    assert errors.interval.value == 0
    assert 0.5 < latency.interval.value < 2
    assert confidence.interval.value == pytest.approx(0, abs=1e-6)
    assert labels.interval.low == 0
    assert {measure.observations for measure in report.measures} == {found.count("2")}
    assert trials.metric(
        "requests_total", version="2", role="candidate", outcome="answered"
    ) == found.count("2")


@pytest.mark.parametrize("candidate", [raising, nan])
def test_a_candidate_that_fails_is_not_kept_on_trial(candidate: Predict) -> None:
    draw = random.Random(2).random
    trial = Trials().trial(
        served("1", digits),
        served("2", candidate),
        "canary",
        share=0.5,
        draw=draw,
    )
    found = answered(trial, 200)
    report = trial.report()
    assert report.totals.candidate.failed == found.count("2")
    assert report.totals.stable.failed == 0
    assert report.verdict.decision == "keep"
    assert report.verdict.reasons[0].startswith("the share of requests that fail is +100.00%")


def test_another_mix_of_labels_is_found() -> None:
    """The candidate calls everything 7."""

    def seven(batch: Batch) -> Batch:
        return Batch({**digits(batch).arrays, "label": np.full(len(batch), 7)})

    draw = random.Random(3).random
    trial = Trials().trial(served("1", digits), served("2", seven), "canary", share=0.5, draw=draw)
    answered(trial, 400)
    report = trial.report()
    assert report.verdict.decision == "keep"
    assert report.verdict.reasons[0].startswith('the share of label "7" changes most, by ')
    assert 0.8 < report.measures[-1].interval.value < 1


def test_a_client_that_leaves_is_no_failure() -> None:
    trial = Trials().trial(served("1", digits), served("2", digits), "canary", share=0.5)

    async def talk() -> None:
        asked = asyncio.ensure_future(trial.choose().infer(images([1])))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    asyncio.run(talk())
    assert trial.report().totals.candidate.requests == 0
