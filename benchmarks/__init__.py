"""Benchmarks: every figure in the docs comes from one of these commands."""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime
