"""What a model's rollout.json means for the versions that were loaded."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from contract.errors import RolloutError
from contract.manifest import Manifest
from contract.rollout import (
    ROLLOUT_FILE,
    Rollout,
    VerifyRollout,
    parse_rollout,
    read_rollout,
    require_signature,
    stable_named,
)
from service.selection import Selection

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """A rollout.json, as far as it can be carried out.

    Attributes:
        stable: the version that answers requests that name none; None for the highest.
        rollout: what is carried out; None if the file is wrong.
        fault: what is wrong with the file, in one sentence; empty if nothing is.
    """

    stable: int | None
    rollout: Rollout | None
    fault: str = ""


def plans_of(
    root: Path,
    served: Mapping[str, Mapping[int, Manifest]],
    refused: Mapping[str, Mapping[int, str]],
    selection: Selection,
    verify: VerifyRollout | None = None,
) -> dict[str, Plan]:
    """The plan of each model that has one; what is wrong with a file is logged.

    Args:
        root: the repository.
        served: the manifests of the loaded versions, by name and number.
        refused: why versions were refused, by name and number.
        selection: versions that were left out.
        verify: checks the signature of each file.
    """
    plans = {}
    for name, versions in served.items():
        refusals = refused.get(name, {})
        rejected = {int(r.version): r.reason for r in selection.rejected if r.name == name}
        plan = plan_of(root / name, versions, {**refusals, **rejected}, verify)
        if plan is None:
            continue
        if plan.stable not in {*versions, *refusals}:  # left out, so it cannot answer
            plan = replace(plan, stable=None)
        if plan.fault:
            logger.error("model %s: %s", name, plan.fault)
        plans[name] = plan
    return plans


def plan_of(
    folder: Path,
    served: Mapping[int, Manifest],
    refused: Mapping[int, str],
    verify: VerifyRollout | None = None,
) -> Plan | None:
    """The plan for one model; None if it has no rollout.json.

    A wrong file takes no version out of service and promotes none: the version that it calls stable
    answers, or the highest if it names none that exists. So it is with a file whose signature
    `verify` refuses: no request goes to its candidate.

    Args:
        folder: of the model.
        served: the manifests of the loaded versions, by number.
        refused: why other versions were not loaded, by number.
    """
    text = b""
    try:
        found = read_rollout(folder)
        if found is None:
            return None
        text = found
        if verify is not None:
            require_signature(folder, text, verify)
        rollout = parse_rollout(text)
        _check(rollout, served, refused)
        return Plan(int(rollout.stable), rollout)
    except RolloutError as error:
        stable = stable_named(text)
        return Plan(stable if stable in {*served, *refused} else None, None, str(error))


def _check(rollout: Rollout, served: Mapping[int, Manifest], refused: Mapping[int, str]) -> None:
    """Raise RolloutError if one of the two versions does not serve, or they do not match."""
    for role, version in (("stable", rollout.stable), ("candidate", rollout.candidate)):
        if int(version) in refused:
            raise RolloutError(
                f"{ROLLOUT_FILE}: {role} is version {version}, which was refused: "
                f"{refused[int(version)]}"
            )
        if int(version) not in served:
            known = ", ".join(map(str, sorted({*served, *refused})))
            raise RolloutError(
                f"{ROLLOUT_FILE}: {role} is version {version}, which is not in the repository; "
                f"the model has {known}"
            )
    stable, candidate = served[int(rollout.stable)], served[int(rollout.candidate)]
    for what in ("task", "inputs", "outputs", "labels"):
        if _shape(stable, what) != _shape(candidate, what):
            raise RolloutError(
                f"{ROLLOUT_FILE}: the {what} of version {rollout.candidate} are not those of "
                f"version {rollout.stable}, so one cannot stand in for the other; give the new "
                "version a model name of its own"
            )


def _shape(manifest: Manifest, what: str) -> object:
    """What clients see of a field; the range of the training data may differ."""
    value = manifest.model_dump(include={what})[what]
    if what == "inputs":
        return [{k: v for k, v in tensor.items() if k != "seen"} for tensor in value]
    return value
