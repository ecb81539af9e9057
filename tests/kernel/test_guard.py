"""The guard: pages of other origins, foreign hosts, keys, ids of requests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from service.api_keys import ApiKey
from service.errors import StartupError
from service.http.guard import check_exposure
from service.http.kernel.asgi import Message, Receive, Scope, Send
from service.http.kernel.guard import Access, Guard, Rules
from service.http.kernel.messages import reply, send_reply
from service.http.kernel.origins import is_local_only
from service.logs import request_id, trace_id
from tests.faults import fault

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"  # the example of the W3C's recommendation
ADMIN, USER = "of an admin", "of a user"
KEYS = (
    ApiKey(hashlib.sha256(ADMIN.encode()).digest(), admin=True),
    ApiKey(hashlib.sha256(USER.encode()).digest()),
)
ACCESS = {"/public": Access(public=True), "/admin": Access(admin=True)}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    document = {"id": request_id.get(), "trace": trace_id.get(), "path": scope["path"]}
    await send_reply(reply(document), scope, send)


def ask(
    rules: Rules,
    path: str = "/x",
    method: str = "POST",
    host: str = "127.0.0.1:3000",
    **headers: str,
) -> httpx.Response:
    """One request over a connection to `host`'s address, as far as ASGI tells."""
    guard = Guard(app, rules, lambda _, path: ACCESS.get(path, Access()))

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(method, path, headers=sent)

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:3000"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy"}, 200),
        ({"origin": "http://127.0.0.1:3000"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),  # another port of this machine
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),  # a form
        ({"origin": "http://evil.example"}, 403),  # of a browser without the first header
        ({"origin": "http://127.0.0.1:3001"}, 403),
        ({"origin": "null"}, 403),
    ],
)
@fault("strangers")
def test_a_page_of_another_origin_is_refused(headers: Mapping[str, str], status: int) -> None:
    answer = ask(Rules(), **headers)
    assert answer.status_code == status
    if status == 403:
        assert "may not use this service" in answer.json()["error"]
        assert "access-control-allow-origin" not in answer.headers


def test_a_link_from_another_page_is_followed() -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert ask(Rules(), method="GET", **link).status_code == 200
    assert ask(Rules(), method="GET", **{**link, "sec-fetch-mode": "no-cors"}).status_code == 403


@pytest.mark.parametrize("origins", [("https://app.example",), ("*",)])
@pytest.mark.parametrize("path", ["/x", "/public", "/admin"])
@fault("strangers")
def test_an_allowed_origin_may_use_every_route(origins: tuple[str, ...], path: str) -> None:
    page = {"origin": "https://app.example", "sec-fetch-site": "cross-site"}
    rules = Rules(origins=origins, keys=KEYS)
    asked = ask(rules, path, "OPTIONS", access_control_request_method="POST", **page)
    assert (asked.status_code, asked.content) == (204, b"")
    assert "authorization" in asked.headers["access-control-allow-headers"]
    answer = ask(rules, path, authorization=f"Bearer {ADMIN}", **page)
    assert answer.status_code == 200
    # The page may read errors as well.
    for found in (asked, answer, ask(rules, "/admin", **page)):
        assert found.headers["access-control-allow-origin"] == "https://app.example"
        assert "origin" in found.headers["vary"]


