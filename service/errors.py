"""Everything the service can answer instead of a result. Framework-free.

    ServiceError
    ├── MalformedError        400  the body is not what its type says
    ├── NotFoundError         404  no such model, version or route
    ├── MethodError           405  the route has other methods
    ├── SlowBodyError         408  the body did not arrive in time
    ├── TooLargeError         413  more bytes, rows or pixels than allowed
    ├── MediaTypeError        415  not the content type the route takes
    ├── ReloadError           409  a reload was given up; what served before serves on
    ├── InvalidError          422  well-formed, but a field's value is wrong
    ├── NotSupportedError     501  this way of starting the server cannot do it
    ├── BusyError             503  too much waits already; come back after `Retry-After`
    ├── UnavailableError      503  the model was refused at load, or nothing is loaded yet
    ├── DeadlineError         504  waited too long, so the work was not done
    └── StartupError               settings that cannot be fulfilled; the process ends

Every message is one sentence that names the field, the value and the limit. `detail` holds
`{"loc", "msg", "type"}` where one field of a body is to blame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired

# Python 3.11's own TypedDict lacks what pydantic needs to make a schema of one.
from typing_extensions import TypedDict

Location = Sequence[str | int]


class ErrorDetail(TypedDict):
    """Where in the body the error is: `loc` outermost first, `type` a word for its kind."""

    loc: list[str | int]
    msg: str
    type: str


class ErrorBody(TypedDict):
    """The body of every error: one sentence, and the field of the body that is wrong, if any."""

    error: str
    detail: NotRequired[list[ErrorDetail]]


class ServiceError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: the sentence for the client.
        loc: where in the body the culprit stands, outermost first.
    """

    status = 500
    kind = "error"

    def __init__(
        self,
        message: str,
        loc: Location | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.loc = loc
        self.headers = dict(headers or {})

    def body(self) -> ErrorBody:
        """The one error body of the service."""
        body: ErrorBody = {"error": str(self)}
        if self.loc is not None:
            body["detail"] = [{"loc": list(self.loc), "msg": str(self), "type": self.kind}]
        return body


class MalformedError(ServiceError):
    """The body is not what its content type says."""

    status = 400
    kind = "malformed"


class NotFoundError(ServiceError):
    """No such model, version or route."""

    status = 404
    kind = "not_found"


class MethodError(ServiceError):
    """The route exists, with other methods."""

    status = 405
    kind = "method_not_allowed"


class SlowBodyError(ServiceError):
    """The body did not arrive in time."""

    status = 408
    kind = "slow_body"


class TooLargeError(ServiceError):
    """More bytes, rows or pixels than allowed."""

    status = 413
    kind = "too_large"


class MediaTypeError(ServiceError):
    """Not the content type the route takes."""

    status = 415
    kind = "unsupported_media_type"


class ReloadError(ServiceError):
    """A reload was given up; what served before serves on."""

    status = 409
    kind = "reload"


class InvalidError(ServiceError):
    """Well-formed, but a field's value is wrong."""

    status = 422
    kind = "invalid"


class NotSupportedError(ServiceError):
    """This way of starting the server cannot do it."""

    status = 501
    kind = "not_supported"


class BusyError(ServiceError):
    """Too much waits already; come back after `Retry-After`."""

    status = 503
    kind = "busy"


class UnavailableError(ServiceError):
    """The model was refused at load, or nothing is loaded yet."""

    status = 503
    kind = "unavailable"


class DeadlineError(ServiceError):
    """Waited too long, so the work was not done."""

    status = 504
    kind = "deadline"


class StartupError(Exception):
    """Settings that cannot be fulfilled; the process must not start."""
