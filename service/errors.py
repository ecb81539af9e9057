"""All errors that the service returns to clients, independent of any framework.

    ServiceError
    ├── MalformedError        400  the body does not match its content type
    ├── UnauthorizedError     401  the API key is missing or not accepted
    ├── ForbiddenError        403  the caller may not do this
    ├── NotFoundError         404  there is no such model, version or route
    ├── MethodError           405  the route does not support the method
    ├── SlowBodyError         408  the body did not arrive in time
    ├── TooLargeError         413  more bytes, rows or pixels than allowed
    ├── MediaTypeError        415  the route does not take the content type
    ├── ReloadError           409  a reload failed; the previous models still serve
    ├── MisdirectedError      421  the service does not answer for that host
    ├── InvalidError          422  the body is well-formed, but the value of a field is wrong
    ├── ModelError            500  the model gave an answer that its manifest rules out
    ├── NotSupportedError     501  the server was started in a way that cannot do this
    ├── BusyError             503  too much work waits; retry after `Retry-After`
    ├── UnavailableError      503  the model was refused at load, or nothing is loaded yet
    └── DeadlineError         504  the request waited too long and was not run
    StartupError                   the settings cannot be met; the process does not start

Every message is one sentence that names the field, the value, the limit and what to do. `detail`
holds `{"loc", "msg", "type"}` if one field of the body is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired

# Python 3.11's own TypedDict lacks what pydantic needs to make a schema of one.
from typing_extensions import TypedDict

Location = Sequence[str | int]


class ErrorDetail(TypedDict):
    """The place of an error in the body: `loc` is its path, `type` the kind of error."""

    loc: list[str | int]
    msg: str
    type: str


class ErrorBody(TypedDict):
    """The body of every error response; `detail` names the wrong field of the body, if any."""

    error: str
    detail: NotRequired[list[ErrorDetail]]


class ServiceError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: the sentence for the client.
        loc: path of the wrong field in the body, outermost first.
        headers: extra headers of the response.
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
        """The body of the error response."""
        body: ErrorBody = {"error": str(self)}
        if self.loc is not None:
            body["detail"] = [{"loc": list(self.loc), "msg": str(self), "type": self.kind}]
        return body


class MalformedError(ServiceError):
    """The body does not match its content type."""

    status = 400
    kind = "malformed"


class UnauthorizedError(ServiceError):
    """The API key is missing or not accepted."""

    status = 401
    kind = "unauthorized"


class ForbiddenError(ServiceError):
    """The caller, or the page that a browser shows, may not do this."""

    status = 403
    kind = "forbidden"


class NotFoundError(ServiceError):
    """There is no such model, version or route."""

    status = 404
    kind = "not_found"


class MethodError(ServiceError):
    """The route does not support the method."""

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
    """The route does not take the content type."""

    status = 415
    kind = "unsupported_media_type"


class ReloadError(ServiceError):
    """A reload failed; the previous models still serve."""

    status = 409
    kind = "reload"


class MisdirectedError(ServiceError):
    """The service does not answer for the host that the request names."""

    status = 421
    kind = "misdirected"


class InvalidError(ServiceError):
    """The body is well-formed, but the value of a field is wrong."""

    status = 422
    kind = "invalid"


class NotSupportedError(ServiceError):
    """The server was started in a way that cannot do this."""

    status = 501
    kind = "not_supported"


class BusyError(ServiceError):
    """Too much work waits; retry after `Retry-After`."""

    status = 503
    kind = "busy"


class ModelError(ServiceError):
    """The model gave an answer that its manifest rules out, or failed on the GPU."""

    status = 500
    kind = "model"


class UnavailableError(ServiceError):
    """The model was refused at load, or nothing is loaded yet."""

    status = 503
    kind = "unavailable"


class DeadlineError(ServiceError):
    """The request waited too long and was not run."""

    status = 504
    kind = "deadline"


class StartupError(Exception):
    """The settings cannot be met; the process must not start."""
