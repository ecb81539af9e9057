"""A server that cannot start as it is told says so in one line, and does not start."""

from __future__ import annotations

import pytest

from tests.faults import fault
from tests.http.test_start import BENTOMLS, OURS, refused
from tests.server import free_port, serve


@fault("wrong-start")
@pytest.mark.parametrize("module", [OURS, BENTOMLS], ids=["ours", "BentoML's"])
def test_an_unknown_setting_is_refused_with_the_nearest_name(
    module: tuple[str, ...],
) -> None:
    line = refused(module, str(free_port()), ROSENBLATT_WORKRES="2")
    assert line == (
        "rosenblatt cannot start: ROSENBLATT_WORKRES is no setting; did you mean "
        "ROSENBLATT_WORKERS? docs/operations.md lists the settings"
    )


def test_a_service_in_kubernetes_that_is_called_rosenblatt_starts() -> None:
    with serve(ROSENBLATT_PORT="tcp://10.0.0.1:3000", ROSENBLATT_SERVICE_HOST="10.0.0.1") as server:
        assert server.worker().pid
