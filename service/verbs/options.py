"""The fields that say how pictures become instances: `fit` and `return_fitted`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.messages import describe
from service.errors import InvalidError
from service.instances.decoder import Options
from service.instances.fits import parse_fit

FIELDS = ("fit", "return_fitted")
_BOOLEANS = {"true": True, "false": False}
_PLAIN = {booleans: Options(booleans=booleans) for booleans in (True, False)}


def options_of(document: Mapping[str, Any], *, booleans: bool = True) -> Options:
    """The options in the fields of a JSON body.

    Args:
        booleans: False when the body is known to hold no JSON boolean.

    Raises:
        InvalidError: a value that the field cannot have.
    """
    if "fit" not in document and "return_fitted" not in document:
        return _PLAIN[booleans]
    returned = document.get("return_fitted", False)
    if type(returned) is not bool:
        raise InvalidError(
            f"return_fitted is {describe(returned)}; it must be true or false",
            loc=["return_fitted"],
        )
    return Options(parse_fit(document.get("fit")), returned, booleans)


def options_of_texts(fields: Mapping[str, str]) -> Options:
    """The options in text fields: of a form, or of a query string.

    Raises:
        InvalidError: a value that the field cannot have.
    """
    document: dict[str, Any] = dict(fields)
    if (text := fields.get("return_fitted")) is not None:
        document["return_fitted"] = _BOOLEANS.get(text, text)
    return options_of(document)
