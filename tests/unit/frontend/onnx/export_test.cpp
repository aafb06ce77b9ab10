// Plans as ONNX files: read back, they give the same logits. The e2e test asks ONNX's checker and
// ONNX Runtime where they are installed.
#include "frontend/onnx/exporter.h"

#include <doctest/doctest.h>

#include "frontend/onnx/import_model.h"
#include "frontend/train/plan_forms.h"
#include "ir/diagnostic.h"
#include "runtime/session.h"
#include "tests/support/small_model.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

std::string refusal_of(const Plan& plan) {
  try {
    onnx::export_onnx(plan);
    return {};
  } catch (const Error& error) {
    return error.diagnostics().front().message;
  }
}

void check_round_trip(std::string_view description) {
  const Plan plan = test::small_plan(description);
  const std::string bytes = onnx::export_onnx(plan);
  CHECK(onnx::export_onnx(plan) == bytes);
  const TemporaryFile file("small.onnx", bytes);
  const Plan again = import_onnx(file.path(), {});
  CHECK(again.labels == plan.labels);
  Session one(plan, {.threads = 1}), other(again, {.threads = 1});
  const std::vector<std::int32_t> ids = {1, 2, 3, 4, 5, 6, 7, 7, 1, 3, 5, 2, 2, 8};
  const std::vector<std::int64_t> offsets = {0, 6, 7, 14};
  Predictions expected, found;
  one.predict_ids({ids, offsets}, expected);
  other.predict_ids({ids, offsets}, found);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < expected.logits(i).size(); ++k) {
      CHECK(found.logits(i)[k] == doctest::Approx(expected.logits(i)[k]).scale(1).epsilon(1e-5));
    }
  }
}

TEST_CASE("onnx: a plan that was exported and imported gives the same logits") {
  check_round_trip(test::kSmallModel);
  check_round_trip(
      "model deep\ntext tokenizer=whitespace max_tokens=12\n"
      "x = embedding(text, width=8)\n"
      "y = x | conv1d(channels=8, kernel=3) | batch_norm | gelu\n"
      "z = (x + y) | layer_norm | conv1d(channels=6, kernel=2, padding=causal, dilation=2) | elu\n"
      "a = z | max_pool(size=3, stride=1, padding=same) | silu | mean_pool\n"
      "b = y * 0.5 | tanh | max_pool\n"
      "logits = concat(a, b, z | first, z | last) | linear(8) | gelu(approximate=tanh) "
      "| linear(labels)\n"
      "output softmax(logits)\ntrain adam(rate=0.01) batch=8 epochs=1\n");
}

TEST_CASE("onnx: what cannot be exported is said") {
  const Plan plan = test::small_plan();
  CHECK(refusal_of(fold_tables(plan)).find("does not hold the weights") != std::string::npos);
  const TemporaryFile file("small.onnx", onnx::export_onnx(plan));
  CHECK(refusal_of(import_onnx(file.path(), {})).find("has no description") != std::string::npos);
}

}  // namespace
}  // namespace weft
