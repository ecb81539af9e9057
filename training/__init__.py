"""Scripts that produce the models under `models/`; start with `python -m training --help`.

Each trainer is one file that reads from top to bottom. The package imports `contract`, never
`service`.
"""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime
