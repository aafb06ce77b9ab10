// The table of passes and the table of pipelines: what exists, in the order it usually runs.
#include <algorithm>
#include <array>

#include "passes/pass.h"
#include "passes/passes.h"

namespace weft {

namespace {

constexpr std::array kPasses = {
    Pass{"infer-only", "drop the loss, dropout and everything else that only training needs",
         infer_only},
    Pass{"sink-activation", "max-pool first, add the bias and activate after", sink_activation},
    Pass{"dedup-tokens", "look up each distinct word of a training batch once", dedup_tokens},
    Pass{"merge-embeddings", "one lookup for what is computed from lookups by the same ids",
         merge_embeddings},
    Pass{"conv1d-to-taps", "a convolution as one product with all its taps and shifted sums",
         conv1d_to_taps},
    Pass{"project-embedding", "multiply a table's rows, not the rows looked up in it",
         project_embedding},
    Pass{"autodiff", "append the gradient of the result `loss` for every trainable param",
         autodiff},
    Pass{"optimizer-step", "turn gradients into updates of the params, by the optimizer named",
         optimizer_step},
    Pass{"sparse-max-gradient", "a max-pooled convolution's gradients from its maxima alone",
         sparse_max_gradient},
    Pass{"row-sparse-optimizer",
         "update the embedding rows of the batch; others when they are next read",
         row_sparse_optimizer},
    Pass{"fold", "evaluate nodes whose inputs are constants", fold},
    Pass{"simplify", "remove what does nothing: x + 0, scale by 1, reshape of a reshape", simplify},
    Pass{"fuse-conv1d-bias-relu", "one node for conv1d or matmul, its bias and its activation",
         fuse_conv1d_bias_relu},
    Pass{"cse", "compute equal nodes once", cse},
    Pass{"dce", "remove nodes, inputs, params and symbols that no result needs", dce},
    Pass{"zero-copy-concat", "compute what is concatenated in its place there", zero_copy_concat},
    Pass{"plan-memory", "give every value its place in one arena, or in the param it replaces",
         plan_memory},
};

constexpr std::array kPipelines = {
    Pipeline{"predict", "forward graph -> the program that predicts",
             "infer-only,simplify,cse,sink-activation,merge-embeddings,conv1d-to-taps,"
             "project-embedding,fold,simplify,fuse-conv1d-bias-relu,cse,dce,zero-copy-concat,"
             "plan-memory"},
    Pipeline{"train", "forward graph -> the program of one training step",
             "simplify,cse,sink-activation,dedup-tokens,merge-embeddings,conv1d-to-taps,"
             "project-embedding,simplify,autodiff,optimizer-step,sparse-max-gradient,"
             "row-sparse-optimizer,fold,simplify,fuse-conv1d-bias-relu,cse,dce,zero-copy-concat,"
             "plan-memory"},
    Pipeline{"predict-generic", "the same without the rewrites that go beyond layers",
             "infer-only,fold,simplify,fuse-conv1d-bias-relu,cse,dce,plan-memory"},
    Pipeline{"train-generic", "the same without the rewrites that go beyond layers",
             "autodiff,optimizer-step,fold,simplify,fuse-conv1d-bias-relu,cse,dce,plan-memory"},
};

}  // namespace

std::span<const Pass> all_passes() { return kPasses; }

std::span<const Pipeline> all_pipelines() { return kPipelines; }

const Pass* find_pass(std::string_view name) {
  const auto found = std::ranges::find(kPasses, name, &Pass::name);
  return found == kPasses.end() ? nullptr : &*found;
}

}  // namespace weft
