"""Whether to promote the candidate of a rollout, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contract.rollout import ROLLOUT_FILE, Rollout
from service.rollout.measures import Measure

Decision = Literal["promote", "keep", "undecided"]
# What the metric shows.
NUMBERS: dict[Decision, int] = {"promote": 1, "undecided": 0, "keep": -1}


@dataclass(frozen=True)
class Verdict:
    """The decision, a sentence for each reason, and what to do about it."""

    decision: Decision
    reasons: list[str]
    how: str


def verdict_of(rollout: Rollout, name: str, highest: int, measures: Sequence[Measure]) -> Verdict:
    """The verdict by the conditions of a rollout.

    The candidate is to be promoted when every condition is met for certain, and the stable version
    kept as soon as one is broken for certain.

    Args:
        name: of the model.
        highest: its highest version.
    """
    conditions = [one for one in measures if one.state != "not a condition"]
    broken = [one.sentence for one in conditions if one.state == "broken"]
    unsure = [one.sentence for one in conditions if one.state == "open"]
    if broken:
        return Verdict("keep", broken, _keep(rollout, name))
    if unsure:
        return Verdict("undecided", unsure, _wait(rollout))
    return Verdict(
        "promote", [one.sentence for one in conditions], _promote(rollout, name, highest)
    )


def _promote(rollout: Rollout, name: str, highest: int) -> str:
    load = f"POST /v2/repository/models/{name}/load"
    if int(rollout.candidate) == highest:
        return (
            f"to promote version {rollout.candidate}, remove {ROLLOUT_FILE} from the folder of "
            f"model {name}, then {load}; nothing is promoted by itself"
        )
    return (
        f"to promote version {rollout.candidate}, remove {ROLLOUT_FILE} and every version above "
        f"{rollout.candidate} from the folder of model {name}, then {load}; nothing is promoted by "
        "itself"
    )


def _keep(rollout: Rollout, name: str) -> str:
    return (
        f"to end the rollout, remove {ROLLOUT_FILE} and version {rollout.candidate} together from "
        f"the folder of model {name}, then POST /v2/repository/models/{name}/load"
    )


def _wait(rollout: Rollout) -> str:
    return f"version {rollout.stable} answers on; wait for more requests, and ask again at any time"
