"""The tests mirror the source; `http/` talks to a real server."""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime
