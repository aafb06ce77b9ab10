// An ONNX file: refused, or a graph whose weights are those that its programs read.
#include "frontend/onnx/importer.h"
#include "ir/verify.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const onnx::Model model = onnx::parse_model(input, "fuzz/x.onnx");  // a folder that is not there
  const onnx::Imported imported = onnx::import_graph(model, "", false);
  verify(imported.graph);
  WEFT_CHECK(imported.output != kNoValue);
  for (const onnx::Weight& weight : imported.weights) {
    WEFT_CHECK(imported.graph.find_value(weight.name) != nullptr);
  }
}
