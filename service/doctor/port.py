"""Whether the port is free, or this service has it already."""

from __future__ import annotations

import http.client
import json
import socket

from service.doctor.check import Check

_ANSWER_SECONDS = 2.0


def check(host: str, port: int) -> Check:
    """Listen on the port for a moment."""
    subject = f"{host}:{port}"
    try:
        with socket.create_server((host, port)):
            return Check("ok", subject, "free")
    except OSError as error:
        state = _state(host, port)
        if state is not None:
            return Check("note", subject, f"the service listens there already, and is {state}")
        return Check(
            "fail", subject, f"cannot be listened on ({error.strerror}); end what has it, or "
            "serve on another --port",
        )  # fmt: skip


def _state(host: str, port: int) -> str | None:
    """What a service of ours says of itself there; None if there is none."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/readyz")
        document = json.loads(connection.getresponse().read(2**20))
        return str(document["state"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
