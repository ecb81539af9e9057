"""The service: bytes -> decode -> validate -> predict -> encode -> bytes.

    app               wires everything; the only file that imports bentoml
    http              what the routes of the product take and give; translates, decides nothing
    protocol          the Open Inference Protocol: requests to tensors, tensors to responses
    inference         ONNX Runtime sessions and the loaded models
    score             batch scoring
    settings          everything that can be set, prefix ROSENBLATT_
    signatures        signatures of model versions, and `sign`, which makes them
    tracing           OpenTelemetry traces, as the settings say
    strict_json       JSON bodies, parsed strictly
    translate_errors  the errors of guide and profiler as the service's own
    errors            everything that can go wrong

Imports `contract`, `guide` and `profiler`, never `training`, and no training library.
"""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime

__version__ = "0.1.0"
