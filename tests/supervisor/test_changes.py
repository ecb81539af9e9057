"""Replacements: who serves after them, and what is said of those that are given up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psutil

from service.supervisor.messages import Change, News, decode
from tests.supervisor.running import SERVES, run, running, until

PAIR: dict[str, Any] = {"hello": {"workers": 2}}
TWO: dict[str, Any] = {"loaded": {"serving": [["a", "1"], ["b", "1"]]}}


def test_every_worker_is_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            before = server.pids
            server.plan(**TWO, **PAIR)
            server.supervisor.reload()
            await server.replaced(before)
            assert {worker.loaded.serving for worker in server.workers} == {
                (("a", "1"), ("b", "1"))
            }

    run(work)


def test_the_client_is_answered_when_all_are_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            server.plan(**TWO, **PAIR)
            assert await server.ask("load", "b") == ""
            assert len(server.workers) == 2
            assert {worker.loaded.serving for worker in server.workers} == {
                (("a", "1"), ("b", "1"))
            }

    run(work)


def test_a_bad_version_keeps_the_old_workers(tmp_path: Path) -> None:
    async def work() -> None:
        bad = {"loaded": {"serving": [["a", "1"]], "refused": [["a", "2", "it is cut"]]}}
        async with running(tmp_path, **SERVES, **PAIR) as server:
            server.plan(**bad, **PAIR)
            answer = await server.ask("load", "a")
            assert answer == "model 'a' version 2 was refused: it is cut"
            news = decode((await server.file("news")).encode())
            assert isinstance(news, News)
            assert news.selection.failure == answer
            (rejected,) = news.selection.rejected
            assert (rejected.name, rejected.version, rejected.reason) == ("a", "2", "it is cut")
            # A worker that is restarted serves as the others do.
            killed = server.workers[0]
            server.kill(killed)
            await until(lambda: killed.pid not in server.pids and len(server.pids) == 2)
            assert {worker.loaded.serving for worker in server.workers} == {(("a", "1"),)}
            assert {worker.loaded.refused for worker in server.workers} == {()}

    run(work)


def test_a_repaired_version_is_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        bad = {"loaded": {"serving": [["a", "1"]], "refused": [["a", "2", "it is cut"]]}}
        async with running(tmp_path, **SERVES) as server:
            server.plan(**bad)
            server.supervisor.reload()
            await server.file("news")
            server.plan(loaded={"serving": [["a", "1"], ["a", "2"]]})
            before = server.pids
            server.supervisor.reload()
            await server.replaced(before)
            assert server.workers[0].loaded.serving == (("a", "1"), ("a", "2"))
            await until(lambda: server.supervisor.fleet.selection.failure == "")

    run(work)


def test_a_worker_that_cannot_start_keeps_the_old_ones(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            before = server.pids
            server.plan(failed="the repository is gone")
            assert await server.ask("load", "a") == "the repository is gone"
            assert server.pids == before

    run(work)


def test_an_unloaded_model_stays_unloaded(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **TWO) as server:
            server.plan(**TWO)
            assert await server.ask("unload", "b") == ""
            (worker,) = server.workers
            assert worker.loaded.serving == (("a", "1"),)
            server.supervisor.reload()
            await server.replaced([worker.pid])
            server.kill(server.workers[0])
            await until(lambda: server.workers == [])
            await until(lambda: server.workers != [])
            assert server.workers[0].loaded.serving == (("a", "1"),)

    run(work)


def test_another_models_bad_version_keeps_no_model_loaded(tmp_path: Path) -> None:
    async def work() -> None:
        bad = {**TWO["loaded"], "refused": [["a", "2", "it is cut"]]}
        async with running(tmp_path, **TWO) as server:
            server.plan(loaded=bad)
            assert await server.ask("unload", "b") == ""
            assert server.workers[0].loaded.serving == (("a", "1"),)
            (rejected,) = server.supervisor.fleet.selection.rejected
            assert (rejected.name, rejected.version) == ("a", "2")

    run(work)


def test_a_reload_beside_an_unload_tries_rejected_versions_again(tmp_path: Path) -> None:
    """Both are carried out by one replacement."""

    async def work() -> None:
        bad = {**TWO["loaded"], "refused": [["a", "2", "it is cut"]]}
        async with running(tmp_path, **TWO) as server:
            server.plan(loaded=bad)
            server.supervisor.reload()
            await server.file("news")
            server.plan(loaded={"serving": [["a", "1"], ["a", "2"], ["b", "1"]]})
            before = server.pids
            # At once, before either is begun.
            server.supervisor.reload()
            server.supervisor.ask(server.workers[0], Change(1, "unload", "b"))
            await server.replaced(before)
            assert server.workers[0].loaded.serving == (("a", "1"), ("a", "2"))

    run(work)


def test_a_version_that_serves_and_is_spoilt_serves_on(tmp_path: Path) -> None:
    """Even if another model is to be unloaded: its process is the last that has it."""

    async def work() -> None:
        spoilt = {"serving": [["b", "1"]], "refused": [["a", "1", "it is cut"]]}
        async with running(tmp_path, **TWO) as server:
            before = server.pids
            server.plan(loaded=spoilt)
            answer = await server.ask("unload", "b")
            assert answer == "model 'a' version 1 was refused: it is cut"
            assert server.pids == before
            assert server.supervisor.fleet.selection.rejected == ()

    run(work)


def test_the_folder_is_followed(tmp_path: Path) -> None:
    async def work() -> None:
        models = tmp_path / "models"
        models.mkdir()
        hello = {"models_dir": str(models), "poll_seconds": 0.05}
        async with running(tmp_path, **SERVES, hello=hello) as server:
            before = server.pids
            server.plan(**TWO, hello=hello)
            (models / "b").mkdir()
            await server.replaced(before)
            assert server.workers[0].loaded.serving == (("a", "1"), ("b", "1"))

    run(work)


def test_a_process_that_the_system_refuses_keeps_the_old_workers(tmp_path: Path) -> None:
    """As at a limit of processes: the reload is given up, and a worker that died is tried again."""

    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            spawner = server.supervisor._spawner
            command, spawner._command = spawner._command, ("/nowhere/python",)
            answer = await server.ask("load", "a")
            assert answer.startswith("no process could be started for a worker (No such file")
            files = psutil.Process().num_fds()
            killed = server.workers[1]
            server.kill(killed)
            await until(lambda: killed not in server.workers)
            await asyncio.sleep(0.5)
            assert len(server.pids) == 1
            assert psutil.Process().num_fds() <= files  # none is left open by what failed
            assert not server.serving.done()
            spawner._command = command
            await until(lambda: len(server.pids) == 2)

    run(work)


def test_a_reload_that_stops_half_way_says_so(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **TWO, **PAIR) as server:
            first, second = server.workers
            server.plan(**TWO, **PAIR)
            asked = asyncio.ensure_future(server.ask("unload", "b"))
            await until(lambda: len({*server.workers} - {first, second}) == 1)
            server.plan(failed="the disk is full")
            answer = await asked
            assert answer.startswith("1 of 2 workers have the change and the others have not: the")
            assert answer.endswith("the disk is full; load again")

    run(work)


def test_a_client_that_waits_keeps_its_worker_until_it_is_answered(tmp_path: Path) -> None:
    """However long the other workers take to load: longer than a worker has to stop."""

    async def work() -> None:
        brief = {"hello": {"workers": 2, "stop_seconds": 0.1}}
        async with running(tmp_path, **SERVES, **brief) as server:
            server.plan(**SERVES, **brief, pause=1.5)
            assert await server.ask("load", "a") == ""

    run(work)


def test_a_worker_that_was_replaced_may_answer_when_the_server_stops(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, answering=1.0) as server:
            (old,) = server.workers
            server.plan(**SERVES)
            server.supervisor.reload()
            await server.replaced([old.pid])
            server.supervisor.stop()
            await server.serving
            assert await server.file("answered") == "all"

    run(work)
