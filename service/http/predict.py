"""`POST /predict` and `POST /compare`: read a body, run it, write the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.errors import UnavailableError
from service.http import images
from service.inference.dispatch import Infer
from service.inference.repository import Models
from service.inference.session import Answer, Session
from service.settings import Settings
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown

_PREDICT_FIELDS = frozenset({"model", "version", "instances"})
_COMPARE_FIELDS = frozenset({"instances"})

# A body up to this size, a few images, is answered on the event loop: cheaper than a thread.
INLINE_BYTES = 32 * 1024


class Asked(NamedTuple):
    """What a body asks: images for each session. `compare` is how it wants the answer."""

    runs: Sequence[tuple[Session, NDArray[np.uint8]]]
    compare: bool = False


class Predictor:
    """The two verbs over the loaded models. Safe to call from several threads."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self._models = models
        self._settings = settings

    def read_predict(self, body: bytes) -> Asked:
        """What the JSON body of a `/predict` request asks.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _PREDICT_FIELDS)
        return self.ask(
            document.get("instances"),
            optional_string(document, "model"),
            optional_string(document, "version"),
            booleans=may_hold_booleans(body),
        )

    def read_compare(self, body: bytes) -> Asked:
        """What the JSON body of a `/compare` request asks.

        Raises:
            ServiceError: of the kind that fits.
        """
        document = parse_object(body)
        refuse_unknown(document, _COMPARE_FIELDS)
        return self.ask_all(document.get("instances"), booleans=may_hold_booleans(body))

    def ask(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        *,
        booleans: bool = True,
    ) -> Asked:
        """One model's predictions for `instances`; see `images.decode` for what they may be."""
        session = self._models.get(model, version)
        pixels = images.decode(instances, session.shape, self._settings, booleans=booleans)
        return Asked([(session, pixels)])

    def ask_all(self, instances: Any, *, booleans: bool = True) -> Asked:
        """Every serving model's predictions for the same instances."""
        sessions = self._models.serving()
        if not sessions:
            raise UnavailableError("no model serves; GET /readyz says why")
        pixels = {
            shape: images.decode(instances, shape, self._settings, booleans=booleans)
            for shape in {session.shape for session in sessions}
        }
        return Asked([(session, pixels[session.shape]) for session in sessions], compare=True)

    async def run(self, asked: Asked, infer: Infer) -> list[Answer]:
        """Run what was asked; several sessions side by side."""
        if len(asked.runs) == 1:
            return [await infer(*asked.runs[0])]
        return await asyncio.gather(*(infer(*run) for run in asked.runs))

    def write(self, asked: Asked, answers: Sequence[Answer]) -> dict[str, Any]:
        """The document of the answers; where models are compared, also where all agree.

        A refused model is listed with its reason; the others answer.
        """
        documents = [
            _document(session, answer)
            for (session, _), answer in zip(asked.runs, answers, strict=True)
        ]
        if not asked.compare:
            return documents[0]
        labels = [answer.label.tolist() for answer in answers]
        return {
            "models": documents,
            "agree": [len(set(column)) == 1 for column in zip(*labels, strict=True)],
            "refused": [
                {"model": r.name, "version": r.version, "reason": r.reason}
                for r in self._models.refused()
            ],
        }

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Run and write at once, unbatched: for callers inside the process."""
        return self.write(asked, [session.predict(pixels) for session, pixels in asked.runs])


def _document(session: Session, answer: Answer) -> dict[str, Any]:
    labels = session.manifest.labels
    predictions = [
        {"label": labels[label], "probabilities": probabilities}
        for label, probabilities in zip(answer.label, answer.probabilities, strict=True)
    ]
    return {
        "model": session.name,
        "version": session.version,
        "provider": session.provider,
        "predictions": predictions,
    }
