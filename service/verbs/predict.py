"""`predict`: one model's predictions for some instances."""

from __future__ import annotations

from typing import Any, NamedTuple

from contract.batch import Batch
from service.instances.decoder import Decoded, check_instances
from service.serving.repository import Models
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown

_FIELDS = frozenset({"model", "version", "instances"})


class PredictRequest(NamedTuple):
    """The version that answers, and the rows it is to answer."""

    served: Served
    decoded: Decoded


class Predict:
    """The verb over the loaded models; a `Verb[PredictRequest, Batch]`."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._max_rows = settings.max_rows

    def decode(self, body: bytes) -> PredictRequest:
        """The request in a JSON body.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        return self.request(
            document.get("instances"),
            optional_string(document, "model"),
            optional_string(document, "version"),
            booleans=may_hold_booleans(body),
        )

    def request(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        *,
        booleans: bool = True,
    ) -> PredictRequest:
        """The request for some instances; `service.instances` says what they may be."""
        served = self._models.get(model, version)
        rows = check_instances(instances, self._max_rows)
        return PredictRequest(served, served.decoder.decode(rows, booleans=booleans))

    def worth_watching(self, request: PredictRequest) -> bool:
        """True if the work takes so long that the client may leave before."""
        return request.served.worth_watching(request.decoded.batch.rows)

    async def run(self, request: PredictRequest) -> Batch:
        """The model's outputs."""
        return await request.served.infer(request.decoded.batch)

    def encode(self, request: PredictRequest, answer: Batch) -> dict[str, Any]:
        """The answer as JSON: one prediction per instance, and what to beware of."""
        document = predictions(request.served, answer)
        if request.decoded.warnings:
            document["warnings"] = list(request.decoded.warnings)
        return document

    def answer(self, request: PredictRequest) -> dict[str, Any]:
        """Run and encode at once, unbatched: for callers inside the process."""
        outputs = request.served.session.predict(request.decoded.batch)
        return self.encode(request, outputs)


def predictions(served: Served, outputs: Batch) -> dict[str, Any]:
    """One model's predictions as JSON."""
    return {
        "model": served.name,
        "version": served.version,
        "provider": served.provider,
        "predictions": served.encoder.encode(outputs),
    }
