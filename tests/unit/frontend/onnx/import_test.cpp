// Classifiers that PyTorch exported (tests/onnx/make_models.py) against the logits that it gave,
// and files that are refused.
#include "frontend/onnx/import_model.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "frontend/onnx/model.h"
#include "frontend/onnx/wire.h"
#include "ir/diagnostic.h"
#include "ir/file.h"
#include "runtime/session.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"
#include "tests/support/temporary_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using onnx::Attribute;
using onnx::ElementType;
using onnx::Model;
using onnx::Node;

struct Golden {
  std::string text;
  std::vector<double> logits;
};

std::vector<Golden> golden_logits(const fs::path& file) {
  std::vector<Golden> golden;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    Golden one{line.substr(0, line.find('\t')), {}};
    std::istringstream numbers(line.substr(one.text.size() + 1));
    for (double number = 0; numbers >> number;) one.logits.push_back(number);
    golden.push_back(std::move(one));
  }
  return golden;
}

// Logits up to what softmax does not see, if the file's end with it.
std::vector<double> comparable(std::span<const float> logits, bool log_softmax) {
  std::vector<double> result(logits.begin(), logits.end());
  double sum = 0;
  for (const double logit : result) sum += std::exp(logit);
  for (double& logit : result) logit -= log_softmax ? std::log(sum) : 0;
  return result;
}

TEST_CASE("onnx: models of both exporters give the logits of PyTorch") {
  std::size_t models = 0;
  for (const auto& entry :
       fs::directory_iterator((test::source_folder() / "tests/onnx").string())) {
    if (entry.path().extension() != ".onnx") continue;
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    Session session(import_onnx(entry.path().string(), {}), {.threads = 1});
    const std::vector<Golden> golden =
        golden_logits(fs::path(entry.path()).replace_extension(".txt"));
    REQUIRE_FALSE(golden.empty());
    std::vector<std::string_view> texts;
    for (const Golden& one : golden) texts.push_back(one.text);
    Predictions together;
    session.predict(texts, together);
    for (std::size_t i = 0; i < golden.size(); ++i) {
      const std::vector<double> logits =
          comparable(together.logits(i), name.starts_with("textcnn2d"));
      REQUIRE(logits.size() == golden[i].logits.size());
      for (std::size_t k = 0; k < logits.size(); ++k) {
        CHECK(logits[k] == doctest::Approx(golden[i].logits[k]).scale(1).epsilon(1e-5));
      }
    }
    ++models;
  }
  CHECK(models == 18);
}

TEST_CASE("onnx: what a model ends with is the plan's task") {
  const auto plan_of = [](const char* name) {
    return import_onnx((test::source_folder() / name).string(), {});
  };
  CHECK(plan_of("tests/onnx/deepcnn_torchscript.onnx").task == Task::multi_label);  // sigmoid
  CHECK(plan_of("tests/onnx/textcnn2d_dynamo.onnx").task == Task::single_label);    // softmax
  const Plan two = plan_of("tests/onnx/mean_dynamo.onnx");                          // one number
  CHECK(two.labels == std::vector<std::string>{"label0", "label1"});
  CHECK(two.task == Task::single_label);
  CHECK(two.text.max_tokens == 39);  // of its 40 positions, RoBERTa leaves one out
  const std::string textcnn = (test::source_folder() / "tests/onnx/textcnn_dynamo.onnx").string();
  CHECK(import_onnx(textcnn, {.multi_label = true}).task == Task::multi_label);
  CHECK(import_onnx(textcnn, {.labels = {"a", "b", "c"}}).labels.back() == "c");
}

// ---- Models made here

Attribute ints(std::vector<std::int64_t> values) {
  Attribute attribute;
  attribute.integers = std::move(values);
  return attribute;
}

onnx::Tensor floats(const std::string& name, Extents shape, std::vector<float> values) {
  onnx::Tensor tensor;
  tensor.name = name;
  tensor.type = static_cast<std::int64_t>(ElementType::f32);
  tensor.shape = std::move(shape);
  static std::vector<std::unique_ptr<std::string>> bytes;
  bytes.push_back(std::make_unique<std::string>(reinterpret_cast<const char*>(values.data()),
                                                values.size() * sizeof(float)));
  tensor.raw = *bytes.back();
  return tensor;
}

