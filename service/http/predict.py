"""`POST /predict` and `POST /compare`: from a body to an answer, without any framework."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.errors import UnavailableError
from service.http import images
from service.http.body import optional_string, parse_object, refuse_unknown
from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.metrics import Meter
from service.settings import Settings

_PREDICT_FIELDS = frozenset({"model", "version", "instances"})
_COMPARE_FIELDS = frozenset({"instances"})


class Predictor:
    """The two verbs over the loaded models. Safe to call from several threads."""

    def __init__(self, models: Models, settings: Settings, meter: Meter) -> None:
        self._models = models
        self._settings = settings
        self._meter = meter

    def predict_body(self, body: bytes) -> dict[str, Any]:
        """Answer the JSON body of a `/predict` request.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _PREDICT_FIELDS)
        return self.predict(
            document.get("instances"),
            optional_string(document, "model"),
            optional_string(document, "version"),
            booleans=_may_hold_booleans(body),
        )

    def predict(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        *,
        booleans: bool = True,
    ) -> dict[str, Any]:
        """One model's predictions for `instances`; see `images.decode` for what they may be."""
        session = self._models.get(model, version)
        pixels = images.decode(instances, session.shape, self._settings, booleans=booleans)
        return self._run(session, pixels)[0]

    def compare_body(self, body: bytes) -> dict[str, Any]:
        """Answer the JSON body of a `/compare` request.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _COMPARE_FIELDS)
        return self.compare(document.get("instances"), booleans=_may_hold_booleans(body))

    def compare(self, instances: Any, *, booleans: bool = True) -> dict[str, Any]:
        """Every serving model's predictions for the same instances, and where all agree.

        A refused model is listed with its reason; the others answer.
        """
        sessions = self._models.serving()
        if not sessions:
            raise UnavailableError("no model serves; GET /readyz says why")
        pixels = {
            shape: images.decode(instances, shape, self._settings, booleans=booleans)
            for shape in {session.shape for session in sessions}
        }
        results = [self._run(session, pixels[session.shape]) for session in sessions]
        labels = [answer.label.tolist() for _, answer in results]
        return {
            "models": [document for document, _ in results],
            "agree": [len(set(column)) == 1 for column in zip(*labels, strict=True)],
            "refused": [
                {"model": r.name, "version": r.version, "reason": r.reason}
                for r in self._models.refused()
            ],
        }

    def _run(self, session: Session, pixels: NDArray[np.uint8]) -> tuple[dict[str, Any], Answer]:
        with self._meter.measure(session, len(pixels)):
            answer = session.predict(pixels)
        labels = session.manifest.labels
        predictions = [
            {"label": labels[label], "probabilities": probabilities}
            for label, probabilities in zip(answer.label, answer.probabilities, strict=True)
        ]
        document = {
            "model": session.name,
            "version": session.version,
            "provider": session.provider,
            "predictions": predictions,
        }
        return document, answer


def _may_hold_booleans(body: bytes) -> bool:
    return b"true" in body or b"false" in body
