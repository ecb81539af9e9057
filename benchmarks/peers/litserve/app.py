"""LitServe as in its documentation: setup, decode, predict, encode; one worker."""

import os
from typing import Any

import litserve as ls
import numpy as np
import onnxruntime as ort


class Digits(ls.LitAPI):
    """The four verbs."""

    def setup(self, device: str) -> None:
        """Load."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = ort.InferenceSession(
            os.environ["MODEL"], options, providers=["CPUExecutionProvider"]
        )

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """JSON to pixels."""
        return np.array(request["instances"], np.uint8)

    def predict(self, x: np.ndarray) -> Any:
        """Pixels to answers."""
        return self.session.run(["label", "probabilities"], {"images": x})

    def encode_response(self, output: Any) -> dict[str, Any]:
        """Answers to JSON."""
        label, probabilities = output
        return {
            "predictions": [
                {"label": str(one), "probabilities": row}
                for one, row in zip(label, probabilities.tolist(), strict=True)
            ]
        }


if __name__ == "__main__":
    server = ls.LitServer(
        Digits(api_path="/predict"), accelerator="cpu", workers_per_device=1, fast_queue=True
    )
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
    )
