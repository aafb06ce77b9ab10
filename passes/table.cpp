// The table of passes, made from the list, and the table of pipelines.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "passes/pass.h"
#include "passes/passes.h"

namespace weft {

namespace {

constexpr std::array kPasses = {
#define WEFT_PASS(function, name, doc) Pass{name, doc, function},
#define WEFT_REWRITE(function, name, doc) Pass{name, doc, function, /*rewrites=*/true},
#include "passes/passes.def"
};

constexpr std::array kPipelines = {
    Pipeline{"predict", "forward graph -> the program that predicts",
             "infer-only,simplify,cse,sink-activation,sink-pick,sink-mean,merge-embeddings,"
             "conv1d-to-taps,project-embedding,fold,simplify,fuse-conv1d-bias-relu,cse,dce",
             "zero-copy-concat,plan-memory"},
    Pipeline{"train", "forward graph -> the program of one training step",
             "simplify,cse,sink-activation,sink-pick,split-frozen,train-only,dedup-tokens,"
             "merge-embeddings,conv1d-to-taps,project-embedding,simplify,autodiff,optimizer-step,"
             "sparse-max-gradient,row-sparse-optimizer,fold,simplify,fuse-conv1d-bias-relu,cse,dce,"
             "recompute",
             "zero-copy-concat,plan-memory"},
    // Up to the cut both are the training program.
    Pipeline{"encode", "forward graph -> the program of its frozen encoder, where training has one",
             "simplify,cse,sink-activation,sink-pick,encode-only,fold,simplify,"
             "fuse-conv1d-bias-relu,cse,dce",
             "zero-copy-concat,plan-memory"},
    Pipeline{"head", "forward graph -> the program that predicts from what `encode` makes",
             "simplify,cse,sink-activation,sink-pick,split-frozen,infer-only,simplify,cse,"
             "merge-embeddings,conv1d-to-taps,fold,simplify,fuse-conv1d-bias-relu,cse,dce",
             "zero-copy-concat,plan-memory"},
    Pipeline{"predict-generic", "the same without the rewrites that go beyond layers",
             "infer-only,fold,simplify,fuse-conv1d-bias-relu,cse,dce", "plan-memory"},
    Pipeline{"train-generic", "the same without the rewrites that go beyond layers",
             "train-only,autodiff,optimizer-step,fold,simplify,fuse-conv1d-bias-relu,cse,dce",
             "plan-memory"},
};

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

std::span<const Pipeline> all_pipelines() { return kPipelines; }

std::string Pipeline::passes() const { return fmt::format("{},{}", rewrites, placement); }

const Pipeline* find_pipeline(std::string_view name) {
  const auto found = std::ranges::find(kPipelines, name, &Pipeline::name);
  return found == kPipelines.end() ? nullptr : &*found;
}

const Pass* find_pass(std::string_view name) {
  const auto found = std::ranges::find(kPasses, name, &Pass::name);
  return found == kPasses.end() ? nullptr : &*found;
}

}  // namespace weft
