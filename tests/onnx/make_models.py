"""Makes the files of this folder: small classifiers with random weights, exported by PyTorch's two
exporters, and beside each NAME.onnx a NAME.txt of texts as ids and the logits that PyTorch gives
them (`1 5 2<TAB>0.25 -1.5`), so that tests need no Python.

    python3 tests/onnx/make_models.py [FOLDER]      needs torch, onnx, onnxscript, transformers
"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

VOCABULARY = 30
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)


class TextCNN(nn.Module):
    """Kim's network: Conv1d, the maximum over time, a linear layer."""

    def __init__(self, kernels=(2, 3), padding=0, pool="amax", width=6, filters=5, labels=3):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width, padding_idx=0)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, filters, k, padding=padding) for k in kernels)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(filters * len(kernels), labels)
        self.pool = {
            "amax": lambda x: x.amax(2),
            "max": lambda x: x.max(dim=2)[0],
            "adaptive": lambda x: F.adaptive_max_pool1d(x, 1).squeeze(2),
            "window": lambda x: F.max_pool1d(x, x.size(2)).squeeze(2),
            "mean": lambda x: x.mean(2),
        }[pool]

    def forward(self, ids):
        x = self.embedding(ids).transpose(1, 2)
        pooled = [self.pool(torch.relu(c(x))) for c in self.convolutions]
        return self.head(self.dropout(torch.cat(pooled, 1)))


class TextCNN2d(nn.Module):
    """The same written with Conv2d over [batch, 1, length, width], as many tutorials do."""

    def __init__(self, width=6, filters=4, labels=3):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.convolutions = nn.ModuleList(nn.Conv2d(1, filters, (k, width)) for k in (2, 3))
        self.head = nn.Linear(2 * filters, labels)

    def forward(self, ids):
        x = self.embedding(ids).unsqueeze(1)
        x = [F.relu(c(x)).squeeze(3) for c in self.convolutions]
        x = torch.cat([i.max(dim=2)[0] for i in x], 1)
        return torch.softmax(self.head(x), dim=1)


class DeepCNN(nn.Module):
    """Stacked convolutions, batch normalisation, a local pool, a residual sum and a mean."""

    def __init__(self, width=8, labels=4):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.first = nn.Conv1d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm1d(width)
        self.second = nn.Conv1d(width, width, 3, padding=1, bias=False)
        self.pool = nn.MaxPool1d(2)
        self.third = nn.Conv1d(width, 2 * width, 2, dilation=2)
        self.hidden = nn.Linear(2 * width, width)
        self.layer_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, labels)

    def forward(self, ids):
        x = self.embedding(ids).permute(0, 2, 1)
        y = torch.relu(self.norm(self.first(x)))
        x = x + torch.tanh(self.second(y)) * 0.5
        x = self.third(self.pool(x)).mean(dim=-1)
        x = F.gelu(self.hidden(x))
        return torch.sigmoid(self.head(F.silu(self.layer_norm(x)) - 0.25))


