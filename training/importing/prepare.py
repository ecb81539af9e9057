"""From the bytes of a stranger's file to a graph that can be served: audit, then changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import ModelProto

from contract.answers import compare
from contract.batch import Batch
from contract.errors import GraphError
from contract.graph import Outline, outline
from contract.repository import check_safe
from contract.tensors import Layout, Output
from training.errors import ImportModelError
from training.importing.classes import graph_classes
from training.importing.layouts import image_layouts
from training.importing.options import Options
from training.importing.rewrite.graph import set_row
from training.importing.rewrite.images import prepend_pixels
from training.importing.rewrite.outputs import drop, open_zipmaps
from training.importing.rewrite.scores import append_sigmoid, append_softmax
from training.importing.rewrite.sizes import fix_sizes, fixed_batches, free_batch
from training.importing.running import PROBES, TOLERANCE, Runner, ask_alone, observed, spread


@dataclass
class Draft:
    """A graph on its way into the repository.

    Attributes:
        original: the bytes of the file.
        model: the graph as changed so far.
        changes: what was changed, one sentence each.
        classes: names of the classes that the graph holds; empty where it holds none.
        layouts: layout of each input that is an image.
    """

    original: bytes
    model: ModelProto
    changes: list[str]
    classes: tuple[str, ...]
    layouts: dict[str, Layout]

    @property
    def graph(self) -> bytes:
        """The bytes to be served: those of the file unless something was changed."""
        if not self.changes:
            return self.original
        data: bytes = self.model.SerializeToString(deterministic=True)
        return data


def read_graph(path: Path) -> tuple[bytes, Outline]:
    """The bytes of a file, audited before anything else looks at them.

    Raises:
        ImportModelError: it cannot be read, is no ONNX model, or is not safe.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportModelError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        seen = outline(data)
        check_safe(seen)
    except GraphError as error:
        hint = ", in torch.onnx.export by external_data=False" if "outside" in str(error) else ""
        raise ImportModelError(f"{path}: {error}{hint}") from error
    return data, seen


def prepare(data: bytes, options: Options) -> Draft:
    """Make the changes that the options ask for, and those that serving needs.

    Raises:
        ImportModelError: a change is not possible.
    """
    model = onnx.load_from_string(data)
    changes = drop(model, options.drop)
    opened, classes = open_zipmaps(model)
    changes += opened + fix_sizes(model, options.shapes)
    classes = classes or graph_classes(model)
    if options.softmax is not None:
        changes += append_softmax(model, options.softmax)
    if options.sigmoid is not None:
        changes += append_sigmoid(model, options.sigmoid)
    declared = outline(model.SerializeToString()).inputs
    layouts = image_layouts(declared, options.inputs)
    if options.pixels is not None:
        name = _only_image(layouts)
        changes += prepend_pixels(model, name, layouts[name], options.pixels)
    return Draft(data, model, changes, classes, layouts)


def _only_image(layouts: dict[str, Layout]) -> str:
    if len(layouts) != 1:
        raise ImportModelError(
            f"--pixels needs a graph with one image input, and this one has {len(layouts)}; call "
            "the input one with --input NAME=image:CHW, image:HWC or image:HW"
        )
    return next(iter(layouts))


def open_batch(draft: Draft, inputs: Batch) -> None:
    """Leave a batch that the graph fixes to one row open, if it then answers the same.

    Args:
        inputs: the samples.

    Raises:
        ImportModelError: it fixes another size, or answers otherwise in batches.
    """
    fixed = fixed_batches(draft.model, tuple(inputs))
    if not fixed:
        return
    name, size = next(iter(fixed.items()))
    what = f"input {name!r} fixes the batch to {size}"
    advice = "export the graph with a dynamic batch axis"
    if draft.model.producer_name == "pytorch":
        advice += ", in torch.onnx.export by dynamic_shapes=({0: 'batch'},)"
    if size != 1:
        raise ImportModelError(f"{what}, so it cannot answer one row; {advice}")
    probes = inputs.take(spread(len(inputs), PROBES))
    alone = ask_alone(Runner(draft.model.SerializeToString()), probes)
    free_batch(draft.model, tuple(fixed))
    graph = draft.model.SerializeToString()
    try:
        together = Runner(graph).run(probes)
    except ImportModelError as error:
        raise ImportModelError(f"{what} and fails on a larger one; {advice}") from error
    if not compare(alone, together, observed(together, outline(graph))).within(TOLERANCE):
        raise ImportModelError(f"{what} and answers a larger one otherwise; {advice}")
    draft.changes.append(
        f"The batch of {', '.join(fixed)}, fixed to 1, was left open: {len(probes)} rows are "
        "answered the same one by one and in one batch."
    )


def declare_outputs(draft: Draft, outputs: Sequence[Output]) -> None:
    """Declare the shape that an output has, where the exporter declared another."""
    declared = outline(draft.model.SerializeToString()).outputs
    for output, value in zip(outputs, draft.model.graph.output, strict=True):
        if declared[output.name].allows(output):
            continue
        set_row(value, output.row)
        draft.changes.append(
            f"Output {output.name} was declared {declared[output.name]}; it is "
            f"{list(output.shape)}, as it answers."
        )