Node node(std::string op, std::vector<std::string> inputs, std::string output,
          std::map<std::string, Attribute, std::less<>> attributes = {}) {
  return {std::move(op), {}, std::move(inputs), {std::move(output)}, std::move(attributes)};
}

// ids [batch, length] -> table[ids] -> the maximum over the length -> logits [batch, 2].
Model small_model() {
  Model model;
  model.path = "x.onnx";
  model.opset = 17;
  model.inputs = {{"ids", 7, true, {Dim("batch"), Dim("length")}}};
  model.outputs = {{"logits", 1, false, {}}};
  model.weights.emplace("table", floats("table", {3, 2}, {0, 0, 1, 2, 3, 1}));
  model.nodes = {node("Gather", {"table", "ids"}, "rows"),
                 node("ReduceMax", {"rows"}, "logits", {{"axes", ints({1})}})};
  model.nodes[1].attributes["keepdims"].integer = 0;
  return model;
}

std::string refusal_of(std::string_view bytes) {
  const TemporaryFile file("x.onnx", bytes);
  try {
    const Plan plan = import_onnx(file.path(), {});
    return "accepted";
  } catch (const Error& error) {
    std::string all;
    for (const Diagnostic& one : error.diagnostics()) {
      CHECK_FALSE(one.message.empty());
      all += one.message + "\n" + one.note + "\n";
    }
    return all;
  }
}
std::string refusal_of(const Model& model) { return refusal_of(onnx::encode_model(model)); }

bool says(const std::string& message, std::string_view part) {
  INFO(message);
  return message.find(part) != std::string::npos;
}

TEST_CASE("onnx: a small model is read as it was written") {
  CHECK(refusal_of(small_model()) == "accepted");
  const std::string bytes = onnx::encode_model(small_model());
  Model again = onnx::parse_model(bytes, "x.onnx");
  CHECK(onnx::encode_model(again) == bytes);
  const TemporaryFile file("x.onnx", bytes);
  Session session(import_onnx(file.path(), {}), {.threads = 1});
  const std::vector<std::string_view> texts = {"1 2", "0", "2 0 1"};
  Predictions predictions;
  session.predict(texts, predictions);
  CHECK(predictions.logits(0)[0] == 3);
  CHECK(predictions.logits(0)[1] == 2);
  CHECK(predictions.logits(1)[0] == 0);
  CHECK(predictions.logits(2)[1] == 2);
}

TEST_CASE("onnx: all unsupported ops are named at once") {
  Model model = small_model();
  model.nodes.insert(model.nodes.begin() + 1, node("LSTM", {"rows"}, "a"));
  model.nodes.insert(model.nodes.begin() + 2, node("com.microsoft.Attention", {"a"}, "b"));
  model.nodes.insert(model.nodes.begin() + 3, node("LSTM", {"b"}, "c"));
  model.nodes.back().inputs = {"c"};
  model.nodes.push_back(node("Loop", {"c"}, "unused"));
  const std::string message = refusal_of(model);
  CHECK(says(message, "ops that weft does not import: LSTM (2 times), com.microsoft.Attention\n"));
  CHECK_FALSE(says(message, "Loop"));
}

TEST_CASE("onnx: all nodes that are of a kind weft does not have are named at once") {
  Model model = small_model();
  model.nodes = {node("Gather", {"table", "ids"}, "rows"),
                 node("ReduceMax", {"rows"}, "first", {{"axes", ints({0})}}),
                 node("Transpose", {"rows"}, "second", {{"perm", ints({0, 0, 1})}}),
                 node("Add", {"first", "second"}, "logits")};
  const std::string message = refusal_of(model);
  CHECK(says(message, "`first` (ReduceMax): it pools dimension 0 of [batch, length, 2]"));
  CHECK(says(message, "`second` (Transpose): perm is no order of 3 dimensions"));
  CHECK_FALSE(says(message, "(Add)"));
}

TEST_CASE("onnx: every beginning of a file is refused, and so is other data") {
  const std::string bytes = onnx::encode_model(small_model());
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    accepted += refusal_of(std::string_view(bytes).substr(0, size)) == "accepted" ? 1 : 0;
  }
  CHECK(accepted == 0);
  CHECK(says(refusal_of("label\ttext\n"), "no ONNX model"));
  CHECK(says(refusal_of(std::string(100, '\xFF')), "a number of more than 10 bytes"));
}

