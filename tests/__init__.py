"""The tests mirror the source; `http/` talks to a real server."""

import os

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several test workers share the cores. OpenMP's threads spin while they wait for one another:
    # with fewer cores than threads a training of seconds takes a minute.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")  # XGBoost asks for a thread per core
