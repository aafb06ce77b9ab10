// What callers bind of a plan's programs: each takes a buffer to be as large as its name says.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "ir/parse.h"
#include "ir/plan/plan.h"
#include "tests/support/plan_fixture.h"

namespace weft {
namespace {

constexpr std::string_view kPrograms = R"(program @predict {
  symbol B <= 3
  symbol T <= 9
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  param %e : f32[5, 4]
  param %w : f32[4, 2]
  %x = embedding(%ids, %e)
  %top, %at = max_pool(%x, %offsets)
  %logits = matmul(%top, %w)
  %probabilities = softmax(%logits)
  return %logits, %probabilities
}
program @train {
  symbol B <= 3
  symbol T <= 9
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  input %labels : i32[B]
  input %rate : f32[]
  param %e : f32[5, 4]
  param %w : f32[4, 2]
  %x = embedding(%ids, %e)
  %top, %at = max_pool(%x, %offsets)
  %logits = matmul(%top, %w)
  %loss, %p = cross_entropy(%logits, %labels)
  return %loss
}
program @load {
  param %w : f32[4, 2]
  state %v : f32[4, 2] computed="load"
  %y = relu(%w)
  write %v <- %y
}
)";

// Up to where the ids are read.
constexpr std::string_view kInputs =
    "%ids : i32[T]\n  input %offsets : i32[B+1 -> T]\n  param %e : f32[5, 4]\n"
    "  param %w : f32[4, 2]\n  %x = embedding(%ids, %e)";

// What check_plan says of these programs with `from` replaced by `to` in the one named; "" if
// nothing.
std::string message(std::string_view program, std::string_view from, std::string_view to,
                    Task task = Task::single_label) {
  std::string text(kPrograms);
  const std::size_t at = text.find(from, text.find(program));
  REQUIRE(at != std::string::npos);
  text.replace(at, from.size(), to);
  Plan plan;
  plan.labels = {"bad", "good"};
  plan.task = task;
  plan.programs = planned(parse(text));
  for (const auto& [name, shape] :
       {std::pair{"e", Shape{Dim(5), Dim(4)}}, {"w", {Dim(4), Dim(2)}}}) {
    const TensorType type{DType::f32, shape, {}};
    const auto size = static_cast<std::size_t>(shape[0].value * shape[1].value);
    plan.tensors.push_back({name, type, Role::param, kept(plan, std::vector<float>(size))});
  }
  try {
    check_plan(plan);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST_CASE("a program takes what its callers give, and gives what they read") {
  struct Change {
    std::string_view program, from, to, message;
  };
  const Change changes[]{
      {"@predict", "T <= 9", "T <= 9", ""},
      {"@predict", kInputs,
       "%ids : i32[4]\n  input %words : i32[T]\n  input %offsets : i32[B+1 -> T]\n"
       "  param %e : f32[5, 4]\n  param %w : f32[4, 2]\n  %x = embedding(%words, %e)",
       "%ids is i32[4], but must be i32[T]"},
      {"@predict", "<= 9\n  input %ids : i32[T]", "<= 9\n  symbol U <= 9\n  input %ids : i32[T]",
       "nobody gives U its extent"},
      {"@predict", "  param %e", "  input %more : f32[]\n  param %e", "%more is no input"},
      {"@predict", "return %logits,", "return", "it lacks the result %logits"},
      {"@predict", ", %probabilities", "", "it lacks the result %probabilities"},
      {"@predict", "  return %logits", "  %y = relu(%w)\n  write %w <- %y\n  return %logits",
       "it writes to %w, but a program of this name only reads the model"},
      {"@predict", "return %logits", "%z = concat(%logits, %logits)\n  return %z",
       "it lacks the result %logits"},
      {"@train", "input %labels : i32[B]", "input %targets : f32[B, 2]\n  input %labels : i32[B]",
       "%targets is no input"},
      {"@train", "%rate : f32[]", "%rate : f32[B]", "%rate is f32[B], but must be f32[]"},
      {"@train", "  input %rate : f32[]\n", "", "it lacks the input %rate"},
      {"@train", "return %loss", "return %p", "it lacks the result %loss"},
      {"@load", "  param", "  input %x : f32[]\n  param", "%x is no input"},
      {"@load", "  param", "  symbol B <= 3\n  param", "nobody gives B its extent"},
  };
  for (const Change& change : changes) {
    const std::string said = message(change.program, change.from, change.to);
    CAPTURE(said);
    CAPTURE(change.message);
    CHECK(said.empty() == change.message.empty());
    CHECK(said.find(change.message) != std::string::npos);
  }
  const std::string said = message("@train", "<= 9", "<= 9", Task::multi_label);
  CHECK(said.find("it takes one label per text, but the plan gives several") != std::string::npos);
}

TEST_CASE("offsets are i32, of one axis, into rows that the caller binds") {
  const auto said = [](TensorType type) {
    Plan plan = example_plan();
    for (Value& value : plan.programs[0].values) {
      if (value.name == "offsets") value.type = type;
    }
    try {
      check_plan(plan);
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  };
  for (const TensorType& type :
       {TensorType{DType::i8, {Dim("B", 1)}, "T"}, TensorType{DType::f32, {Dim("B", 1)}, "T"},
        TensorType{DType::i32, {Dim("B", 1), Dim(1)}, "T"},
        TensorType{DType::i32, {Dim("B", 1)}, "U"},
        TensorType{DType::i32, {Dim("B", 1)}, "T.valid3"}}) {
    CHECK(said(type).find("is no type of offsets") != std::string::npos);
  }
}

}  // namespace
}  // namespace weft
