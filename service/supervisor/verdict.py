"""Whether new workers may take the place of those that serve."""

from __future__ import annotations

from collections.abc import Iterable

from service.selection import Rejection
from service.supervisor.messages import Loaded


def newly_refused(before: Loaded, after: Loaded) -> list[Rejection]:
    """The versions that the new worker refuses and the old one did not, and those held back.

    A new version of a model that serves is held back while the model's rollout.json is wrong: the
    file may have been meant to keep it from answering.
    """
    models = {name for name, _ in before.serving}
    known = {(refusal.name, refusal.version) for refusal in before.refused}
    refused = [one for one in after.refused if (one.name, one.version) not in known]
    held_back = [
        Rejection(name, version, fault.reason)
        for fault in after.faults
        for name, version in after.serving
        if name == fault.name and name in models and (name, version) not in before.serving
    ]
    return refused + held_back


def objection(before: Loaded, after: Loaded, models: Iterable[str], unloads: bool) -> str:
    """Why the old workers must serve on, in one sentence; empty if they need not.

    Args:
        before: what the old workers serve.
        after: what the new worker would serve.
        models: names of the models that are to be loaded.
        unloads: models are to be unloaded too, so the default model may be gone.
    """
    for refusal in newly_refused(before, after):
        return _refused(refusal)
    for name in models:
        if problem := _not_loaded(name, after):
            return problem
    for fault in after.faults:
        if problem := _changed_by_fault(fault, before, after):
            return problem
    if before.ready and not after.ready and not unloads:
        return "the default model would no longer serve; restore it in the repository"
    return ""


def _not_loaded(name: str, after: Loaded) -> str:
    """Why the highest version of a model does not serve."""
    serving = [int(version) for model, version in after.serving if model == name]
    refused = {int(one.version): one for one in after.refused if one.name == name}
    if not serving and not refused:
        return f"model {name!r} is not in the repository"
    highest = max([*serving, *refused])
    return _refused(refused[highest]) if highest in refused else ""


def _changed_by_fault(fault: Rejection, before: Loaded, after: Loaded) -> str:
    """Why a wrong rollout.json may not change the version that answers; empty if it does not."""
    was, now = dict(before.defaults).get(fault.name), dict(after.defaults).get(fault.name)
    if was in (None, now):
        return ""
    change = f"answer with version {now} in place of {was}" if now else "no longer answer"
    return f"model {fault.name!r} would {change}, and its rollout is wrong: {fault.reason}"


def _refused(refusal: Rejection) -> str:
    return f"model {refusal.name!r} version {refusal.version} was refused: {refusal.reason}"
