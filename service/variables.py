"""Environment variables with the prefix of the settings: which are settings, and which are not.

A setting whose name is misspelt would be ignored, and the service would run with its default.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

PREFIX = "ROSENBLATT_"
# Read by training, tests and benchmarks, which run in the same environment.
OTHERS = frozenset(
    {
        "ROSENBLATT_CACHE_DIR",
        "ROSENBLATT_CHROMIUM",
        "ROSENBLATT_DATA_DIR",
        "ROSENBLATT_ENCODER_DIR",
        "ROSENBLATT_PICTURES_DIR",
        "ROSENBLATT_REQUIRE_BROWSER",
        "ROSENBLATT_REQUIRE_CONTAINER",
        "ROSENBLATT_REQUIRE_DATA",
        "ROSENBLATT_REQUIRE_PROMTOOL",
        "ROSENBLATT_TABLES_DIR",
    }
)
# Kubernetes gives every container the address of each Service of its namespace, as variables that
# begin with the Service's name.
_ADDRESS = re.compile(
    r"[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_PORT = re.compile(r"(tcp|udp|sctp)://\S+")


def unknown_setting(environment: Mapping[str, str], fields: Collection[str]) -> str | None:
    """A sentence about the first variable that is no setting, or None if all are.

    Args:
        fields: the settings' names, in lower case and without the prefix.
    """
    known = {f"{PREFIX}{field.upper()}" for field in fields}
    for name in sorted(environment):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known | OTHERS:
            continue
        if not _is_address(upper, environment[name]):
            near = get_close_matches(upper.removeprefix(PREFIX).lower(), fields, 1)
            advice = f"did you mean {PREFIX}{near[0].upper()}?" if near else "unset it;"
            return f"{name} is no setting; {advice} docs/operations.md lists the settings"
    return None


def _is_address(name: str, value: str) -> bool:
    if name.endswith("_PORT") and _PORT.fullmatch(value):
        return True
    return _ADDRESS.fullmatch(name) is not None