def test_another_origin_than_the_allowed_is_refused() -> None:
    rules = Rules(origins=("https://app.example",))
    page = {"origin": "https://app.example.evil", "sec-fetch-site": "cross-site"}
    asked = ask(rules, method="OPTIONS", access_control_request_method="POST", **page)
    assert asked.status_code == 403
    assert "access-control-allow-origin" not in asked.headers
    assert "origin" in asked.headers["vary"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:3000", 200),
        ("[::1]:3000", 200),
        ("localhost:3000", 200),
        ("LOCALHOST", 200),
        ("app.localhost:3000", 200),
        ("10.1.2.3", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:3000", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
@fault("strangers")
def test_a_foreign_host_is_refused_on_a_loopback_address(host: str, status: int) -> None:
    """A page whose name was made to lead here counts as its own origin for the browser."""
    answer = ask(Rules(), host="127.0.0.1:3000", Host=host)
    assert answer.status_code == status
    named = ask(Rules(hosts=("evil.example",)), Host=host)
    assert named.status_code == (200 if host == "evil.example" else status)


def test_a_host_is_checked_where_it_protects_something() -> None:
    foreign = {"Host": "rosenblatt.example"}
    assert ask(Rules(allow_anonymous=True), host="10.0.0.7", **foreign).status_code == 200
    assert ask(Rules(hosts=("a.example",), allow_anonymous=True), **foreign).status_code == 421
    # Nobody's browser has the key.
    assert ask(Rules(keys=KEYS), authorization=f"Bearer {USER}", **foreign).status_code == 200


@pytest.mark.parametrize(
    ("path", "authorization", "status"),
    [
        ("/public", None, 200),
        ("/x", None, 401),
        ("/x", "", 401),
        ("/x", "Bearer", 401),
        ("/x", "Bearer ", 401),
        ("/x", "Bearer wrong", 401),
        ("/x", f"Basic {USER}", 401),
        ("/x", f"Bearer {USER}", 200),
        ("/x", f"bearer  {USER}", 200),
        ("/x", f"Bearer {ADMIN}", 200),
        ("/admin", f"Bearer {USER}", 403),
        ("/admin", f"Bearer {ADMIN}", 200),
        ("/admin", f"Bearer {KEYS[0].digest.hex()}", 401),  # the digest is no key
    ],
)
@fault("keys")
def test_a_key_is_needed(path: str, authorization: str | None, status: int) -> None:
    sent: dict[str, Any] = {} if authorization is None else {"authorization": authorization}
    answer = ask(Rules(keys=KEYS), path, **sent)
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("address", "rules", "status"),
    [
        ("127.0.0.1", Rules(), 200),
        ("[::1]", Rules(), 200),
        ("10.0.0.7", Rules(), 403),
        ("[2001:db8::1]", Rules(), 403),
        ("10.0.0.7", Rules(allow_anonymous=True), 200),
    ],
)
@fault("keys")
def test_without_keys_only_this_machine_is_answered(
    address: str, rules: Rules, status: int
) -> None:
    assert ask(rules, host=address).status_code == status
    assert ask(rules, "/public", host=address).status_code == 200


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("/run/rosenblatt.sock", True),
        ("", False),  # all interfaces
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("::ffff:10.0.0.7", False),
        ("rosenblatt.example", False),
        ("localhost", False),  # whatever it may stand for
    ],
)
@fault("keys")
def test_only_addresses_of_this_machine_are_served_without_keys(address: str, local: bool) -> None:
    assert is_local_only(address) == local
    if local:
        check_exposure(address, Rules())
        return
    with pytest.raises(StartupError, match="can be reached from other machines"):
        check_exposure(address, Rules())
    check_exposure(address, Rules(keys=KEYS))


class Noted(list[tuple[str, str, int]]):
    """What the log was told of."""

    def note(self, method: str, path: str, status: int, seconds: float) -> None:
        assert seconds >= 0
        self.append((method, path, status))


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
@pytest.mark.parametrize(("begun", "status"), [(False, 0), (True, 200)])
def test_a_request_whose_answer_fails_is_noted(
    error: type[BaseException], begun: bool, status: int
) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200})
        raise error

    async def ignore(message: Message) -> None:
        """Nobody reads the answer."""

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    noted = Noted()
    guard = Guard(failing, Rules(), lambda *_: Access(), noted)
    scope = {"type": "http", "method": "GET", "path": "/x", "headers": [(b"host", b"localhost")]}
    with pytest.raises(error):
        asyncio.run(guard(scope, nothing, ignore))
    assert noted == [("GET", "/x", status)]


def test_a_request_has_an_id() -> None:
    given = ask(Rules(), x_request_id="abc-1")
    assert given.headers["x-request-id"] == given.json()["id"] == "abc-1"
    made = ask(Rules())
    assert made.headers["x-request-id"] == made.json()["id"] != ""
    for unfit in ("a b", "x" * 129, "a\tb", "a,b"):
        assert ask(Rules(), x_request_id=unfit).headers["x-request-id"] != unfit
    assert ask(Rules(keys=KEYS), x_request_id="r-7").headers["x-request-id"] == "r-7"  # a 401


def test_a_trace_is_taken_over_if_it_is_one() -> None:
    parent = f"00-{TRACE}-00f067aa0ba902b7-01"
    assert ask(Rules(), traceparent=parent).json()["trace"] == TRACE
    assert ask(Rules(), traceparent="00-xyz").json()["trace"] is None
