"""Replacements: who serves after them, and what is said of those that are given up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