TEST_CASE("onnx: graphs that do not hold together") {
  Model cyclic = small_model();
  cyclic.nodes[0] = node("Gather", {"table", "logits"}, "rows");
  CHECK(says(refusal_of(cyclic), "reads `logits`, which no input, weight or earlier node gives"));
  Model missing = small_model();
  missing.weights.clear();
  CHECK(says(refusal_of(missing), "reads `table`"));
  Model twice = small_model();
  twice.nodes.push_back(node("Relu", {"rows"}, "logits"));
  CHECK(says(refusal_of(twice), "make `logits`"));
  Model none = small_model();
  none.outputs.clear();
  CHECK(says(refusal_of(none), "has no output"));
  Model constant = small_model();
  constant.outputs[0].name = "table";
  CHECK(says(refusal_of(constant), "logits are [batch, labels]"));
  CHECK(says(refusal_of(constant), "name the output that holds them: --logits NAME"));
  Model images = small_model();
  images.inputs[0].type = 1;
  CHECK(says(refusal_of(images), "`ids` is FLOAT, not token ids"));
  Model two = small_model();
  two.inputs.push_back({"other", 7, true, {Dim("batch"), Dim("length")}});
  CHECK(says(refusal_of(two), "which is the token ids is open"));
}

// A model's file with one more field in its graph.
std::string with_in_graph(const Model& model, std::uint32_t number, const onnx::WireWriter& more) {
  constexpr std::uint32_t kGraph = 7;
  const std::string bytes = onnx::encode_model(model);
  onnx::WireReader reader(bytes, "a test");
  onnx::WireWriter result;
  for (onnx::WireField field; reader.next(field);) {
    if (field.kind == onnx::WireField::Kind::varint) {
      result.integer(field.number, static_cast<std::int64_t>(field.bits));
    } else if (field.number == kGraph) {
      onnx::WireWriter end;
      end.message(number, more);
      result.bytes(kGraph, std::string(field.bytes) + end.text());
    } else {
      result.bytes(field.number, field.bytes);
    }
  }
  return result.text();
}

TEST_CASE("onnx: what is given twice is refused, as readers differ in which they take") {
  onnx::WireWriter weight;
  weight.bytes(8, "table");
  CHECK(says(refusal_of(with_in_graph(small_model(), 5, weight)), "has the weight `table` twice"));

  onnx::WireWriter axes, relu;
  axes.bytes(1, "axes");
  relu.bytes(4, "Relu");
  relu.message(5, axes);
  relu.message(5, axes);
  CHECK(says(refusal_of(with_in_graph(small_model(), 1, relu)), "the attribute `axes` of a node"));

  onnx::WireWriter key, beside;
  key.bytes(1, "location");
  beside.bytes(8, "far");
  beside.message(13, key);
  beside.message(13, key);
  CHECK(says(refusal_of(with_in_graph(small_model(), 5, beside)), "gives `location` twice"));

  onnx::WireWriter both;
  both.integer(1, 1);
  both.integer(2, 1);
  both.bytes(4, std::string(4, '\0'));
  both.bytes(8, "bias");
  both.bytes(9, std::string(4, '\0'));
  Model added = small_model();
  added.nodes[1].outputs = {"sum"};
  added.nodes.push_back(node("Add", {"sum", "bias"}, "logits"));
  CHECK(says(refusal_of(with_in_graph(added, 5, both)), "`bias` has its numbers in two places"));
}

TEST_CASE("onnx: a function must not give an operator another meaning") {
  const auto with_function = [](std::string_view domain) {
    onnx::WireWriter function, end;
    function.bytes(1, "ReduceMax");
    if (domain != "none") function.bytes(10, domain);
    end.message(25, function);
    return onnx::encode_model(small_model()) + end.text();
  };
  for (const char* domain : {"none", "", "ai.onnx"}) {
    CHECK(says(refusal_of(with_function(domain)), "ReduceMax a meaning of its own"));
  }
  CHECK(refusal_of(with_function("pkg.other")) == "accepted");
}

