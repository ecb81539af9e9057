"""`GET /models/{name}/rollout`: how a second version does, and whether to promote it."""

from __future__ import annotations

from typing import Any

from contract.messages import short
from contract.rollout import ROLLOUT_FILE
from service.errors import NotFoundError
from service.http.kernel.messages import Reply, Request, reply
from service.http.kernel.operation import ok
from service.http.kernel.route import Route
from service.http.parameters import model_name
from service.http.rollout_schema import RolloutAnswer
from service.rollout.ledger import RoleCounts
from service.rollout.measures import Measure
from service.rollout.rollouts import Rollouts
from service.rollout.trial import Trial
from service.serving.repository import Models


def route(models: Models, rollouts: Rollouts) -> Route:
    """The route over these models."""

    async def show(request: Request) -> Reply:
        name = request.parameters["name"]
        if name in rollouts.trials:
            return reply(_running(rollouts.trials[name]))
        if name in models.plans:
            return reply(_faulty(models, name))
        if name not in models.names:
            raise NotFoundError(
                f"model {short(name)} is unknown; choose from {', '.join(models.names) or 'none'}"
            )
        raise NotFoundError(
            f"model {name!r} has no rollout; put a {ROLLOUT_FILE} into its folder and load it"
        )

    return Route(
        "GET",
        "/models/{name}/rollout",
        show,
        summary="how a second version does, and whether to promote it",
        parameters={"name": model_name(models)},
        responses=ok(RolloutAnswer),
        errors=(NotFoundError,),
    )


def _running(trial: Trial) -> dict[str, Any]:
    report, rollout = trial.report(), trial.rollout
    totals, verdict = report.totals, report.verdict
    return {
        "model": trial.name,
        "state": "running",
        "settings": rollout.model_dump(),
        "stable": _version(rollout.stable, totals.stable),
        "candidate": _version(rollout.candidate, totals.candidate),
        "dropped": totals.dropped,
        "compared_rows": totals.rows,
        "same_rows": totals.same,
        "measures": [_measure(measure) for measure in report.measures],
        "verdict": verdict.decision,
        "reasons": verdict.reasons,
        "how": verdict.how,
    }


def _faulty(models: Models, name: str) -> dict[str, Any]:
    number = models.default_version(name)
    answers = str(number) if number in models.served[name] else None
    reason = models.plans[name].fault
    return {"model": name, "state": "faulty", "answers": answers, "reason": reason}


def _version(version: str, counts: RoleCounts) -> dict[str, Any]:
    return {
        "version": version,
        "requests": counts.requests,
        "rows": counts.rows,
        "failed": counts.failed,
    }


def _measure(measure: Measure) -> dict[str, Any]:
    value, low, high = (round(bound, 6) for bound in measure.interval)
    return {
        "name": measure.name,
        "observations": measure.observations,
        "value": value,
        "low": low,
        "high": high,
        "real": measure.real,
        "smallest": measure.smallest,
        "largest": measure.largest,
        "state": measure.state,
        "sentence": measure.sentence,
    }
