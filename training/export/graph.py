"""A graph under construction: nodes and constants, with names that do not clash."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from training.export.envelope import IR_VERSION, ML_OPSET, OPSET

ML = "ai.onnx.ml"
_TYPES = {
    "FP32": TensorProto.FLOAT,
    "FP64": TensorProto.DOUBLE,
    "INT64": TensorProto.INT64,
    "UINT8": TensorProto.UINT8,
    "BYTES": TensorProto.STRING,
}


class Graph:
    """Nodes in order of execution, and constants; both are added, never removed.

    Attributes:
        opset: of the standard operators; nodes of a later one raise it.
    """

    def __init__(self) -> None:
        self.opset = OPSET
        self.nodes: list[NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}
        self._count = 0

    def name(self, stem: str) -> str:
        """A new name of a tensor. Names of columns are not of this form: they have no slash."""
        self._count += 1
        return f"/{stem}_{self._count}"

    def constant(self, array: NDArray[Any] | np.generic, stem: str = "constant") -> str:
        """A constant; its name."""
        name = self.name(stem)
        self._constants[name] = np.asarray(array)
        return name

    def keep(self, name: str, array: NDArray[Any]) -> str:
        """A constant under the name that copied nodes know it by."""
        self._constants[name] = array
        return name

    def add(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """A node with one output; the output's name."""
        output = output or self.name(op.lower())
        domain = {"domain": ML} if op in ("LabelEncoder", "TreeEnsemble") else {}
        self.nodes.append(helper.make_node(op, list(inputs), [output], **domain, **attributes))
        return output

    def model(
        self, name: str, inputs: list[ValueInfoProto], outputs: list[ValueInfoProto]
    ) -> onnx.ModelProto:
        """The finished model, checked by onnx."""
        graph = helper.make_graph(
            self.nodes,
            name,
            inputs,
            outputs,
            [numpy_helper.from_array(array, key) for key, array in self._constants.items()],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", self.opset), helper.make_opsetid(ML, ML_OPSET)],
            ir_version=IR_VERSION,
            producer_name="rosenblatt",
        )
        onnx.checker.check_model(model, full_check=True)
        return model


def tensor(name: str, datatype: str, row: tuple[int, ...]) -> ValueInfoProto:
    """The declaration of an input or output with a batch axis."""
    return helper.make_tensor_value_info(name, _TYPES[datatype], ["n", *row])
