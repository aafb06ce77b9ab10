// From the bytes of a file to nodes and weights, field by field.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "frontend/onnx/model.h"
#include "frontend/onnx/wire.h"
#include "ir/diagnostic.h"

namespace weft::onnx {
namespace {

constexpr std::int64_t kOldestOpset = 6, kNewestOpset = 26;
constexpr std::size_t kMostNodes = 1'000'000;
constexpr std::size_t kHighestRank = 8;

std::string text_of(const WireField& field, std::string_view what) {
  if (field.kind != WireField::Kind::bytes)
    fail_damaged(fmt::format("{} has no text in a name", what));
  return std::string(field.bytes);
}

std::string_view message_of(const WireField& field, std::string_view what) {
  if (field.kind != WireField::Kind::bytes) {
    fail_damaged(fmt::format("{} has a number in the place of a part", what));
  }
  return field.bytes;
}

std::int64_t integer_of(const WireField& field, std::string_view what) {
  if (field.kind != WireField::Kind::varint) {
    fail_damaged(fmt::format("{} has no integer where there should be one", what));
  }
  return static_cast<std::int64_t>(field.bits);
}

// Calls `take` for each field of a message.
template <class Take>
void for_each_field(std::string_view message, std::string_view what, Take&& take) {
  WireReader reader(message, what);
  for (WireField field; reader.next(field);) take(field);
}

using Texts = std::map<std::string, std::string, std::less<>>;

void read_entry(std::string_view message, std::string_view what, Texts& into) {
  std::string key, value;
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) key = text_of(f, what);
    if (f.number == 2) value = text_of(f, what);
  });
  if (!into.emplace(key, value).second) fail_damaged(fmt::format("{} gives `{}` twice", what, key));
}

Tensor read_stored(std::string_view message, std::string_view what) {
  Tensor tensor;
  bool external = false;
  for_each_field(message, what, [&](const WireField& f) {
    switch (f.number) {
      case 1:
        append_integers(f, what, tensor.shape);
        break;
      case 2:
        tensor.type = integer_of(f, what);
        break;
      case 4:
        append_floats(f, what, tensor.floats);
        break;
      case 5:
      case 7:
        append_integers(f, what, tensor.integers);
        break;
      case 8:
        tensor.name = text_of(f, what);
        break;
      case 9:
        tensor.raw = message_of(f, what);
        break;
      case 10:
        for (std::string_view rest = message_of(f, what); rest.size() >= sizeof(double);) {
          double value = 0;
          std::copy_n(rest.data(), sizeof value, reinterpret_cast<char*>(&value));
          tensor.doubles.push_back(value);
          rest.remove_prefix(sizeof value);
        }
        break;
      case 13:
        read_entry(message_of(f, what), what, tensor.external);
        break;
      case 14:
        external = integer_of(f, what) == 1;
        break;
      default:
        break;
    }
  });
  if (!external) tensor.external.clear();
  if (external && !tensor.external.contains("location")) {
    fail_damaged(fmt::format("{}: the weight `{}` lies in another file, but none is named", what,
                             tensor.name));
  }
  if (tensor.shape.size() > kHighestRank) {
    fail_damaged(fmt::format("{}: `{}` has {} dimensions", what, tensor.name, tensor.shape.size()));
  }
  return tensor;
}

std::pair<std::string, Attribute> read_attribute(std::string_view message, std::string_view what) {
  std::pair<std::string, Attribute> read;
  Attribute& attribute = read.second;
  for_each_field(message, what, [&](const WireField& f) {
    switch (f.number) {
      case 1:
        read.first = text_of(f, what);
        break;
      case 2: {
        std::vector<float> one;
        append_floats(f, what, one);
        if (!one.empty()) attribute.real = one.front();
        break;
      }
      case 3:
        attribute.integer = integer_of(f, what);
        break;
      case 4:
        attribute.text = text_of(f, what);
        break;
      case 5:
        attribute.tensor = read_stored(message_of(f, what), what);
        break;
      case 6:
      case 11:
        attribute.graph = true;
        break;
      case 7:
        append_floats(f, what, attribute.reals);
        break;
      case 8:
        append_integers(f, what, attribute.integers);
        break;
      default:
        break;
    }
  });
  return read;
}

void read_attribute_of(Node& node, std::string_view message, std::string_view what) {
  auto attribute = read_attribute(message, what);
  std::string name = attribute.first;
  if (!node.attributes.insert(std::move(attribute)).second) {
    fail_damaged(fmt::format("{} gives the attribute `{}` of a node twice", what, name));
  }
}

Node read_node(std::string_view message, std::string_view what) {
  Node node;
  std::string domain;
  for_each_field(message, what, [&](const WireField& f) {
    switch (f.number) {
      case 1:
        node.inputs.push_back(text_of(f, what));
        break;
      case 2:
        node.outputs.push_back(text_of(f, what));
        break;
      case 3:
        node.name = text_of(f, what);
        break;
      case 4:
        node.op = text_of(f, what);
        break;
      case 5:
        read_attribute_of(node, message_of(f, what), what);
        break;
      case 7:
        domain = text_of(f, what);
        break;
      default:
        break;
    }
  });
  if (!domain.empty() && domain != "ai.onnx") node.op = domain + "." + node.op;
  return node;
}

Dim read_dimension(std::string_view message, std::string_view what) {
  Dim dim("?");
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) dim = Dim(integer_of(f, what));
    if (f.number == 2) dim = Dim(text_of(f, what));
  });
  return dim;
}

