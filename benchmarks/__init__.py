"""Measurements: every figure in the docs comes from a command here."""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime
