"""Tiny ONNX models with the names and shapes of Segment Anything's, whose answers can be computed.

The encoder pools the image's channels. The decoder's masks are where the red channel is above or below
the mean; its `low_res_masks` tell what it was given: the mask before, and the sums of points and labels.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, CELLS, CHANNELS = 1024, 64, 256
OPSET = [helper.make_opsetid("", 17)]
FLOAT = TensorProto.FLOAT
SCORES = (0.1, 0.9, 0.3, 0.2)
INPUTS = {
    "image_embeddings": [1, CHANNELS, CELLS, CELLS],
    "point_coords": [1, "num_points", 2],
    "point_labels": [1, "num_points"],
    "mask_input": [1, 1, 4 * CELLS, 4 * CELLS],
    "has_mask_input": [1],
    "orig_im_size": [2],
}
OUTPUTS = ("masks", "iou_predictions", "low_res_masks")


def constant(name, value, kind=np.float32):
    return numpy_helper.from_array(np.array(value, dtype=kind), name)


def write(path, nodes, inputs, outputs, constants):
    taken = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()]
    given = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs.items()]
    graph = helper.make_graph(nodes, "tiny", taken, given, constants)
    model = helper.make_model(graph, opset_imports=OPSET, ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


def write_encoder(path, name="images", shape=(1, 3, SIDE, SIDE), channels=CHANNELS):
    """Means of 16 x 16 pixels of red, green and blue; the other channels are 0."""
    nodes = [
        helper.make_node(
            "AveragePool", [name], ["pooled"], kernel_shape=[16, 16], strides=[16, 16]
        ),
        helper.make_node("Pad", ["pooled", "pads"], ["embeddings"]),
    ]
    pads = constant("pads", [0, 0, 0, 0, 0, channels - shape[1], 0, 0], np.int64)
    cells = [side // 16 if isinstance(side, int) else None for side in shape[2:]]
    return write(
        path, nodes, {name: list(shape)}, {"embeddings": [shape[0], channels, *cells]}, [pads]
    )


def write_decoder(path, changed=None, left_out=()):
    """Masks in the size of the image, as the published graph brings them there."""
    node = helper.make_node
    nodes = [
        node("Slice", ["image_embeddings", "0", "1", "axis"], ["red"]),
        node("Resize", ["red", "", "", "square"], ["large"], mode="linear"),
        # Without the padding: the part that the image takes.
        node("ReduceMax", ["orig_im_size"], ["longest"], keepdims=0),
        node("Div", ["side", "longest"], ["scale"]),
        node("Mul", ["orig_im_size", "scale"], ["scaled"]),
        node("Add", ["scaled", "half"], ["more"]),
        node("Floor", ["more"], ["floored"]),
        node("Cast", ["floored"], ["ends"], to=TensorProto.INT64),
        node("Slice", ["large", "starts", "ends", "axes"], ["cropped"]),
        node("Cast", ["orig_im_size"], ["pixels"], to=TensorProto.INT64),
        node("Concat", ["ones", "pixels"], ["full"], axis=0),
        node("Resize", ["cropped", "", "", "full"], ["logit"], mode="linear"),
        node("Mul", ["logit", "signs"], ["masks"]),
        node("Identity", ["scores"], ["iou_predictions"]),
        node("ReduceSum", ["point_coords"], ["sum_coords"], keepdims=0),
        node("ReduceSum", ["point_labels"], ["sum_labels"], keepdims=0),
        node("Mul", ["sum_labels", "weight"], ["weighed"]),
        node("Add", ["sum_coords", "weighed"], ["sum"]),
        node("Mul", ["mask_input", "has_mask_input"], ["before"]),
        node("Add", ["before", "sum"], ["single"]),
        node("Concat", ["single"] * 4, ["low_res_masks"], axis=1),
    ]
    ints = {"0": [0], "1": [1], "axis": [1], "starts": [0, 0], "axes": [2, 3], "ones": [1, 1]}
    ints["square"] = [1, 1, SIDE, SIDE]
    floats = {"side": SIDE, "half": 0.5, "weight": 10_000, "scores": [SCORES]}
    floats["signs"] = np.reshape([-1, 1, -1, -1], (1, 4, 1, 1))
    constants = [constant(name, value, np.int64) for name, value in ints.items()]
    constants += [constant(name, value) for name, value in floats.items()]
    outputs = {
        "masks": [1, 4, None, None],
        "iou_predictions": [1, 4],
        "low_res_masks": [1, 4, 4 * CELLS, 4 * CELLS],
    }
    kept = {name: shape for name, shape in outputs.items() if name not in left_out}
    return write(path, nodes, INPUTS | (changed or {}), kept, constants)
