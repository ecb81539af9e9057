"""`compare`: the predictions of all models that accept the same instances."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from contract.batch import Batch
from service.errors import InvalidError, ModelError, ServiceError, UnavailableError
from service.instances.decoder import Decoded, Options, check_instances
from service.serving.repository import Models
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, parse_object, refuse_unknown
from service.verbs.options import FIELDS, options_of, options_of_texts
from service.verbs.predict import predictions

_FIELDS = frozenset({"instances", *FIELDS})
# A model's outputs, or why it has none for these rows.
Outcome = Batch | InvalidError | ModelError


class CompareRequest(NamedTuple):
    """The rows for each version that accepts the instances, and the others with the reason."""

    runs: Sequence[tuple[Served, Decoded]]
    skipped: Sequence[tuple[Served, str]]


class Compare:
    """The verb over the default version of each model; a `Verb[CompareRequest, list[Outcome]]`.

    A model that fails on the instances is skipped with its reason, as one that does not take them.
    """

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._max_rows = settings.max_rows

    def decode(self, body: bytes) -> CompareRequest:
        """Decode a JSON body.

        Raises:
            MalformedError: the body is not a JSON object.
            InvalidError: a field is wrong, or no model accepts the instances.
            TooLargeError: there are more instances than a request may have.
            UnavailableError: no model serves.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        options = options_of(document, booleans=may_hold_booleans(body))
        return self.request(document.get("instances"), options)

    def decode_picture(self, picture: bytes, fields: Mapping[str, str]) -> CompareRequest:
        """The request for one encoded picture, with its fields as text.

        Raises:
            ServiceError: of the kind that fits.
        """
        return self.request([picture], options_of_texts(fields))

    def request(
        self,
        instances: Any,
        options: Options = Options(),  # noqa: B008 - a tuple does not change
    ) -> CompareRequest:
        """Decode instances for every model; see `decode` for the errors.

        Models with the same inputs share one decoding. A model that does not accept the instances
        is skipped, with the reason.
        """
        rows = check_instances(instances, self._max_rows)
        serving = self._models.serving()
        if not serving:
            raise UnavailableError("no model serves; GET /readyz says why")
        outcomes = {}
        for served in serving:
            if served.takes not in outcomes:
                outcomes[served.takes] = _attempt(served, rows, options)
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
        """True if the work takes so long that the client may leave meanwhile."""
        return any(served.worth_watching(rows.batch.rows) for served, rows in request.runs)

    async def run(self, request: CompareRequest) -> list[Outcome]:
        """The outputs of all models, which run concurrently, or the error of one that fails.

        Raises:
            BusyError: too many rows wait for a model.
            DeadlineError: the rows waited too long for a model.
        """
        return await asyncio.gather(*(_outcome(served, rows) for served, rows in request.runs))

    def encode(self, request: CompareRequest, answer: Sequence[Outcome]) -> dict[str, Any]:
        """The predictions as a JSON document, with the agreement and the models left out.

        Raises:
            InvalidError: no model can answer, the first for a value of the instances.
            ModelError: no model can answer, the first through its own fault.
        """
        documents, answered, failed = [], [], []
        for (served, rows), outcome in zip(request.runs, answer, strict=True):
            document = _document(served, rows, outcome)
            if isinstance(document, ServiceError):
                failed.append((served, document))
            else:
                documents.append(document)
                answered.append((served, cast(Batch, outcome)))
        if not documents:
            raise failed[0][1]
        skipped = [*request.skipped, *((served, str(error)) for served, error in failed)]
        return {
            "models": documents,
            "agree": _agree(answered),
            "skipped": [
                {"model": served.name, "version": served.version, "reason": reason}
                for served, reason in sorted(skipped, key=lambda one: one[0].name)
            ],
            "refused": [
                {"model": r.name, "version": r.version, "reason": r.reason}
                for r in self._models.refused()
            ],
        }

    def answer(self, request: CompareRequest) -> dict[str, Any]:
        """Run unbatched and encode, for callers inside the process."""
        return self.encode(request, [_answered(served, rows) for served, rows in request.runs])


async def _outcome(served: Served, rows: Decoded) -> Outcome:
    try:
        return await served.infer(rows.batch)
    except (InvalidError, ModelError) as error:
        return error


def _answered(served: Served, rows: Decoded) -> Outcome:
    """The outcome on this thread."""
    try:
        return served.answer(rows.batch)
    except (InvalidError, ModelError) as error:
        return error


def _document(served: Served, rows: Decoded, outcome: Outcome) -> dict[str, Any] | ServiceError:
    """One model's predictions, or the error of a model that has none."""
    if not isinstance(outcome, Batch):
        return outcome
    try:
        return predictions(served, rows, outcome)
    except ModelError as error:
        return error


def _attempt(served: Served, rows: list[Any], options: Options) -> Decoded | InvalidError:
    try:
        return served.decoder.decode(rows, options)
    except InvalidError as error:
        return error


def _refused_by_all(outcomes: dict[Any, Decoded | InvalidError]) -> InvalidError:
    """The error if no model accepts the instances; it lists the distinct reasons."""
    errors = [error for error in outcomes.values() if isinstance(error, InvalidError)]
    if len(errors) == 1:
        return errors[0]
    reasons = "; ".join(str(error) for error in errors)
    return InvalidError(f"no model takes these instances: {reasons}", loc=["instances"])


def _agree(pairs: Sequence[tuple[Served, Batch]]) -> list[bool] | None:
    """Per instance, True if all classifiers with the same classes predict the same label.

    None if no two models have the same classes.
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
