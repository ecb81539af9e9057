"""Models as callables: ONNX Runtime sessions, the loaded models, and pictures as their input."""
