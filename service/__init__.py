"""The service: bytes -> decode -> validate -> predict -> encode -> bytes.

    app        wires everything; the only file that imports bentoml
    http       what the routes of the product take and give; translates, decides nothing
    protocol   the Open Inference Protocol: requests to tensors, tensors to responses
    body       JSON bodies, parsed strictly
    inference  ONNX Runtime sessions and the loaded models
    profile    facts from a table or a zip of images; polars is imported here alone
    settings   everything that can be set, prefix ROSENBLATT_
    errors     everything that can go wrong

Imports `contract`, never `training`, and no training library.
"""

from contract.telemetry import turn_off

turn_off()  # before any module of this package imports onnxruntime

__version__ = "0.1.0"
