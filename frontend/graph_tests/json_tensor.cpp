// Written by hand: the library writes doubles, with more digits than an f32 holds.
#include "frontend/graph_tests/json_tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "frontend/format/table.h"

namespace weft {
namespace {

std::string number_json(double number, DType dtype) {
  if (!std::isfinite(number)) return "null";
  if (dtype != DType::f32) return fmt::format("{:.0f}", number);
  return fmt::format("{}", static_cast<float>(number));
}

void append(std::string& text, const Tensor& tensor, DType dtype, std::size_t axis,
            std::size_t& at) {
  if (axis == tensor.shape.size()) {
    text += number_json(tensor.data[at++], dtype);
    return;
  }
  text += '[';
  for (std::int64_t i = 0; i < tensor.shape[axis]; ++i) {
    if (i > 0) text += ", ";
    append(text, tensor, dtype, axis + 1, at);
  }
  text += ']';
}

class Reader {
 public:
  Reader(std::string_view name, const TensorType& type) : name_(name), type_(type) {
    for (const Dim& dim : type.shape) {
      tensor_.shape.push_back(dim.is_static() ? dim.value : kUnknownExtent);
    }
  }

  Tensor run(const nlohmann::json& json) && {
    read(json, 0);
    return std::move(tensor_);
  }

 private:
  [[noreturn]] void fail(const std::string& message, std::string note = {}) const {
    throw Error(fmt::format("%{} : {}: {}", name_, to_string(type_), message), std::move(note));
  }

  // Appends the numbers of one list; lists before it have set extents that were not known.
  void read(const nlohmann::json& list, std::size_t axis) {
    if (axis == tensor_.shape.size()) return tensor_.data.push_back(number(list));
    if (!list.is_array()) {
      fail(fmt::format("{} stands where a list should", shortened(list.dump(), 40)),
           fmt::format("the lists are as deep as the shape is long: {}", tensor_.shape.size()));
    }
    const auto size = static_cast<std::int64_t>(list.size());
    std::int64_t& extent = tensor_.shape[axis];
    if (extent == kUnknownExtent) extent = size;
    if (extent != size) {
      fail(fmt::format("a list holds {}, but should hold {}", size, extent),
           "lists of one dimension are of one length");
    }
    for (const nlohmann::json& element : list) read(element, axis + 1);
  }

  double number(const nlohmann::json& element) const {
    if (!element.is_number()) {
      fail(fmt::format("{} is not a number", shortened(element.dump(), 40)));
    }
    const auto number = element.get<double>();
    if (type_.dtype == DType::f32) {
      const auto held = static_cast<double>(static_cast<float>(number));
      if (!std::isfinite(held)) fail(fmt::format("{} is too large for an f32", number));
      return held;
    }
    const double limit = std::ldexp(1.0, static_cast<int>(8 * size_of(type_.dtype)) - 1);
    if (number != std::floor(number) || number < -limit || number >= limit) {
      fail(fmt::format("{} is not an {}", element.dump(), to_string(type_.dtype)));
    }
    return number;
  }

  std::string_view name_;
  const TensorType& type_;
  Tensor tensor_;
};

}  // namespace

Tensor tensor_from_json(const nlohmann::json& lists, std::string_view name,
                        const TensorType& type) {
  return Reader(name, type).run(lists);
}

Tensor tensor_from_json(std::string_view json, std::string_view name, const TensorType& type) {
  return tensor_from_json(nlohmann::json::parse(json), name, type);
}

std::string json_problem(std::string_view what) {
  const std::size_t kind = what.find("] ");
  return std::string(kind == std::string_view::npos ? what : what.substr(kind + 2));
}

void check_depth(std::string_view json) {
  constexpr int kMaxDepth = 100;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '[' || c == '{')) {
      if (++depth > kMaxDepth) throw Error("the lists are more than 100 deep");
    } else if (!quoted && (c == ']' || c == '}')) {
      --depth;
    }
  }
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_of(const Tensor& tensor, DType dtype) {
  std::string text;
  std::size_t at = 0;
  append(text, tensor, dtype, 0, at);
  return text;
}

}  // namespace weft
