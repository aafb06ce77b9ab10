"""ONNX's own tests of operators that PyTorch exported, through weft: those whose ops weft has must
give the expected numbers, the others must be refused by name.

    python3 tests/onnx/operator_tests.py BUILD_FOLDER      needs onnx and numpy; skipped without

A test's model takes numbers, weft's programs take token ids. So each model is put between a table
that holds the test's input, looked up by ids, and a readout of its output as logits: the maximum
and the mean over the length, and its first and last rows.
"""

import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(0)

from weft_logits import logits_of

build = pathlib.Path(sys.argv[1])
data = pathlib.Path(onnx.__file__).parent / "backend/test/data"


def read(path):
    tensor = onnx.TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return numpy_helper.to_array(tensor)


def readout(rows):
    """Logits of [batch, length, features]."""
    return np.concatenate([rows.max(1), rows.mean(1), rows[:, 0], rows[:, -1]], 1)


class Wrapped:
    """A model between ids and logits. Of its input [batch, features, length, ..] the third dimension
    becomes the length; a matrix has a row for each text. Its other inputs become constants."""

    def __init__(self, model, x, others, y):
        graph = model.graph
        weights = {w.name for w in graph.initializer}
        inputs = [i.name for i in graph.input if i.name not in weights]
        assert len(graph.output) == 1, "it has several outputs"
        self.nodes, self.weights, self.count = [], list(graph.initializer), 0
        for name, other in zip(inputs[1:], others):
            self.weights.append(numpy_helper.from_array(other, name))
        batch, length = x.shape[0], x.shape[2] if x.ndim > 2 else 1
        self.ids = np.arange(batch * length).reshape(batch, length)
        if x.ndim == 2:
            table = x
        else:  # [batch, C, L, ..] as rows of C * ..
            table = np.moveaxis(x, 2, 1).reshape(batch * length, -1)
        rows = self.add("Gather", [self.const(table), "ids"])
        if x.ndim == 2:
            value = self.add("Gather", [rows, self.const(np.int64(0))], axis=1)
        else:
            shape = (batch, length, x.shape[1], *x.shape[3:])
            value = self.add("Reshape", [rows, self.const(np.int64(shape))])
            order = [0, 2, 1, *range(3, x.ndim)]
            value = self.add("Transpose", [value], perm=order)
        for node in graph.node:
            node.input[:] = [value if name == inputs[0] else name for name in node.input]
            self.nodes.append(node)
        value = graph.output[0].name
        if y.ndim == 2:
            self.expected = y
        elif y.ndim > 2:
            out = (y.shape[0], y.shape[2], -1)
            value = self.add("Transpose", [value], perm=[0, 2, 1, *range(3, y.ndim)])
            if y.ndim > 3:
                value = self.add("Reshape", [value, self.const(np.int64(out))])
            parts = [self.reduce(op, value) for op in ("ReduceMax", "ReduceMean")]
            parts += [self.add("Gather", [value, self.const(np.int64(i))], axis=1) for i in (0, -1)]
            value = self.add("Concat", parts, axis=1)
            self.expected = readout(np.moveaxis(y, 2, 1).reshape(out))
        else:
            raise ValueError("its output is no tensor of rows")
        inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, self.ids.shape)]
        outputs = [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)]
        made = helper.make_graph(self.nodes, "test", inputs, outputs, self.weights)
        self.model = helper.make_model(made, opset_imports=model.opset_import)

    def const(self, array):
        self.count += 1
        name = f"wrap_{self.count}"
        self.weights.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def add(self, op, inputs, **attributes):
        self.count += 1
        output = f"wrap_{self.count}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def reduce(self, op, value):
        return self.add(op, [value], axes=[1], keepdims=0)


def attempt(folder, work):
    """("equal" | "refused" | "differs" | "other", what was found)."""
    model = onnx.load(str(folder / "model.onnx"))
    sets = sorted(folder.glob("test_data_set_*"))
    x, *others = [read(file) for file in sorted(sets[0].glob("input_*.pb"))]
    y = read(sets[0] / "output_0.pb")
    if x.dtype == np.float64:
        x = x.astype(np.float32)
    onnx_file, plan = work / "model.onnx", work / "model.plan"
    plan.unlink(missing_ok=True)
    if x.dtype == np.int64 and y.ndim == 3:  # an embedding: its input is ids
        graph = model.graph
        graph.node.append(helper.make_node("ReduceMean", [graph.output[0].name], ["logits"],
                                           axes=[1], keepdims=0))
        graph.output[0].name = "logits"
        ids, expected, wrapped = x, y.mean(1), model
    elif x.dtype != np.float32 or x.ndim < 2:
        return "other", f"its input is {x.dtype}{list(x.shape)}"
    else:
        try:
            made = Wrapped(model, x, others, y)
        except (AssertionError, ValueError) as error:
            return "other", str(error)
        ids, expected, wrapped = made.ids, made.expected, made.model
    onnx.save(wrapped, str(onnx_file))
    weft = subprocess.run([str(build / "weft"), "import", str(onnx_file), "-o", str(plan), "--quiet"],
                          capture_output=True, text=True, check=False)
    if weft.returncode == 1:
        return "refused", weft.stderr.split("\n")[0].split(": ", 2)[-1]
    assert weft.returncode == 0, weft.stderr
    found = logits_of(build, plan, ids)
    if model.graph.node[-1].op_type in ("Softmax", "LogSoftmax") and y.ndim == 2:
        found = found - np.log(np.exp(found).sum(1, keepdims=True))
        expected = expected if model.graph.node[-1].op_type == "LogSoftmax" else np.log(expected)
    if model.graph.node[-1].op_type == "Sigmoid" and y.ndim == 2:
        found = 1 / (1 + np.exp(-found))
    difference = float(np.abs(found - expected).max())
    scale = max(1.0, float(np.abs(expected).max()))
    return ("equal" if difference <= 1e-5 * scale else "differs"), f"{difference:.1e}"


def main():
    counts = {}
    with tempfile.TemporaryDirectory() as work:
        for kind in ("pytorch-converted", "pytorch-operator"):
            for folder in sorted((data / kind).iterdir()):
                verdict, why = attempt(folder, pathlib.Path(work))
                counts[verdict] = counts.get(verdict, 0) + 1
                print(f"{verdict:8} {folder.name:45} {why}")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    if counts.get("differs") or counts.get("equal", 0) < 30:
        sys.exit("FAILED: a test differs, or fewer than 30 could be run")


if __name__ == "__main__":
    main()
