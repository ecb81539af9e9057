"""Bring your own: a model that was trained elsewhere becomes a version of the repository.

ONNX file -> audit -> changes of the graph -> samples -> rows answered one by one -> roles ->
metrics, parity, golden samples -> manifest and card -> repository. Nothing is guessed: what neither
graph nor samples show is refused with the option that says it.
"""
