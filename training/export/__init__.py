"""Fitted models as ONNX graphs: a core per kind of model, one envelope around all of them."""
