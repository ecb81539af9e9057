"""`explain`: why a model answered so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from contract.messages import short
from service.errors import InvalidError, ModelError
from service.explain.catalogue import methods_of
from service.explain.method import Explanation, Method
from service.explain.question import Question, ask_of
from service.explain.worker import Stop, Worker
from service.instances.decoder import Decoded, Options, check_instances
from service.serving.repository import Models
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown
from service.verbs.document import document_of
from service.verbs.options import FIELDS, options_of, options_of_texts

# Explanations ask a model hundreds of times: fewer rows and fewer at once than predictions.
MOST_ROWS = 16
MOST_REQUESTS = 8
# Sampling of one request ends after so long, with the standard errors that it has reached.
SECONDS = 10.0
_FIELDS = frozenset({"model", "version", "instances", "method", "target", *FIELDS})


class ExplainRequest(NamedTuple):
    """The version that is explained, the decoded rows, the method, and a class if one is named."""

    served: Served
    decoded: Decoded
    method: Method
    target: int | None


@dataclass(frozen=True)
class Explained:
    """Explanations of all rows, the classes that they explain, and the milliseconds they took."""

    rows: list[Explanation]
    targets: list[int | None]
    milliseconds: float


class Explain:
    """The verb over the loaded models; a `Verb[ExplainRequest, Explained]`.

    One thread explains, so that explanations never take the place of predictions.
    """

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models, self._settings = models, settings
        self._worker = Worker("explain", "explained", MOST_REQUESTS, settings.timeout_seconds)
        self._methods: dict[tuple[str, str], Mapping[str, Method]] = {}

    def decode(self, body: bytes) -> ExplainRequest:
        """Decode a JSON body.

        Raises:
            MalformedError: the body is not a JSON object.
            InvalidError: a field is wrong.
            TooLargeError: there are more instances than one request can have explained.
            NotFoundError: there is no such model or version.
            UnavailableError: it was refused at load, or is unloaded.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        fields = {
            name: optional_string(document, name)
            for name in ("model", "version", "method", "target")
        }
        options = options_of(document, booleans=may_hold_booleans(body))
        return self.request(document.get("instances"), options=options, **fields)

    def decode_picture(self, picture: bytes, fields: Mapping[str, str]) -> ExplainRequest:
        """The request for one encoded picture, with its fields as text.

        Raises:
            ServiceError: of the kind that fits.
        """
        named = {name: fields.get(name) for name in ("model", "version", "method", "target")}
        return self.request([picture], options=options_of_texts(fields), **named)

    def request(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        method: str | None = None,
        target: str | None = None,
        options: Options = Options(),  # noqa: B008 - a tuple does not change
    ) -> ExplainRequest:
        """Decode instances; see `decode` for the errors.

        Args:
            method: None for the model's default.
            target: a label; None for the one that the model predicts.
        """
        served = self._models.get(model, version)
        rows = check_instances(instances, MOST_ROWS)
        chosen = self._method(served, method)
        index = _index(served, target)
        return ExplainRequest(served, served.decoder.decode(rows, options), chosen, index)

    def worth_watching(self, request: ExplainRequest) -> bool:
        """True: the client may leave meanwhile."""
        return True

    async def run(self, request: ExplainRequest) -> Explained:
        """The explanations of all rows.

        Raises:
            BusyError: too many requests are being explained or wait for it.
            DeadlineError: it waited too long and was not explained.
            InvalidError: the model has no answer to a row that lacks a value.
            ModelError: an answer is not a finite number, or contributions do not add up.
            UnavailableError: an explanation graph cannot be used.
        """
        return await self._worker.run(lambda stop: self.explained(request, stop), SECONDS)

    def explained(self, request: ExplainRequest, stop: Stop | None = None) -> Explained:
        """The explanations, on this thread; sampling ends when it is late."""
        served, batch = request.served, request.decoded.batch
        started = time.perf_counter()
        targets = self._targets(request)
        stop = stop or Stop(SECONDS)
        rows = []
        for i in range(len(batch)):
            stop.check()
            ask = ask_of(served.manifest, served.session.predict, targets[i])
            question = Question(i, batch.slice(i, i + 1), targets[i], ask, stop)
            rows.append(request.method.explain(question))
        return Explained(rows, targets, 1e3 * (time.perf_counter() - started))

    def encode(self, request: ExplainRequest, answer: Explained) -> dict[str, Any]:
        """The response as a JSON document: one explanation per instance."""
        labels = request.served.manifest.labels
        fields = {
            "method": request.method.name,
            "explanations": [
                _encoded(one, None if target is None else labels[target])
                for one, target in zip(answer.rows, answer.targets, strict=True)
            ],
            "milliseconds": round(answer.milliseconds, 2),
        }
        return document_of(request.served, request.decoded, fields)

    def answer(self, request: ExplainRequest) -> dict[str, Any]:
        """Run and encode, for callers inside the process."""
        return self.encode(request, self.explained(request))

    def _targets(self, request: ExplainRequest) -> list[int | None]:
        """The class of each row: the one that is named, or the predicted one."""
        served, batch = request.served, request.decoded.batch
        answers = served.answer(batch)
        if served.manifest.task != "classification":
            return [None] * len(batch)
        if request.target is not None:
            return [request.target] * len(batch)
        labels = served.manifest.labels
        predicted = served.encoder.labels(answers) or ()
        if strange := set(predicted) - set(labels):
            raise ModelError(
                f"model {served.name!r} answered with the label {short(min(strange))}, which its "
                "manifest does not have; import or train it again"
            )
        return [labels.index(label) for label in predicted]

    def _method(self, served: Served, name: str | None) -> Method:
        key = (served.name, served.version)
        if key not in self._methods:
            self._methods[key] = methods_of(
                served.entry, served.manifest, served.session.samples, self._settings
            )
        methods = self._methods[key]
        if not methods:
            raise InvalidError(
                f"model {served.name!r} cannot be explained: it takes neither one image nor named "
                "columns, or gives no probabilities and no single value; name another model",
                loc=["model"],
            )
        if name is None:
            return next(iter(methods.values()))
        if name not in methods:
            raise InvalidError(
                f"method is {short(name)}; for model {served.name!r} it must be one of "
                f"{', '.join(methods)}",
                loc=["method"],
            )
        return methods[name]


def _index(served: Served, target: str | None) -> int | None:
    labels = served.manifest.labels
    if target is None:
        return None
    if not labels:
        raise InvalidError(
            f"target is {short(target)}, but model {served.name!r} predicts a number and no class; "
            "leave it out",
            loc=["target"],
        )
    if target not in labels:
        more = f" and {len(labels) - 20} more, as GET /models/{served.name} lists"
        more = more if len(labels) > 20 else ""
        raise InvalidError(
            f"target is {short(target)}; it must be one of {', '.join(labels[:20])}{more}",
            loc=["target"],
        )
    return labels.index(target)


def _encoded(found: Explanation, target: str | None) -> dict[str, Any]:
    return {
        "target": target,
        "explains": found.explains,
        "attribution": found.attribution,
        "base": found.base,
        "value": found.value,
        "sum": found.total,
        "gap": found.gap,
        "additive": found.additive,
        "standard_error": found.standard_error,
        "runs": found.runs,
    }
