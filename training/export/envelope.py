"""The envelope: what every exported graph has around its core.

    images UINT8 [-1, 28, 28] -> Cast -> core -> scores -> ArgMax           -> label INT64 [-1]
                                                  scores -> link -> 1/T -> Softmax
                                                         -> probabilities FP32 [-1, classes]

Preprocessing and calibration are inside the graph, so a server cannot do them differently.
Temperature scaling keeps the order of the scores: the label never changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, OperatorSetIdProto, TensorProto, helper, numpy_helper

OPSET = 18
ML_OPSET = 5
IR_VERSION = 10
HEIGHT = WIDTH = 28
# Shares of votes may be zero; the link is log(share + VOTE_EPSILON), a tenth of one vote.
VOTE_EPSILON = 1e-3


def core_model(
    nodes: Sequence[NodeProto],
    constants: Mapping[str, NDArray[np.generic] | np.generic],
    n_targets: int,
    extra_opsets: Sequence[OperatorSetIdProto] = (),
) -> onnx.ModelProto:
    """A core graph: `pixels` FP32 [-1, 28, 28] to `scores` FP32 [-1, n_targets]."""
    graph = helper.make_graph(
        list(nodes),
        "core",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", HEIGHT, WIDTH])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", n_targets])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET), *extra_opsets],
        ir_version=IR_VERSION,
    )


def wrap(
    core: onnx.ModelProto, *, n_classes: int, link: str, temperature: float, name: str
) -> onnx.ModelProto:
    """The full graph around `core`, checked by onnx."""
    constants = {"inverse_temperature": np.float32(1 / temperature)}
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        *core.graph.node,
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    logits = "scores"
    if link == "log":
        constants["vote_epsilon"] = np.float32(VOTE_EPSILON)
        nodes += [
            helper.make_node("Add", ["scores", "vote_epsilon"], ["votes"]),
            helper.make_node("Log", ["votes"], ["logits"]),
        ]
        logits = "logits"
    nodes += [
        helper.make_node("Mul", [logits, "inverse_temperature"], ["calibrated"]),
        helper.make_node("Softmax", ["calibrated"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", HEIGHT, WIDTH])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", n_classes]),
        ],
        [
            *core.graph.initializer,
            *(numpy_helper.from_array(np.asarray(a), key) for key, a in constants.items()),
        ],
    )
    model = helper.make_model(
        graph,
        opset_imports=list(core.opset_import),
        ir_version=max(core.ir_version, IR_VERSION),
        producer_name="rosenblatt",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def logits_of(scores: NDArray[np.float64], link: str) -> NDArray[np.float64]:
    """The same link in numpy, for fitting the temperature and for parity."""
    return np.log(scores + VOTE_EPSILON) if link == "log" else scores
