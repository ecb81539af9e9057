"""One worker: load the models, then serve until the supervisor says otherwise."""

from __future__ import annotations

import gc
import resource
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from service.errors import StartupError
from service.supervisor.messages import Hello
from service.worker.control import SupervisedControl
from service.worker.failure import reason
from service.worker.handover import Handover
from service.worker.limits import ConnectionLimits

if TYPE_CHECKING:
    from service.http.kernel.guard import Guard
    from service.settings import Settings
    from service.worker.server import Server


def run(arguments: Sequence[str]) -> int:
    """Serve until the supervisor says otherwise; the exit status.

    Args:
        arguments: file numbers of the listening socket, of the channel to the supervisor, and of
            both ends of the handover.
    """
    sockets = [socket.socket(fileno=int(number)) for number in arguments]
    for each in sockets:
        each.set_inheritable(False)  # a child of this process must not keep the port open
    listener, end, receiving, sending = sockets
    control = SupervisedControl(end)
    try:
        hello, guard = _application(control, listener.getsockname()[0])
    except StartupError as error:
        control.failed(str(error))
        return 1
    except (ImportError, MemoryError) as error:
        control.failed(reason(error))
        return 1
    except SystemExit as error:  # service.app says in one line why it cannot serve
        control.failed(str(error.code).removeprefix("rosenblatt cannot start: "))
        return 1
    control.hello(hello)
    gc.enable()
    server = _server(control, hello, guard, Handover(receiving, sending))
    server.run([listener])
    return 0


def _server(control: SupervisedControl, hello: Hello, guard: Guard, handover: Handover) -> Server:
    from service import app, tracing
    from service.http.guard import is_monitoring, read_keys_anew
    from service.settings import open_files, settings
    from service.worker.overload import OverloadApp
    from service.worker.server import Server, configuration

    limits = _limits(settings())
    _allow_files(open_files(settings()))
    overload = OverloadApp(guard.app, is_monitoring(app.product), limits.connections)
    return Server(
        configuration(guard, hello.stop_seconds, traced=tracing.is_on(settings())),
        control,
        handover,
        hello.stop_seconds,
        limits,
        guard.around(overload),
        lambda: read_keys_anew(app.access_rules, settings()),
    )


def _limits(found: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        header_seconds=found.header_seconds,
        keep_alive_seconds=found.keep_alive_seconds,
        stall_seconds=found.timeout_seconds,
        header_bytes=found.max_header_bytes,
        connections=found.max_connections,
    )


def _allow_files(needed: int) -> None:
    """Raise this process's own limit of open files to what is needed, as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _application(control: SupervisedControl, address: str) -> tuple[Hello, Guard]:
    """What the supervisor must know, and BentoML's application behind the guard.

    Raises:
        StartupError: strangers could reach the address.
    """
    from service.worker.framework import application, configure_logging, count_as

    configure_logging()
    count_as(control.seat)
    from service import app
    from service.http.guard import check_exposure
    from service.inference import provider
    from service.settings import settings

    app.control = control
    found = settings()
    check_exposure(address, app.access_rules)
    hello = Hello(
        provider.workers(found),
        str(found.models_dir.resolve()),
        found.reload_timeout_seconds,
        # A request may take its time to arrive, and again to be answered.
        2 * found.timeout_seconds + 5,
        found.repository_poll_seconds,
        found.drain_seconds,
    )
    return hello, application(app.Rosenblatt, control.seat)
