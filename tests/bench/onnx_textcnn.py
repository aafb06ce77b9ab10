"""The TextCNN of the starter in ONNX Runtime, one thread, random weights: lines as run.sh prints them.

    python onnx_textcnn.py LINES.tsv SECONDS
"""
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

WIDTH, CHANNELS, KERNELS = 300, 100, (3, 4, 5)


def read(path):
    """Padded to at least the widest kernel, as [length] arrays of ids."""
    ids, texts, labels = {}, [], set()
    with open(path, encoding="utf-8") as file:
        next(file)
        for line in file:
            label, _, text = line.rstrip("\n").partition("\t")
            labels.add(label)
            words = text.lower().split()
            texts.append([ids.setdefault(word, len(ids) + 1) for word in words])
    return texts, len(ids) + 1, len(labels)


def model(words, labels):
    random = np.random.default_rng(1)

    def weight(name, *shape):
        array = random.uniform(-0.1, 0.1, shape).astype(np.float32)
        return numpy_helper.from_array(array, name)

    weights = [weight("e", words, WIDTH), weight("w", CHANNELS * len(KERNELS), labels),
               weight("b", labels)]
    nodes = [helper.make_node("Gather", ["e", "ids"], ["x"]),
             helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1])]
    for k in KERNELS:
        weights += [weight(f"w{k}", CHANNELS, WIDTH, k), weight(f"b{k}", CHANNELS)]
        nodes += [helper.make_node("Conv", ["t", f"w{k}", f"b{k}"], [f"c{k}"]),
                  helper.make_node("Relu", [f"c{k}"], [f"r{k}"]),
                  helper.make_node("GlobalMaxPool", [f"r{k}"], [f"m{k}"])]
    nodes += [helper.make_node("Concat", [f"m{k}" for k in KERNELS], ["p"], axis=1),
              helper.make_node("Flatten", ["p"], ["f"]),
              helper.make_node("Gemm", ["f", "w", "b"], ["logits"]),
              helper.make_node("Softmax", ["logits"], ["probabilities"])]
    graph = helper.make_graph(
        nodes, "textcnn", [helper.make_tensor_value_info("ids", TensorProto.INT64, ["B", "L"])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["B", labels])], weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    return made.SerializeToString()


def measure(session, texts, batch, seconds):
    """Requests padded to their longest text; texts sorted by length, which pads the least."""
    requests = []
    for first in range(0, len(texts), batch):
        some = texts[first:first + batch]
        ids = np.zeros((len(some), max(max(KERNELS), max(map(len, some)))), np.int64)
        for row, text in enumerate(some):
            ids[row, :len(text)] = text
        requests.append(ids)
    requests = [requests[i] for i in np.random.default_rng(2).permutation(len(requests))]
    times, sentences = [], 0
    for ids in requests[:10]:
        session.run(None, {"ids": ids})
    start = time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        for ids in requests[:50]:
            begin = time.perf_counter()
            session.run(None, {"ids": ids})
            times.append(time.perf_counter() - begin)
            sentences += len(ids)
    p50, p99 = np.quantile(times, (0.5, 0.99)) * 1e6
    print(f"ONNX Runtime fp32, requests of {batch}\t{sentences / sum(times)}\t{p50}\t{p99}")


def main():
    texts, words, labels = read(sys.argv[1])
    texts.sort(key=len)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model(words, labels), options,
                                           providers=["CPUExecutionProvider"])
    for batch in (50, 1):
        measure(session, texts, batch, float(sys.argv[2]))


main()