void read_tensor_type(std::string_view message, std::string_view what, Port& port) {
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) port.type = integer_of(f, what);
    if (f.number != 2) return;
    port.has_shape = true;
    for_each_field(message_of(f, what), what, [&](const WireField& dim) {
      if (dim.number == 1) port.shape.push_back(read_dimension(message_of(dim, what), what));
    });
  });
}

Port read_port(std::string_view message, std::string_view what) {
  Port port;
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) port.name = text_of(f, what);
    if (f.number != 2) return;
    for_each_field(message_of(f, what), what, [&](const WireField& type) {
      if (type.number == 1) read_tensor_type(message_of(type, what), what, port);
    });
  });
  return port;
}

void read_graph(std::string_view message, std::string_view what, Model& model) {
  for_each_field(message, what, [&](const WireField& f) {
    switch (f.number) {
      case 1:
        if (model.nodes.size() == kMostNodes)
          fail_damaged(fmt::format("{} has too many nodes", what));
        model.nodes.push_back(read_node(message_of(f, what), what));
        break;
      case 5: {
        Tensor tensor = read_stored(message_of(f, what), what);
        std::string name = tensor.name;
        const auto [at, fresh] = model.weights.try_emplace(std::move(name), std::move(tensor));
        if (!fresh) fail_damaged(fmt::format("{} has the weight `{}` twice", what, at->first));
        break;
      }
      case 11:
        model.inputs.push_back(read_port(message_of(f, what), what));
        break;
      case 12:
        model.outputs.push_back(read_port(message_of(f, what), what));
        break;
      case 15:
        throw Error(fmt::format("{} has sparse weights", what), "export it with dense weights");
      default:
        break;
    }
  });
  std::erase_if(model.inputs, [&](const Port& port) { return model.weights.contains(port.name); });
}

void read_opset(std::string_view message, std::string_view what, Model& model) {
  std::string domain;
  std::int64_t version = 0;
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) domain = text_of(f, what);
    if (f.number == 2) version = integer_of(f, what);
  });
  if (domain.empty() || domain == "ai.onnx") model.opset = version;
}

// Functions of other domains are called by nodes that are refused by name. One of the standard's
// own domain would mean another operator by a name that weft reads.
void check_function(std::string_view message, std::string_view what) {
  std::string name, domain;
  for_each_field(message, what, [&](const WireField& f) {
    if (f.number == 1) name = text_of(f, what);
    if (f.number == 10) domain = text_of(f, what);
  });
  if (!domain.empty() && domain != "ai.onnx") return;
  throw Error(fmt::format("{} gives the operator {} a meaning of its own", what, name),
              "export it with its functions inlined");
}

const Attribute* find(const Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : &found->second;
}

}  // namespace

std::string type_name(std::int64_t number) {
  static constexpr std::array<std::string_view, 24> kNames = {
      "UNDEFINED",      "FLOAT",      "UINT8",          "INT8",       "UINT16",   "INT16",
      "INT32",          "INT64",      "STRING",         "BOOL",       "FLOAT16",  "DOUBLE",
      "UINT32",         "UINT64",     "COMPLEX64",      "COMPLEX128", "BFLOAT16", "FLOAT8E4M3FN",
      "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",      "INT4",     "FLOAT4E2M1"};
  const auto known = static_cast<std::size_t>(number);
  return number >= 0 && known < kNames.size() ? std::string(kNames[known])
                                              : fmt::format("type {}", number);
}

std::int64_t Node::integer(std::string_view attribute, std::int64_t usual) const {
  const Attribute* const found = find(*this, attribute);
  return found != nullptr ? found->integer.value_or(usual) : usual;
}

double Node::real(std::string_view attribute, double usual) const {
  const Attribute* const found = find(*this, attribute);
  return found != nullptr && found->real ? static_cast<double>(*found->real) : usual;
}

std::string Node::text(std::string_view attribute, std::string usual) const {
  const Attribute* const found = find(*this, attribute);
  return found != nullptr && found->text ? *found->text : std::move(usual);
}

std::vector<std::int64_t> Node::integers(std::string_view attribute) const {
  const Attribute* const found = find(*this, attribute);
  return found != nullptr ? found->integers : std::vector<std::int64_t>();
}

Model parse_model(std::string_view bytes, const std::string& path) {
  Model model;
  model.path = path;
  bool graph = false;
  std::string version;
  for_each_field(bytes, path, [&](const WireField& f) {
    switch (f.number) {
      case 2:
        model.producer = text_of(f, path);
        break;
      case 3:
        version = text_of(f, path);
        break;
      case 7:
        if (graph) fail_damaged(fmt::format("{} has two graphs", path));
        graph = true;
        read_graph(message_of(f, path), path, model);
        break;
      case 8:
        read_opset(message_of(f, path), path, model);
        break;
      case 14:
        read_entry(message_of(f, path), path, model.metadata);
        break;
      case 25:
        check_function(message_of(f, path), path);
        break;
      default:
        break;
    }
  });
  if (!graph) fail_damaged(fmt::format("{} holds no graph", path));
  if (!version.empty()) model.producer += " " + version;
  if (model.opset < kOldestOpset || model.opset > kNewestOpset) {
    throw Error(fmt::format("{} is written in opset {}; weft reads {} to {}", path, model.opset,
                            kOldestOpset, kNewestOpset),
                "export it with opset_version=18");
  }
  return model;
}

Model read_model(const std::string& path) {
  auto file = std::make_shared<const MappedFile>(path, /*ahead=*/false);
  const auto bytes = file->bytes();
  Model model = parse_model({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
  model.file = std::move(file);
  return model;
}

}  // namespace weft::onnx
