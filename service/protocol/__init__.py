"""The Open Inference Protocol, version 2, REST: requests to tensors, tensors to responses.

Names are the specification's (kserve/open-inference-protocol, `inference_rest.md`) and those of
Triton's extensions: binary tensor data, classification, statistics, model repository index.
This package is independent of HTTP; `service.http.v2` has the routes.
"""
