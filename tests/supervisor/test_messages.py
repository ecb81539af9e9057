"""Messages arrive as they were sent, and an end is an end."""

from __future__ import annotations

import asyncio
import socket

import pytest

from service.selection import Rejection, Selection
from service.supervisor import messages as m
from service.supervisor.channel import Channel, receive

CUT = Rejection("a", "2", "it is\ncut — „ab“")
SELECTION = Selection(("b",), (CUT,), "no")
ALL: list[m.Message] = [
    m.Start(3, SELECTION, 2), m.Hello(2, "/models", 120.0, 25.0, 0.5, 5.0), m.Loaded(True, (), ()),
    m.Loaded(False, (("a", "1"), ("b", "10")), (CUT,), (CUT,), (("b", "10"),)),
    m.Failed("why"), m.Accept(), m.Accepting(), m.Drain(), m.Drained(), m.Draining(), m.Stop(),
    m.Change(7, "load", "a"), m.Changed(7), m.News(SELECTION),
]  # fmt: skip


def test_each_kind_is_tested() -> None:
    assert {type(message) for message in ALL} == set(m.Message.__args__)


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_there_and_back(message: m.Message) -> None:
    line = m.encode(message)
    assert line.count(b"\n") == 1
    assert m.decode(line) == message


def test_a_channel_ends_with_the_other_side() -> None:
    """Also within a line, as when a process is killed while it writes."""

    async def talk() -> list[m.Message]:
        ours, theirs = socket.socketpair()
        channel = await Channel.over(ours)
        theirs.sendall(b"".join(map(m.encode, ALL)) + b'{"Sto')
        theirs.close()
        found = [message async for message in channel]
        channel.send(m.Stop())  # nobody is there: nothing happens
        await channel.close()
        channel.send(m.Stop())
        return found

    assert asyncio.run(talk()) == ALL


def test_before_there_is_a_loop() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(b"".join(map(m.encode, ALL[:2])))
        theirs.close()
        assert [receive(ours), receive(ours)] == ALL[:2]
        with pytest.raises(EOFError, match="the supervisor is gone"):
            receive(ours)
