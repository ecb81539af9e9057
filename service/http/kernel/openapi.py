"""OpenAPI 3.1 from operations (https://spec.openapis.org/oas/v3.1.0).

HEAD is answered wherever GET is, and is not listed. A path that is not listed is answered 404, a
method that is not listed 405, both with the error body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

from pydantic import TypeAdapter

from service.errors import (
    BusyError,
    DeadlineError,
    ErrorBody,
    ForbiddenError,
    ServiceError,
    UnauthorizedError,
)
from service.http.kernel.messages import JSON
from service.http.kernel.operation import BODY_ERRORS, Operation, Response

Mode = Literal["validation", "serialization"]
_SCHEME = "apiKey"
_REFERENCE = "#/components/schemas/{model}"
_RETRY = {"Retry-After": "Seconds after which to try again, if that may help."}
# What any request may be answered before its route is known: by the parser, by the limit of
# connections, and by the guard.
COMMON_REFUSALS = {
    400: "The request is not valid HTTP/1.1, or has no Host header or several.",
    403: "A page of another origin sent the request, or the service has no API keys and is asked "
    "from another machine.",
    408: "The headers did not arrive in time.",
    417: "The Expect header is not 100-continue.",
    421: "The service does not answer for the host that the request names.",
    431: "The request line and headers are too long.",
    503: "The worker has too many connections, or no memory left; retry after `Retry-After`.",
}


class Info(NamedTuple):
    """What the document describes."""

    title: str
    version: str
    description: str


def openapi(
    operations: Sequence[Operation], info: Info, *, secured: bool = False
) -> dict[str, Any]:
    """The OpenAPI document of some operations; `secured` if they need API keys."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        item[operation.method.lower()] = _operation(operation, schemas, secured)
    common = {
        _name(status): _response(_common_refusal(status), schemas) for status in COMMON_REFUSALS
    }
    components: dict[str, Any] = {"schemas": schemas.components, "responses": common}
    if secured:
        components["securitySchemes"] = {_SCHEME: {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": info._asdict(),
        "paths": paths,
        "components": components,
    }


class _Schemas:
    """JSON schemas of the types that some operations use; classes become components."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        used = {(id(t), mode): t for o in operations for t, mode in _types(o)}
        used[id(ErrorBody), "serialization"] = ErrorBody
        # The types are kept, since their ids are the keys.
        self._types = list(used.values())
        self._schemas, definitions = TypeAdapter.json_schemas(
            [(key, mode, TypeAdapter(t)) for (key, mode), t in used.items()],
            ref_template=_REFERENCE,
        )
        self.components: dict[str, Any] = definitions.get("$defs", {})

    def of(self, type_: Any, mode: Mode) -> dict[str, Any]:
        """The schema of a type, or a reference to it."""
        return self._schemas[id(type_), mode]


def _types(operation: Operation) -> Iterator[tuple[Any, Mode]]:
    """Every type an operation uses, and whether it is read or written."""
    yield str, "validation"  # of the named parts of a path
    for sent in (operation.body, operation.parameters, operation.headers, operation.query):
        yield from ((type_, "validation") for type_ in sent.values())
    yield operation.error_body, "serialization"
    for response in operation.responses.values():
        yield from ((type_, "serialization") for type_ in response.content.values())


def _operation(operation: Operation, schemas: _Schemas, secured: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "operationId": _identifier(operation),
        "summary": operation.summary,
        "parameters": list(_parameters(operation, schemas)),
    }
    if operation.method == "POST":
        document["requestBody"] = {
            "required": operation.body_required,
            "content": _content(operation.body, schemas, "validation"),
        }
    if secured:
        document["security"] = [] if operation.public else [{_SCHEME: []}]
    responses = dict(operation.responses) | _errors(operation, secured)
    described = {status: _response(found, schemas) for status, found in responses.items()}
    for status in COMMON_REFUSALS.keys() - responses.keys():
        described[status] = {"$ref": f"#/components/responses/{_name(status)}"}
    document["responses"] = {str(status): described[status] for status in sorted(described)}
    return document


def _common_refusal(status: int) -> Response:
    return Response(
        COMMON_REFUSALS[status], {JSON: ErrorBody}, _RETRY if status == BusyError.status else {}
    )


def _name(status: int) -> str:
    """Of the component that describes a common refusal: `RequestTimeout`."""
    return HTTPStatus(status).phrase.title().replace(" ", "")


def _identifier(operation: Operation) -> str:
    path = operation.path.replace("{", "").replace("}", "")
    return operation.method.lower() + re.sub(r"\W", "_", path)


def _parameters(operation: Operation, schemas: _Schemas) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", operation.path):
        type_ = operation.parameters.get(name, str)
        schema = schemas.of(type_, "validation")
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for where, types in (("header", operation.headers), ("query", operation.query)):
        for name, type_ in types.items():
            schema = schemas.of(type_, "validation")
            yield {"name": name, "in": where, "required": False, "schema": schema}


def _errors(operation: Operation, secured: bool) -> dict[int, Response]:
    """The errors of an operation by status, those of the HTTP kernel among them."""
    kernel = BODY_ERRORS if operation.method == "POST" else ()
    keys = _key_errors(operation) if secured else ()
    errors = dict.fromkeys([*kernel, *operation.errors, *keys])
    by_status: dict[int, list[type[ServiceError]]] = {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    content = {JSON: operation.error_body}
    return {
        status: Response(_description(status, kinds), content, _headers(kinds))
        for status, kinds in by_status.items()
    } | {500: Response("The service failed; its log says why.", content)}


def _key_errors(operation: Operation) -> Sequence[type[ServiceError]]:
    """What a caller without the right key is answered."""
    if operation.public:
        return ()
    return (UnauthorizedError, ForbiddenError) if operation.admin else (UnauthorizedError,)


def _description(status: int, errors: Iterable[type[ServiceError]]) -> str:
    """The sentence of each error, and that of the common refusal with the status."""
    common = [COMMON_REFUSALS[status]] if status in COMMON_REFUSALS else []
    return " ".join([*map(_sentence, errors), *common])


def _sentence(error: type[ServiceError]) -> str:
    return (error.__doc__ or "").strip().split("\n\n")[0]


def _headers(errors: Iterable[type[ServiceError]]) -> Mapping[str, str]:
    retried = {BusyError.status, DeadlineError.status}
    return _RETRY if any(error.status in retried for error in errors) else {}


def _response(response: Response, schemas: _Schemas) -> dict[str, Any]:
    document: dict[str, Any] = {
        "description": response.description,
        "content": _content(response.content, schemas, "serialization"),
    }
    if response.headers:
        document["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in response.headers.items()
        }
    return document


def _content(content: Mapping[str, Any], schemas: _Schemas, mode: Mode) -> dict[str, Any]:
    return {media: {"schema": schemas.of(type_, mode)} for media, type_ in content.items()}
