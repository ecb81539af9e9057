"""`predict`: the predictions of one model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from contract.batch import Batch
from service.instances.decoder import Decoded, Options, check_instances
from service.serving.repository import Choose
from service.serving.served import Served
from service.settings import Settings
from service.strict_json import may_hold_booleans, optional_string, parse_object, refuse_unknown
from service.verbs.document import document_of
from service.verbs.options import FIELDS, options_of, options_of_texts

_FIELDS = frozenset({"model", "version", "instances", *FIELDS})


class PredictRequest(NamedTuple):
    """The version that serves the request, and the decoded rows."""

    served: Served
    decoded: Decoded


class Predict:
    """The verb over the loaded models; a `Verb[PredictRequest, Batch]`.

    Args:
        choose: the version that serves a request.
    """

    def __init__(self, choose: Choose, settings: Settings) -> None:
        self._choose = choose
        self._max_rows = settings.max_rows

    def decode(self, body: bytes) -> PredictRequest:
        """Decode a JSON body.

        Raises:
            MalformedError: the body is not a JSON object.
            InvalidError: a field is wrong.
            TooLargeError: there are more instances than a request may have.
            NotFoundError: there is no such model or version.
            UnavailableError: it was refused at load, or is unloaded.
        """
        document = parse_object(body)
        refuse_unknown(document, _FIELDS)
        return self.request(
            document.get("instances"),
            optional_string(document, "model"),
            optional_string(document, "version"),
            options_of(document, booleans=may_hold_booleans(body)),
        )

    def decode_picture(self, picture: bytes, fields: Mapping[str, str]) -> PredictRequest:
        """The request for one encoded picture, with its fields as text.

        Raises:
            ServiceError: of the kind that fits.
        """
        options = options_of_texts(fields)
        return self.request([picture], fields.get("model"), fields.get("version"), options)

    def request(
        self,
        instances: Any,
        model: str | None = None,
        version: str | None = None,
        options: Options = Options(),  # noqa: B008 - a tuple does not change
    ) -> PredictRequest:
        """Decode instances, whose forms `service.instances` documents; see `decode` for the errors.

        Args:
            model: None for the default model.
            version: None for the default version, or that of a rollout.
            options: how pictures become instances.
        """
        served = self._choose(model, version)
        rows = check_instances(instances, self._max_rows)
        return PredictRequest(served, served.decoder.decode(rows, options))

    def worth_watching(self, request: PredictRequest) -> bool:
        """True if the work takes so long that the client may leave meanwhile."""
        return request.served.worth_watching(request.decoded.batch.rows)

    async def run(self, request: PredictRequest) -> Batch:
        """The model's outputs."""
        return await request.served.infer(request.decoded.batch)

    def encode(self, request: PredictRequest, answer: Batch) -> dict[str, Any]:
        """The response as a JSON document: one prediction per instance, and any warnings."""
        return predictions(request.served, request.decoded, answer)

    def answer(self, request: PredictRequest) -> dict[str, Any]:
        """Run unbatched and encode, for callers inside the process."""
        return self.encode(request, request.served.answer(request.decoded.batch))


def predictions(served: Served, decoded: Decoded, outputs: Batch) -> dict[str, Any]:
    """One model's predictions as JSON, with the warnings and what was done to pictures."""
    return document_of(served, decoded, {"predictions": served.encoder.encode(outputs)})
