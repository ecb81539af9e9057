"""`compare`: what every model that takes the same instances says about them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from contract.batch import Batch
from service.errors import InvalidError, UnavailableError
from service.instances.decoder import Decoded, check_instances
from service.serving.repository import Models
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, parse_object, refuse_unknown
from service.verbs.predict import predictions

_FIELDS = frozenset({"instances"})


class CompareRequest(NamedTuple):
    """The rows for each version that takes the instances, and why the others do not."""

    runs: Sequence[tuple[Served, Decoded]]
    skipped: Sequence[tuple[Served, str]]


class Compare:
    """The verb over the highest version of each model; a `Verb[CompareRequest, list[Batch]]`."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._max_rows = settings.max_rows

    def decode(self, body: bytes) -> CompareRequest:
        """The request in a JSON body.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        return self.request(document.get("instances"), booleans=may_hold_booleans(body))

    def request(self, instances: Any, *, booleans: bool = True) -> CompareRequest:
        """The request for some instances.

        Models whose inputs are the same share one decoding. A model that does not take the
        instances is skipped, with the reason; if none takes them, that is the error.
        """
        rows = check_instances(instances, self._max_rows)
        serving = self._models.serving()
        if not serving:
            raise UnavailableError("no model serves; GET /readyz says why")
        outcomes = {}
        for served in serving:
            if served.takes not in outcomes:
                outcomes[served.takes] = _attempt(served, rows, booleans)
        runs, skipped = [], []
        for served in serving:
            outcome = outcomes[served.takes]
            if isinstance(outcome, InvalidError):
                skipped.append((served, str(outcome)))
            else:
                runs.append((served, outcome))
        if not runs:
            raise _refused_by_all(outcomes)
        return CompareRequest(runs, skipped)

    def worth_watching(self, request: CompareRequest) -> bool:
        """True if the work takes so long that the client may leave before."""
        return any(served.worth_watching(rows.batch.rows) for served, rows in request.runs)

    async def run(self, request: CompareRequest) -> list[Batch]:
        """The outputs of all models, run side by side."""
        return await asyncio.gather(*(served.infer(rows.batch) for served, rows in request.runs))

    def encode(self, request: CompareRequest, answer: Sequence[Batch]) -> dict[str, Any]:
        """The answers as JSON, where they agree, and which models did not answer."""
        pairs = [(s, outputs) for (s, _), outputs in zip(request.runs, answer, strict=True)]
        document: dict[str, Any] = {
            "models": [predictions(served, outputs) for served, outputs in pairs],
            "agree": _agree(pairs),
            "skipped": [
                {"model": served.name, "version": served.version, "reason": reason}
                for served, reason in request.skipped
            ],
            "refused": [
                {"model": r.name, "version": r.version, "reason": r.reason}
                for r in self._models.refused()
            ],
        }
        warnings = dict.fromkeys(text for _, rows in request.runs for text in rows.warnings)
        return document | {"warnings": list(warnings)} if warnings else document

    def answer(self, request: CompareRequest) -> dict[str, Any]:
        """Run and encode at once, unbatched: for callers inside the process."""
        return self.encode(request, [s.session.predict(rows.batch) for s, rows in request.runs])


def _attempt(served: Served, rows: list[Any], booleans: bool) -> Decoded | InvalidError:
    try:
        return served.decoder.decode(rows, booleans=booleans)
    except InvalidError as error:
        return error


def _refused_by_all(outcomes: dict[Any, Decoded | InvalidError]) -> InvalidError:
    """The error of the only kind of model there is, or one that says each kind's."""
    errors = [error for error in outcomes.values() if isinstance(error, InvalidError)]
    if len(errors) == 1:
        return errors[0]
    reasons = "; ".join(str(error) for error in errors)
    return InvalidError(f"no model takes these instances: {reasons}", loc=["instances"])


def _agree(pairs: Sequence[tuple[Served, Batch]]) -> list[bool] | None:
    """Per instance, whether all classifiers of the same classes say the same.

    None where no two models can be compared: fewer than two share their classes.
    """
    groups: dict[frozenset[str], list[Sequence[str]]] = {}
    for served, outputs in pairs:
        labels = served.encoder.labels(outputs)
        if labels is not None:
            groups.setdefault(frozenset(served.manifest.labels), []).append(labels)
    comparable = [labels for labels in groups.values() if len(labels) > 1]
    if not comparable:
        return None
    columns = [zip(*labels, strict=True) for labels in comparable]
    return [all(len(set(row)) == 1 for row in rows) for rows in zip(*columns, strict=True)]
