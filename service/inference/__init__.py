"""Models as callables: ONNX Runtime sessions, and the repository of those that are loaded."""
