"""Writes test/golden/onnx: a small model as the onnx package writes it, byte for byte what `encodeModel` must give.

It has every kind of attribute, tensor and name that Kinora's graphs use.
Run: python reference/write_onnx_golden.py
"""

import json
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OUTPUT = Path(__file__).parent.parent / "test" / "golden" / "onnx"


def external(name: str, data_type: int, dims: list[int], offset: int, length: int) -> TensorProto:
    tensor = TensorProto(name=name, data_type=data_type, dims=dims)
    for key, value in dict(location="weights.bin", offset=offset, length=length).items():
        tensor.external_data.add(key=key, value=str(value))
    tensor.data_location = TensorProto.EXTERNAL
    return tensor


def model() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["block.weight"], ["weight"], "block/Cast", to=TensorProto.FLOAT),
        helper.make_node("Gemm", ["x", "weight", ""], ["product"], "block/Gemm", transB=1),
        helper.make_node("LayerNormalization", ["product", "scale"], ["norm"], "Normé", axis=-1, epsilon=1e-6),
        helper.make_node("QuickGelu", ["norm"], ["act"], "act", domain="com.microsoft", alpha=1.0),
        helper.make_node("Reshape", ["act", "shape"], ["flat"], "flat"),
        helper.make_node("Transpose", ["flat"], ["turned"], "turned", perm=[1, 0]),
        helper.make_node("Gelu", ["turned"], ["y"], "y", approximate="tanh"),
    ]
    scale = numpy.array([1.0, -0.5, 2.0, 1e-30], dtype="<f4")
    initializers = [
        external("block.weight", TensorProto.FLOAT16, [4, 200], 5_000_000_001, 1600),
        numpy_helper.from_array(scale, "scale"),
        numpy_helper.from_array(numpy.array([-1, 6], dtype="<i8"), "shape"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 200])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [6, 2])],
        initializers,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, ir_version=10, producer_name="kinora", opset_imports=opsets)


def main() -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    small = model()
    (OUTPUT / "small.onnx").write_bytes(small.SerializeToString(deterministic=True))
    manifest = {
        "command": "python reference/write_onnx_golden.py",
        "onnx": onnx.__version__,
        "model": onnx.printer.to_text(small),
    }
    (OUTPUT / "small.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
