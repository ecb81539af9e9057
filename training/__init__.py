"""Scripts that produce the artifacts under `models/`. Start at `python -m training --help`.

One file per trainer, readable top to bottom. Imports `contract`, never `service`.
"""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime
