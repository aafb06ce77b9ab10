// From nodes and weights to the bytes of a file, message by message.
#include "frontend/onnx/model.h"
#include "frontend/onnx/wire.h"

namespace weft::onnx {
namespace {

constexpr std::int64_t kIrVersion = 8;  // of opset 15 to 18: all readers of these years know it

WireWriter written_entry(const std::string& key, const std::string& value) {
  WireWriter message;
  message.bytes(1, key);
  message.bytes(2, value);
  return message;
}

WireWriter written(const Tensor& tensor) {
  WireWriter message;
  for (const std::int64_t extent : tensor.shape) message.integer(1, extent);
  message.integer(2, tensor.type);
  message.bytes(8, tensor.name);
  if (!tensor.external.empty()) {
    for (const auto& [key, value] : tensor.external) {
      message.message(13, written_entry(key, value));
    }
    message.integer(14, 1);
  } else {
    message.bytes(9, tensor.raw);
  }
  return message;
}

// The number by which AttributeProto says of which kind it is.
enum AttributeType : std::uint8_t { kFloat = 1, kInt = 2, kString = 3, kTensor = 4, kInts = 7 };

WireWriter written(const std::string& name, const Attribute& attribute) {
  WireWriter message;
  message.bytes(1, name);
  AttributeType type = kInts;
  if (attribute.real) {
    message.real(2, *attribute.real);
    type = kFloat;
  } else if (attribute.integer) {
    message.integer(3, *attribute.integer);
    type = kInt;
  } else if (attribute.text) {
    message.bytes(4, *attribute.text);
    type = kString;
  } else if (attribute.tensor) {
    message.message(5, written(*attribute.tensor));
    type = kTensor;
  }
  for (const std::int64_t n : attribute.integers) message.integer(8, n);
  message.integer(20, type);
  return message;
}

WireWriter written(const Node& node) {
  WireWriter message;
  for (const std::string& name : node.inputs) message.bytes(1, name);
  for (const std::string& name : node.outputs) message.bytes(2, name);
  message.bytes(3, node.name);
  message.bytes(4, node.op);
  for (const auto& [name, attribute] : node.attributes)
    message.message(5, written(name, attribute));
  return message;
}

WireWriter written(const Port& port) {
  WireWriter shape;
  for (const Dim& dim : port.shape) {
    WireWriter size;
    if (dim.is_static()) {
      size.integer(1, dim.value);
    } else {
      size.bytes(2, dim.symbol);
    }
    shape.message(1, size);
  }
  WireWriter tensor, type, message;
  tensor.integer(1, port.type);
  if (port.has_shape) tensor.message(2, shape);
  type.message(1, tensor);
  message.bytes(1, port.name);
  message.message(2, type);
  return message;
}

}  // namespace

std::string encode_model(const Model& model) {
  WireWriter graph;
  for (const Node& node : model.nodes) graph.message(1, written(node));
  graph.bytes(2, "weft");
  for (const auto& [name, tensor] : model.weights) graph.message(5, written(tensor));
  for (const Port& port : model.inputs) graph.message(11, written(port));
  for (const Port& port : model.outputs) graph.message(12, written(port));
  WireWriter opset, message;
  opset.integer(2, model.opset);
  message.integer(1, kIrVersion);
  message.bytes(2, model.producer);
  message.message(7, graph);
  message.message(8, opset);
  for (const auto& [key, value] : model.metadata) message.message(14, written_entry(key, value));
  return message.text();
}

}  // namespace weft::onnx
