"""Workers start, die, are restarted and stopped."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from service.supervisor.process import WorkerError
from tests.faults import fault
from tests.supervisor.running import SERVES, Running, run, running, until

PAIR = {"hello": {"workers": 2}}


def test_as_many_as_the_first_says(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            assert server.seats == [1, 2]

    run(work)


def test_a_worker_that_dies_is_restarted_in_its_seat(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            killed, survivor = server.workers
            server.kill(killed)
            await until(lambda: killed.pid not in server.pids and len(server.pids) == 2)
            assert survivor in server.workers
            assert server.seats == [1, 2]

    run(work)


@fault("crash-loop")
def test_one_that_dies_again_and_again_is_restarted_later_and_later(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            clock, gaps = asyncio.get_running_loop().time, []
            for _ in range(4):
                (worker,) = server.workers
                server.kill(worker)
                killed = clock()
                await server.replaced([worker.pid])
                gaps.append(clock() - killed)
            assert gaps[-1] > gaps[0] + 0.5  # 0.1 and 0.8 s and the time of a start

    run(work)


async def ended(server: Running) -> str:
    """Why the supervisor ends by itself."""
    with pytest.raises(WorkerError) as caught:
        await server.serving
    return str(caught.value)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        ({"failed": "the models are gone"}, "the models are gone"),
        ({"crash": True}, "worker 1 ended with status 7; the log above may say why"),
        ({"hello": {"start_seconds": 0.2}}, "worker 1 was not loaded within 0.2 s"),
    ],
)
@fault("crash-loop")
def test_one_that_cannot_start_ends_the_server(
    tmp_path: Path, plan: dict[str, object], reason: str
) -> None:
    async def work() -> None:
        async with running(tmp_path, **plan) as server:
            assert await ended(server) == f"rosenblatt cannot start: {reason}"

    run(work)


@fault("crash-loop")
def test_no_endless_loop_of_restarts(tmp_path: Path) -> None:
    """A worker that served dies, and the next ones cannot start."""

    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            server.plan(failed="the disk is gone")
            server.kill(server.workers[0])
            why = await ended(server)
            assert why == "rosenblatt ends, for no worker keeps running: the disk is gone"

    run(work)


@fault("crash-loop")
def test_workers_that_serve_and_die_at_once_end_the_server(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            for _ in range(4):
                (worker,) = server.workers
                server.kill(worker)
                await server.replaced([worker.pid])
            server.kill(server.workers[0])
            why = await ended(server)
            assert why.startswith("rosenblatt ends, for no worker keeps running: they die again")
            assert "5 in a row" in why
            assert "worker 1 ended by SIGKILL" in why

    run(work)


def test_early_deaths_are_forgotten_when_a_worker_that_served_is_replaced(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            fleet = server.supervisor.fleet
            for long_enough in (False, True):
                fleet._early_deaths = 4
                (worker,) = server.workers
                if long_enough:
                    worker._accepting_since -= 60
                server.supervisor.reload()
                await server.replaced([worker.pid])
                assert fleet._early_deaths == (0 if long_enough else 4)

    run(work)


@pytest.mark.thorough
def test_early_deaths_do_not_end_a_server_whose_other_worker_serves(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            survivor = server.workers[0]
            for _ in range(6):
                killed = server.workers[-1]
                server.kill(killed)
                await until(lambda: killed.pid not in server.pids and len(server.pids) == 2)  # noqa: B023
            assert survivor in server.workers

    run(work)


def test_a_failed_restart_is_tried_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            server.plan(crash=True)
            killed = server.workers[0]
            server.kill(killed)
            await until(lambda: killed not in server.workers)
            server.plan(**SERVES, **PAIR)
            await until(lambda: len(server.workers) == 2)
            assert not server.serving.done()

    run(work)


def test_the_end_of_the_supervisor_ends_all(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SERVES, **PAIR) as server:
            pids = server.pids
            server.plan()  # it never loads
            server.kill(server.workers[0])
            await until(lambda: len(workers()) == 2 and workers() != set(pids))
            server.supervisor.stop()
            await server.serving
            assert not [pid for pid in pids if psutil.pid_exists(pid)]
            assert not workers()

    others = set(psutil.Process().children())  # of tests before

    def workers() -> set[int]:
        return {child.pid for child in set(psutil.Process().children()) - others}

    run(work)


def test_files_of_counts_are_private_and_gone_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def work() -> None:
        async with running(tmp_path, **SERVES) as server:
            (folder,) = tmp_path.glob("rosenblatt-*")
            assert folder.stat().st_mode & 0o777 == 0o700
            (folder / "gauge_livemostrecent_1.db").touch()
            (folder / "counter_1.db").touch()
            worker = server.workers[0]
            server.kill(worker)
            await server.replaced([worker.pid])
            assert [path.name for path in folder.iterdir()] == ["counter_1.db"]
        assert not folder.exists()

    run(work)
