// An ONNX model as its file says it: a graph of nodes in execution order, and weights.
//
// https://onnx.ai/onnx/repo-docs/IR.html
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/file.h"
#include "ir/type.h"

namespace weft::onnx {

// The numbers of TensorProto.DataType that weft reads.
enum class ElementType : std::uint8_t {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  i32 = 6,
  i64 = 7,
  boolean = 9,
  f64 = 11,
};
std::string type_name(std::int64_t number);  // FLOAT, FLOAT16 …: also those that weft does not read

// A weight or a constant. Its bytes stay in the file until they are read.
struct Tensor {
  std::string name;
  std::int64_t type = 0;  // of ElementType, or one that `read_tensor` refuses
  Extents shape;
  std::string_view raw;                // little-endian; else the numbers stand in one of the lists
  std::vector<std::int64_t> integers;  // int32_data, int64_data
  std::vector<float> floats;
  std::vector<double> doubles;
  std::map<std::string, std::string, std::less<>> external;  // location, offset, length; or none
};

struct Attribute {
  std::optional<float> real;
  std::optional<std::int64_t> integer;
  std::optional<std::string> text;
  std::optional<Tensor> tensor;
  std::vector<float> reals;
  std::vector<std::int64_t> integers;
  bool graph = false;  // a graph inside, as in If and Loop, which is not read
};

struct Node {
  std::string op;  // `Conv`, or with its domain if that is not ONNX's own: `com.microsoft.Gelu`
  std::string name;
  std::vector<std::string> inputs, outputs;  // empty: left out
  std::map<std::string, Attribute, std::less<>> attributes;

  std::int64_t integer(std::string_view attribute, std::int64_t usual) const;
  double real(std::string_view attribute, double usual) const;
  std::string text(std::string_view attribute, std::string usual) const;
  // Empty where the attribute is left out.
  std::vector<std::int64_t> integers(std::string_view attribute) const;
  bool has(std::string_view attribute) const { return attributes.contains(attribute); }
};

// An input or output of the graph. A dimension without a number has a name, or neither.
struct Port {
  std::string name;
  std::int64_t type = 0;
  bool has_shape = false;
  Shape shape;  // a symbol: the dimension's name, `?` if it has none
};

struct Model {
  std::string path;
  std::int64_t opset = 0;
  std::string producer;                                      // `pytorch 2.13.0`
  std::map<std::string, std::string, std::less<>> metadata;  // weft writes `labels`, one a line
  std::vector<Node> nodes;
  std::map<std::string, Tensor, std::less<>> weights;
  std::vector<Port> inputs, outputs;       // inputs without those that are weights
  std::shared_ptr<const MappedFile> file;  // null: the bytes are the caller's
};

// Error, naming the file, if it is no ONNX model or one of an unknown opset. Weights are checked
// when they are read.
Model read_model(const std::string& path);
Model parse_model(std::string_view bytes, const std::string& path);  // views into `bytes`

// The bytes of a file that `parse_model` reads as this. Weights whose numbers stand in lists must
// have been put into `raw`. Equal models give equal bytes.
std::string encode_model(const Model&);

// All numbers of a tensor, row-major. Error, naming it, if their count is not that of the shape, or
// the type is none of ElementType. External data is read from files in the folder of `model`: a
// location that leads out of it is refused.
std::vector<double> read_tensor(const Model&, const Tensor&);

}  // namespace weft::onnx
