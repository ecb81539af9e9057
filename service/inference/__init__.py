"""Running models: ONNX Runtime sessions, batching, and decoding of pictures."""
