// Means are taken in double, so that they do not depend on the order of the epochs.
#include "frontend/train/averaging.h"

#include <cstring>
#include <utility>

#include "ir/plan/program_interface.h"
#include "runtime/resources/memory.h"

namespace weft {
namespace {

// True if predicting reads the tensor, directly or through a table made at load.
bool is_weight(const Plan& plan, const PlanTensor& tensor) {
  if (tensor.type.dtype != DType::f32) return false;
  for (const std::string_view name : {programs::kPredict, programs::kLoad}) {
    const Graph* program = plan.program(name);
    if (program != nullptr && program->find_value(tensor.name) != nullptr) return true;
  }
  return false;
}

std::size_t count_weights(const Plan& plan) {
  std::size_t bytes = 0;
  for (const PlanTensor& tensor : plan.tensors) {
    if (is_weight(plan, tensor)) bytes += tensor.bytes.size();
  }
  return bytes / sizeof(float);
}

}  // namespace

void RecentWeights::keep(std::vector<float> weights) {
  if (max_ == 0) return;
  if (epochs_.size() == max_) epochs_.pop_front();
  epochs_.push_back(std::move(weights));
}

void RecentWeights::add(const Plan& plan) {
  std::vector<float> weights(count_weights(plan));
  float* to = weights.data();
  for (const PlanTensor& tensor : plan.tensors) {
    if (!is_weight(plan, tensor) || tensor.bytes.empty()) continue;
    std::memcpy(to, tensor.bytes.data(), tensor.bytes.size());
    to += tensor.bytes.size() / sizeof(float);
  }
  keep(std::move(weights));
}

bool RecentWeights::add(std::vector<float> weights, const Plan& like) {
  if (weights.size() != count_weights(like)) return false;
  keep(std::move(weights));
  return true;
}

Plan RecentWeights::mean_in(Plan plan) const {
  const auto bytes = std::make_shared<AlignedBytes>(count_weights(plan) * sizeof(float) +
                                                    plan.tensors.size() * 64);
  std::byte* to = bytes->data();
  std::size_t at = 0;
  for (PlanTensor& tensor : plan.tensors) {
    if (!is_weight(plan, tensor)) continue;
    const std::size_t size = tensor.bytes.size(), count = size / sizeof(float);
    auto* const means = reinterpret_cast<float*>(to);
    for (std::size_t i = 0; i < count; ++i) {
      double sum = 0;
      for (const std::vector<float>& epoch : epochs_) sum += static_cast<double>(epoch[at + i]);
      means[i] = static_cast<float>(sum / static_cast<double>(epochs_.size()));
    }
    tensor.bytes = {to, size};
    to += (size + 63) / 64 * 64;
    at += count;
  }
  plan.owners.push_back(bytes);
  return plan;
}

}  // namespace weft
