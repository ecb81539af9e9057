"""The OpenAPI document of some operations."""

from __future__ import annotations

from typing import Annotated, Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from service.errors import InvalidError, NotFoundError, UnavailableError
from service.http.kernel.messages import JSON
from service.http.kernel.openapi import COMMON_REFUSALS, Info, openapi
from service.http.kernel.operation import BODY_ERRORS, Operation, Response, ok


class Thing(BaseModel):
    """A thing."""

    size: int = Field(ge=0)


OPERATIONS = [
    Operation(
        "POST",
        "/things",
        summary="make one",
        body={JSON: Thing, "application/octet-stream": bytes},
        headers={"Thing-Size": int},
        responses={200: Response("It is made.", {JSON: Thing}, {"Thing-Age": "Its age."})},
        errors=(InvalidError, UnavailableError),
    ),
    Operation(
        "GET",
        "/things/{name}",
        parameters={"name": Annotated[str, Field(description="Its name.")]},
        responses=ok(list[Thing]),
        errors=(NotFoundError,),
    ),
    Operation("GET", "/things/", responses=ok(dict[str, Any])),
]


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi(OPERATIONS, Info("Things", "1", "About things."))


def test_it_is_openapi(document: dict[str, Any]) -> None:
    assert (document["openapi"], document["info"]["title"]) == ("3.1.0", "Things")
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(OPERATIONS)
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]})


def test_a_class_is_a_component_that_is_referred_to(document: dict[str, Any]) -> None:
    post = document["paths"]["/things"]["post"]
    reference = {"$ref": "#/components/schemas/Thing"}
    assert post["requestBody"]["content"][JSON]["schema"] == reference
    assert post["responses"]["200"]["content"][JSON]["schema"] == reference
    assert document["components"]["schemas"]["Thing"]["properties"]["size"]["minimum"] == 0


def test_a_post_has_the_errors_of_reading_a_body(document: dict[str, Any]) -> None:
    responses = document["paths"]["/things"]["post"]["responses"]
    reading = {str(error.status) for error in BODY_ERRORS}
    assert {status for status, found in responses.items() if "$ref" not in found} == {
        "200", "500", *reading,
    }  # fmt: skip
    assert "Retry-After" in responses["503"]["headers"]
    # Two errors of one status are told in one description.
    assert UnavailableError.__doc__ is not None
    assert UnavailableError.__doc__ in responses["503"]["description"]
    assert responses["503"]["description"] != UnavailableError.__doc__


def test_a_get_has_no_body(document: dict[str, Any]) -> None:
    get = document["paths"]["/things/{name}"]["get"]
    assert "requestBody" not in get
    assert {status for status, found in get["responses"].items() if "$ref" not in found} == {
        "200", "404", "500",
    }  # fmt: skip
    (name,) = get["parameters"]
    assert (name["name"], name["in"], name["required"]) == ("name", "path", True)
    assert name["schema"]["description"] == "Its name."


def test_every_operation_has_what_stands_in_front_of_the_routes(document: dict[str, Any]) -> None:
    shared = document["components"]["responses"]
    assert len(shared) == len(COMMON_REFUSALS)
    for item in document["paths"].values():
        for operation in item.values():
            for status, sentence in COMMON_REFUSALS.items():
                found = operation["responses"][str(status)]
                found = shared[found["$ref"].rpartition("/")[2]] if "$ref" in found else found
                assert sentence in found["description"]
                assert JSON in found["content"]
                assert ("Retry-After" in found.get("headers", {})) == (status == 503)


def test_headers_of_requests_and_answers(document: dict[str, Any]) -> None:
    post = document["paths"]["/things"]["post"]
    (header,) = post["parameters"]
    assert (header["name"], header["in"], header["required"]) == ("Thing-Size", "header", False)
    assert post["responses"]["200"]["headers"]["Thing-Age"]["description"] == "Its age."
