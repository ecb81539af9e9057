"""Turns off the usage reports of ONNX Runtime, BentoML and Ray.

From its import on, ONNX Runtime 1.31 on Linux looks up its vendor's collector and writes a database
in the user's cache folder. BentoML reports each start of a server, Ray each start of a cluster.
Each library reads an environment variable, so `turn_off` must run before the library is imported:
the `__init__` of every top-level package calls it.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

OFF = {
    "ORT_DISABLE_TELEMETRY": "1",
    "BENTOML_DO_NOT_TRACK": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def turn_off(environment: MutableMapping[str, str] = os.environ) -> None:
    """Set each variable of `OFF` that is unset or empty; values that the user set are kept."""
    for name, value in OFF.items():
        if not environment.get(name):
            environment[name] = value
