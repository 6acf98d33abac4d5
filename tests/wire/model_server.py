"""`quern serve` as a process, and small ONNX models for it to serve, made on the spot with the onnx package."""

import re
import subprocess
import time

import numpy as np
import requests

from wire.programs import Program


class ModelServer(Program):
    """Started and ready; `url` is its address, `grpc` that of gRPC as HOST:PORT if it has one."""

    def __init__(self, quern, *arguments, folder=None, settings=None, stderr=subprocess.DEVNULL):
        self.process = subprocess.Popen([quern, "serve", *map(str, arguments), "--port", "0"], cwd=folder, env=settings,
                                        stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (line, self.process.wait(timeout=30))
        self.url = line.split()[2].rstrip(";")
        self.port = int(self.url.rsplit(":", 1)[1])
        found = re.search(r"grpc://([^ ;]+)", line)
        self.grpc = found and found.group(1)
        deadline = time.monotonic() + 20
        while requests.get(self.url + "/v2/health/ready", timeout=5).status_code != 200:
            assert time.monotonic() < deadline, "the server did not become ready"

    def post(self, path, **arguments):
        return requests.post(self.url + path, timeout=60, **arguments)

    def get(self, path, **arguments):
        return requests.get(self.url + path, timeout=60, **arguments)


def refusal(quern, *arguments, folder=None):
    """What a server that cannot start says."""
    done = subprocess.run([quern, "serve", *map(str, arguments), "--port", "0"], cwd=folder, capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stderr


# Of the Open Inference Protocol, what NumPy and ONNX call it. ONNX Runtime has no identity on bfloat16.
TYPES = {"BOOL": np.bool_, "UINT8": np.uint8, "UINT16": np.uint16, "UINT32": np.uint32, "UINT64": np.uint64,
         "INT8": np.int8, "INT16": np.int16, "INT32": np.int32, "INT64": np.int64, "FP16": np.float16,
         "FP32": np.float32, "FP64": np.float64, "BYTES": np.object_}


def identity_model(path, shape=("N", 2)):
    """Every type in and the same out: IN_FP32 -> OUT_FP32."""
    from onnx import TensorProto, helper

    ins, outs, nodes = [], [], []
    for name, dtype in TYPES.items():
        kind = TensorProto.STRING if name == "BYTES" else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        ins.append(helper.make_tensor_value_info("IN_" + name, kind, shape))
        outs.append(helper.make_tensor_value_info("OUT_" + name, kind, shape))
        nodes.append(helper.make_node("Identity", ["IN_" + name], ["OUT_" + name]))
    return save(nodes, "identity", ins, outs, path)


def linear_model(path, weights=(1.0, 2.0, 3.0), bias=0.5, name="float_input"):
    """One input [N,F], as exporters write it; `variable` = its product with the weights, [N,1]."""
    from onnx import TensorProto, helper, numpy_helper

    constants = [numpy_helper.from_array(np.array(weights, np.float32).reshape(-1, 1), "W"),
                 numpy_helper.from_array(np.array([bias], np.float32), "b")]
    nodes = [helper.make_node("MatMul", [name, "W"], ["product"]), helper.make_node("Add", ["product", "b"], ["variable"])]
    return save(nodes, "linear", [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", len(weights)))],
                [helper.make_tensor_value_info("variable", TensorProto.FLOAT, ("N", 1))], path, constants)


def pictures_model(path):
    """No table: [N,2,2] and a scale [1] in, [N] sums out."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = [helper.make_node("ReduceSum", ["image", "axes"], ["sum"], keepdims=0),
             helper.make_node("Mul", ["sum", "scale"], ["scaled"])]
    return save(nodes, "pictures", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ("N", 2, 2)),
                                    helper.make_tensor_value_info("scale", TensorProto.FLOAT, (1,))],
                [helper.make_tensor_value_info("scaled", TensorProto.FLOAT, ("N",))], path,
                [numpy_helper.from_array(np.array([1, 2], np.int64), "axes")])


def odds_model(path, kind="sound"):
    """x [N,1] in, `label` [N] and `probabilities` [N,2] out: the sigmoid of x. Other kinds are as good until an input shows
    what is wrong: "nan" has no number for x < 0, "failing" breaks for x >= 8, "demanding" wants a column y."""
    from onnx import TensorProto, helper, numpy_helper

    nodes = {"sound": [helper.make_node("Identity", ["x"], ["z"])],
             "nan": [helper.make_node("Sqrt", ["x"], ["root"]), helper.make_node("Mul", ["root", "root"], ["z"])],
             "failing": [helper.make_node("Cast", ["x"], ["place"], to=TensorProto.INT64),
                         helper.make_node("GatherND", ["places", "place"], ["flat"]),
                         helper.make_node("Unsqueeze", ["flat", "axis"], ["z"])],
             "demanding": [helper.make_node("Add", ["x", "y"], ["z"])]}[kind]
    nodes += [helper.make_node("Sigmoid", ["z"], ["p"]), helper.make_node("Sub", ["one", "p"], ["q"]),
              helper.make_node("Concat", ["q", "p"], ["probabilities"], axis=1),
              helper.make_node("Greater", ["p", "half"], ["above"]), helper.make_node("Cast", ["above"], ["column"], to=TensorProto.INT64),
              helper.make_node("Squeeze", ["column", "axis"], ["label"])]
    constants = {"one": np.float32([1]), "half": np.float32([0.5]), "axis": np.int64([1])}
    if kind == "failing":
        constants["places"] = np.arange(8, dtype=np.float32)
    inputs = ["x", "y"] if kind == "demanding" else ["x"]
    return save(nodes, "odds", [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", 1)) for name in inputs],
                [helper.make_tensor_value_info("label", TensorProto.INT64, ("N",)),
                 helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ("N", 2))], path,
                [numpy_helper.from_array(value, name) for name, value in constants.items()])


def save(nodes, name, inputs, outputs, path, constants=()):
    import onnx
    from onnx import helper

    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path