class Encoder(nn.Module):
    """PyTorch's own transformer encoder, with learned positions, and the mean of its rows."""

    def __init__(self, width=8, heads=2, longest=40, labels=2):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Embedding(longest, width)
        layer = nn.TransformerEncoderLayer(width, heads, 16, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(width, labels)

    def forward(self, ids):
        at = torch.arange(ids.size(1), device=ids.device).unsqueeze(0)
        x = self.encoder(self.words(ids) + self.positions(at))
        return self.head(x.mean(1))


def bert(attention, **sizes):
    from transformers import BertConfig, BertForSequenceClassification
    config = BertConfig(vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=1,
                        num_attention_heads=2, intermediate_size=12, max_position_embeddings=40,
                        num_labels=3, attn_implementation=attention, **sizes)
    return BertForSequenceClassification(config)


class Masked(nn.Module):
    """A model of transformers, by its tensors: ids, mask and types in, logits out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask,
                          token_type_ids=token_type_ids).logits


class MeanOfRows(nn.Module):
    """A RoBERTa whose rows are averaged under the mask, as sentence encoders do; its mask is made
    of the ids."""

    def __init__(self):
        super().__init__()
        from transformers import RobertaConfig, RobertaModel
        self.model = RobertaModel(RobertaConfig(
            vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=12, max_position_embeddings=40, type_vocab_size=1, pad_token_id=0,
            attn_implementation="eager"), add_pooling_layer=False)
        self.head = nn.Linear(8, 1)

    def forward(self, ids):
        mask = (ids != 0).long()
        rows = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).expand(rows.size()).float()
        return self.head((rows * weights).sum(1) / torch.clamp(weights.sum(1), min=1e-9))


def texts(shortest, longest):
    generator = torch.Generator().manual_seed(7)
    for length in range(shortest, longest + 1, max(1, (longest - shortest) // 6)):
        yield torch.randint(1, VOCABULARY, (1, length), generator=generator)


def logits_of(model, ids):
    if isinstance(model, Masked):
        return model(ids, torch.ones_like(ids), torch.zeros_like(ids))
    y = model(ids)
    if isinstance(model, TextCNN2d):
        return torch.log(y)  # softmax of it is y
    return torch.logit(y) if isinstance(model, DeepCNN) else y


def export(name, model, dynamo, fixed=None, external=False, shortest=4, opset=None):
    """`fixed`: the one length that the file takes; else batch and length are dynamic."""
    torch.manual_seed(sum(map(ord, name)))
    for p in model.parameters():
        nn.init.normal_(p, std=0.6 if p.dim() > 1 else 0.3)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            nn.init.normal_(module.running_mean, std=0.3)
            nn.init.uniform_(module.running_var, 0.5, 2)
    model.eval()
    path = folder / f"{name}.onnx"
    ids = torch.randint(1, VOCABULARY, (1 if fixed else 2, fixed or 9))
    inputs, names = (ids,), ["ids"]
    if isinstance(model, Masked):
        inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
        names = ["input_ids", "attention_mask", "token_type_ids"]
    common = dict(input_names=names, output_names=["logits"], dynamo=dynamo, opset_version=opset)
    if dynamo:
        if not fixed:
            shape = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", min=2, max=40)}
            common["dynamic_shapes"] = tuple(shape for _ in names)
        torch.onnx.export(model, inputs, str(path), external_data=external, verbose=False, **common)
        strip(path, external)
    else:
        if not fixed:
            common["dynamic_axes"] = {n: {0: "batch", 1: "length"} for n in names}
        torch.onnx.export(model, inputs, str(path), **common)
        strip(path, external)
    with torch.no_grad(), open(folder / f"{name}.txt", "w") as out:
        for text in texts(*((fixed, fixed) if fixed else (shortest, 18))):
            row = logits_of(model, text)[0]
            print(" ".join(str(int(i)) for i in text[0]),
                  " ".join(f"{float(v):.9g}" for v in row), sep="\t", file=out)


def strip(path, external):
    """Leaves out what a reader does not need: notes about source lines, shapes between nodes, long
    names."""
    import onnx
    model = onnx.load(str(path))
    graph = model.graph
    keep = {v.name for v in [*graph.input, *graph.output, *graph.initializer]}
    names = {}
    short = lambda name: names.setdefault(name, f"v{len(names)}") if name not in keep else name
    for node in graph.node:
        node.ClearField("doc_string")
        if len(graph.node) > 50:
            node.ClearField("name")
            node.input[:] = [name and short(name) for name in node.input]
            node.output[:] = [name and short(name) for name in node.output]
        del node.metadata_props[:]
    del graph.metadata_props[:]
    del model.metadata_props[:]
    del graph.value_info[:]
    for value in [*graph.input, *graph.output, *graph.initializer]:
        del value.metadata_props[:]
    beside = pathlib.Path(f"{path}.data")
    beside.unlink(missing_ok=True)
    if external:
        onnx.save(model, str(path), save_as_external_data=True, location=beside.name,
                  size_threshold=64)
    else:
        onnx.save(model, str(path))


def main():
    for dynamo in (False, True):
        by = "dynamo" if dynamo else "torchscript"
        export(f"textcnn_{by}", TextCNN(pool="max"), dynamo)
        export(f"textcnn2d_{by}", TextCNN2d(), dynamo)
        # The newer exporter fixes the length because of the local pool.
        export(f"deepcnn_{by}", DeepCNN(), dynamo, fixed=9 if dynamo else None, shortest=6)
        export(f"fixed_{by}", TextCNN(pool="window"), dynamo, fixed=12)
        export(f"external_{by}", TextCNN(pool="adaptive"), dynamo, external=True)
        # The older exporter fixes the length inside of its attention.
        export(f"encoder_{by}", Encoder(), dynamo, fixed=None if dynamo else 9)
        export(f"bert_{by}", Masked(bert("sdpa")), dynamo)
        # An older opset writes norms and gelu in small operations.
        export(f"bert_eager_{by}", Masked(bert("eager")), dynamo, opset=None if dynamo else 12)
        export(f"mean_{by}", MeanOfRows(), dynamo, opset=18 if dynamo else 14)


if __name__ == "__main__":
    main()
