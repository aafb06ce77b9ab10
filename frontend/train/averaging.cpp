// Means are taken in double, so that they do not depend on the order of the epochs.
#include "frontend/train/averaging.h"

#include <algorithm>
#include <utility>

#include "frontend/train/spill.h"
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

// A plan of nothing else, which shares their bytes.
Plan weights_of(const Plan& plan) {
  Plan weights;
  for (const PlanTensor& tensor : plan.tensors) {
    if (is_weight(plan, tensor)) weights.tensors.push_back(tensor);
  }
  return weights;
}

std::span<const float> floats_of(const PlanTensor& tensor) {
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

}  // namespace

void RecentWeights::keep(const Plan& weights) {
  if (max_ == 0) return;
  if (epochs_.size() == max_) epochs_.pop_front();
  epochs_.push_back(spilled(weights, folder_));
}

void RecentWeights::add(const Plan& plan) { keep(weights_of(plan)); }

bool RecentWeights::add(std::span<const std::byte> weights, const Plan& like) {
  Plan plan = weights_of(like);
  for (PlanTensor& tensor : plan.tensors) {
    const std::size_t size = tensor.bytes.size();
    if (weights.size() < size) return false;
    tensor.bytes = weights.first(size);
    tensor.owner = nullptr;
    weights = weights.subspan(size);
  }
  if (!weights.empty()) return false;
  keep(plan);
  return true;
}

Plan RecentWeights::mean_in(Plan plan) const {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;  // numbers
  std::size_t at = 0;                                    // in the tensors of an epoch
  for (PlanTensor& tensor : plan.tensors) {
    if (!is_weight(plan, tensor)) continue;
    const auto bytes = std::make_shared<AlignedBytes>(tensor.bytes.size());
    const std::span means(reinterpret_cast<float*>(bytes->data()), floats_of(tensor).size());
    for (std::size_t begin = 0; begin < means.size(); begin += kPiece) {
      const std::size_t end = std::min(begin + kPiece, means.size());
      for (std::size_t i = begin; i < end; ++i) {
        double sum = 0;
        for (const Plan& epoch : epochs_) {
          sum += static_cast<double>(floats_of(epoch.tensors[at])[i]);
        }
        means[i] = static_cast<float>(sum / static_cast<double>(epochs_.size()));
      }
      for (const Plan& epoch : epochs_) page_out(epoch.tensors[at]);
    }
    tensor.bytes = bytes->span();
    tensor.owner = bytes;
    ++at;
  }
  return plan;
}

}  // namespace weft
