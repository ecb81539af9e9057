"""A change of the repository is seen once, when it is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from service.supervisor.folder import Folder, snapshot
from service.supervisor.listener import ListenError, listen, url

SECONDS = 0.05


def test_a_snapshot_sees_every_change(tmp_path: Path) -> None:
    seen = [snapshot(tmp_path)]

    def step() -> None:
        seen.append(snapshot(tmp_path))

    version = tmp_path / "a" / "1"
    version.mkdir(parents=True)
    step()
    (version / "model.onnx").write_bytes(b"1")
    step()
    (tmp_path / "other").write_bytes(b"1")
    (tmp_path / "other").replace(version / "model.onnx")  # as long, and as new
    step()
    (version / "model.onnx").unlink()
    step()
    assert all(one != other for i, one in enumerate(seen) for other in seen[i + 1 :])


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    """A writer has not finished them."""
    before = snapshot(tmp_path)
    (tmp_path / ".staging-x").mkdir()
    (tmp_path / ".staging-x" / "model.onnx").touch()
    assert snapshot(tmp_path) == before
    assert snapshot(tmp_path / "nowhere") == {}


def test_links_may_lead_in_circles(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    assert len(snapshot(tmp_path)) == 3  # a, a/a, a/a/a


def test_a_change_is_told_when_it_is_over(tmp_path: Path) -> None:
    async def follow() -> None:
        folder = Folder()
        await folder.follow(tmp_path)
        changes = folder.changes(SECONDS)
        waiting = asyncio.ensure_future(anext(changes))
        for number in range(8):  # a slow copy
            (tmp_path / str(number)).touch()
            await asyncio.sleep(SECONDS / 2)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 10)
        await folder.note()
        # It is not told again, until something else changes.
        waiting = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(4 * SECONDS)
        assert not waiting.done()
        (tmp_path / "0").unlink()
        await asyncio.wait_for(waiting, 10)

    asyncio.run(follow())


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 65536, "the port is 65536; choose one from 1 to 65535"),
        ("127.0.0.1", -1, "the port is -1"),
        ("192.0.2.1", 0, "192.0.2.1:0 cannot be listened on"),
        ("no.such.host.invalid", 0, "no.such.host.invalid:0 cannot be listened on"),
    ],
)
def test_an_address_that_cannot_be_had(host: str, port: int, message: str) -> None:
    with pytest.raises(ListenError, match=message):
        listen(host, port)


def test_a_taken_port_and_its_address() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        assert url(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(ListenError, match="cannot be listened on"):
            listen("127.0.0.1", port)
    with listen("::1", 0) as listener:
        assert url(listener).startswith("http://[::1]:")