TEST_CASE("onnx: a constant is one value") {
  Model model = small_model();
  model.opset = 18;
  model.nodes[1].inputs.emplace_back("axes");
  model.nodes[1].attributes.erase("axes");
  model.nodes.insert(model.nodes.begin(),
                     node("Constant", {}, "axes", {{"value_ints", ints({1})}}));
  CHECK(refusal_of(model) == "accepted");
  model.nodes[0].attributes["value_float"].real = 1.0F;
  CHECK(says(refusal_of(model), "it has several attributes, but it is one value"));
}

TEST_CASE("onnx: weights of other types, sizes and opsets") {
  Model half = small_model();
  half.weights.at("table").type = 10;
  CHECK(says(refusal_of(half), "the weight `table` is FLOAT16, which weft does not read"));
  Model huge = small_model();
  huge.weights.at("table").shape = {std::int64_t{1} << 40, std::int64_t{1} << 40};
  CHECK(says(refusal_of(huge), "which is no size"));
  huge.weights.at("table").shape = {std::int64_t{1} << 60, 1};
  CHECK(says(refusal_of(huge), "weight `table`"));
  huge.weights.at("table").shape = {-3, -2};
  CHECK(says(refusal_of(huge), "which is no size"));
  Model cut = small_model();
  cut.weights.at("table").shape = {3, 3};
  CHECK(says(refusal_of(cut), "is of [3, 3], but 24 of 36 bytes are there"));
  Model old = small_model();
  old.opset = 5;
  CHECK(says(refusal_of(old), "opset 5; weft reads 6 to 26"));
  Model infinite = small_model();
  infinite.weights.at("table") = floats("table", {3, 2}, {0, 0, 1, 2, INFINITY, 1});
  CHECK(says(refusal_of(infinite), "infinite or not a number"));
}

TEST_CASE("onnx: external data stays in the folder of the model, and in its file") {
  const TemporaryFolder folder;
  const fs::path inside = fs::path(folder / "model");
  fs::create_directories(inside / "deep");
  const std::vector<float> numbers = {0, 0, 1, 2, 3, 1};
  const std::string bytes(reinterpret_cast<const char*>(numbers.data()), 24);
  write_file((inside / "data").string(), "xxxx" + bytes);
  write_file((inside / "deep" / "data").string(), bytes);
  write_file((fs::path(folder / "outside")).string(), bytes);
  fs::create_symlink("../outside", inside / "link");
  const auto attempt = [&](const std::map<std::string, std::string, std::less<>>& external) {
    Model model = small_model();
    model.weights.at("table").raw = {};
    model.weights.at("table").external = external;
    const std::string path = (inside / "x.onnx").string();
    write_file(path, onnx::encode_model(model));
    try {
      const Plan plan = import_onnx(path, {});
      return std::string("accepted");
    } catch (const Error& error) {
      return error.diagnostics().front().message;
    }
  };
  CHECK(attempt({{"location", "data"}, {"offset", "4"}, {"length", "24"}}) == "accepted");
  CHECK(attempt({{"location", "data"}, {"offset", "4"}}) == "accepted");
  CHECK(attempt({{"location", "deep/data"}}) == "accepted");
  const auto outside = [&](const std::string& location) {
    return says(attempt({{"location", location}}), "which is not in the folder of the model");
  };
  CHECK(outside("../outside"));
  CHECK(outside("deep/../../outside"));
  CHECK(outside("link"));
  CHECK(outside((fs::path(folder / "outside")).string()));
  CHECK(outside((inside / "data").string()));
  CHECK(outside(""));
  CHECK(says(attempt({{"location", "data"}, {"offset", "8"}}),
             "lies in 24 bytes from byte 8 of `data`, which has 28"));
  CHECK(says(attempt({{"location", "data"}, {"offset", "18446744073709551615"}}),
             "of `data`, which has 28"));
  CHECK(says(attempt({{"location", "data"}, {"offset", "-1"}}), "which is no number"));
  CHECK(says(attempt({{"location", "data"}, {"offset", "4"}, {"length", "20"}}), "20 of 24 bytes"));
  CHECK(says(attempt({{"location", "nothing"}}), "nothing"));
  CHECK(says(attempt({{"location", std::string("deep/data\0", 10)}}), "a NUL character"));
  CHECK(says(attempt({{"location", "deep"}}), "deep"));
  CHECK(says(attempt({{"offset", "4"}}), "lies in another file, but none is named"));
}

}  // namespace
}  // namespace weft
