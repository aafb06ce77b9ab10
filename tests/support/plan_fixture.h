// A small plan that has some of everything, for the tests of plan files and of what reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "ir/parse.h"
#include "ir/plan/plan.h"
#include "passes/pass.h"
#include "passes/passes.h"

namespace weft {

inline constexpr const char* kForward = R"(// a classifier of one convolution
program @model optimizer="adam" beta1=0.9 {
  symbol B <= 3
  symbol T <= 17
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  input %labels : i32[B]
  param %table : f32[5, 4] init="uniform" scale=0.25
  param %w : f32[3, 4, 2] max_norm=3.0
  param %b : f32[2] decay=0
  // look up
  %x = embedding(%ids, %table) at 3:10
  %to = window_offsets(%offsets) size=3
  %z = conv1d(%x, %w, %offsets, %to, %b) padding="valid" at 4:3
  %y = relu(%z) at 4:20
  %top, %where = max_pool(%y, %to) at 5:1
  %logits = scale(%top) factor=2.0
  %probabilities = softmax(%logits)
  %loss, %p = cross_entropy(%logits, %labels) class_weights=[1.0, 2.0]
  return %loss, %logits, %probabilities
}
)";

// Keeps `data` alive through the plan and gives it out as bytes.
template <class T>
std::span<const std::byte> kept(Plan& plan, std::vector<T> data) {
  const auto owner = std::make_shared<const std::vector<T>>(std::move(data));
  plan.owners.push_back(owner);
  return std::as_bytes(std::span(*owner));
}

// Some of both pipelines: the fixture is to stay as it is when those grow.
inline Graph passed(Graph graph, const std::string& name, std::string_view passes, Plan& plan) {
  std::vector<std::string> notes;
  PassContext context{.notes = &notes};
  graph.name = name;
  graph = run_passes(std::move(graph), parse_passes(passes), context);
  for (const std::string& note : notes) plan.notes.push_back({name, note});
  return graph;
}

// The same programs, their values given places.
inline std::vector<Graph> planned(std::vector<Graph> programs) {
  PassContext context;
  for (Graph& program : programs) program = plan_memory(program, context);
  return programs;
}

// Programs @predict and @train of `forward`, with every param and state they need.
inline Plan example_plan(const std::string& forward = kForward) {
  Plan plan;
  plan.description = "model example\n# «комментарий» 注释\n";
  plan.settings = R"({"seed": 7})";
  plan.text = {"characters", false, true, 17};
  const std::string words = "<unk>the电影a";
  const auto text = kept(plan, std::vector<char>(words.begin(), words.end()));
  const auto ends = kept(plan, std::vector<std::uint32_t>{5, 8, 11, 14, 15});
  plan.vocabulary.words = {reinterpret_cast<const char*>(text.data()), text.size()};
  plan.vocabulary.ends = {reinterpret_cast<const std::uint32_t*>(ends.data()), 5};
  plan.labels = {"bad", "好"};
  plan.threshold = 0.25;
  const Graph graph = parse_one(forward);
  const std::string finish = "simplify,fuse-conv1d-bias-relu,cse,dce,plan-memory";
  plan.programs.push_back(passed(graph, "predict", "infer-only," + finish, plan));
  plan.programs.push_back(passed(graph, "train", "autodiff,optimizer-step," + finish, plan));
  const Graph& train = plan.programs.back();
  for (const Value& value : train.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    std::vector<std::int32_t> numbers(
        static_cast<std::size_t>(capacity_elements(train, value.type)));
    if (value.role == Role::param) std::iota(numbers.begin(), numbers.end(), 0x3F000000);
    plan.tensors.push_back({value.name, value.type, value.role, kept(plan, std::move(numbers))});
  }
  plan.history = {{1, 20, 0.001, 0.7, {{"accuracy", 0.5}}},
                  {2, 40, 0.0005, 0.6, {{"accuracy", 0.75}, {"macro_f1", 0.7}}}};
  return plan;
}

}  // namespace weft
