// The kernel of each op, for the table in kernels.cpp; null where a node's types are not for it.
#pragma once

#include "runtime/kernels/kernel.h"

namespace weft {

using KernelPtr = std::unique_ptr<Kernel>;

// conv1d.cpp
KernelPtr make_conv1d(const BindContext&);
KernelPtr make_conv1d_input_grad(const BindContext&);
KernelPtr make_conv1d_weight_grad(const BindContext&);

// matmul.cpp
KernelPtr make_linear(const BindContext&);
KernelPtr make_matmul(const BindContext&);

// elementwise.cpp
KernelPtr make_relu(const BindContext&);
KernelPtr make_tanh(const BindContext&);
KernelPtr make_sigmoid(const BindContext&);
KernelPtr make_gelu(const BindContext&);
KernelPtr make_elu(const BindContext&);
KernelPtr make_scale(const BindContext&);
KernelPtr make_relu_grad(const BindContext&);
KernelPtr make_tanh_grad(const BindContext&);
KernelPtr make_sigmoid_grad(const BindContext&);
KernelPtr make_gelu_grad(const BindContext&);
KernelPtr make_elu_grad(const BindContext&);
KernelPtr make_add(const BindContext&);
KernelPtr make_sub(const BindContext&);
KernelPtr make_mul(const BindContext&);
KernelPtr make_bias_add(const BindContext&);

// embedding.cpp
KernelPtr make_embedding(const BindContext&);
KernelPtr make_embedding_grad(const BindContext&);

// pool.cpp
KernelPtr make_max_pool(const BindContext&);
KernelPtr make_max_pool_grad(const BindContext&);
KernelPtr make_mean_pool(const BindContext&);
KernelPtr make_mean_pool_grad(const BindContext&);
KernelPtr make_local_max_pool(const BindContext&);
KernelPtr make_local_max_pool_grad(const BindContext&);
KernelPtr make_local_mean_pool(const BindContext&);
KernelPtr make_local_mean_pool_grad(const BindContext&);
KernelPtr make_window_offsets(const BindContext&);
KernelPtr make_mask_empty_sequences(const BindContext&);

// tap_table.cpp
KernelPtr make_tap_table(const BindContext&);
KernelPtr make_tap_table_input_grad(const BindContext&);
KernelPtr make_tap_table_weight_grad(const BindContext&);
KernelPtr make_quantize_taps(const BindContext&);

// tap_pool.cpp
KernelPtr make_tap_max_pool(const BindContext&);
KernelPtr make_tap_max_pool_grad(const BindContext&);

// tap_sum.cpp
KernelPtr make_tap_mean_pool(const BindContext&);
KernelPtr make_tap_sum(const BindContext&);
KernelPtr make_tap_sum_grad(const BindContext&);

// sparse_taps.cpp
KernelPtr make_sparse_tap_input_grad(const BindContext&);
KernelPtr make_sparse_tap_weight_grad(const BindContext&);

// unique.cpp
KernelPtr make_unique(const BindContext&);

// shape.cpp
KernelPtr make_constant(const BindContext&);
KernelPtr make_concat(const BindContext&);
KernelPtr make_slice(const BindContext&);
KernelPtr make_slice_grad(const BindContext&);
KernelPtr make_reshape(const BindContext&);

// random.cpp
KernelPtr make_dropout(const BindContext&);
KernelPtr make_token_dropout(const BindContext&);

// softmax.cpp
KernelPtr make_softmax(const BindContext&);
KernelPtr make_log_softmax(const BindContext&);
KernelPtr make_softmax_grad(const BindContext&);
KernelPtr make_log_softmax_grad(const BindContext&);

// loss.cpp
KernelPtr make_cross_entropy(const BindContext&);
KernelPtr make_cross_entropy_grad(const BindContext&);
KernelPtr make_binary_cross_entropy(const BindContext&);
KernelPtr make_binary_cross_entropy_grad(const BindContext&);

// reduce.cpp
KernelPtr make_reduce_sum(const BindContext&);
KernelPtr make_reduce_mean(const BindContext&);
KernelPtr make_broadcast_like(const BindContext&);
KernelPtr make_reduce_mean_grad(const BindContext&);
KernelPtr make_reduce_max(const BindContext&);
KernelPtr make_reduce_max_grad(const BindContext&);

// norm.cpp
KernelPtr make_layer_norm(const BindContext&);
KernelPtr make_layer_norm_grad(const BindContext&);
KernelPtr make_batch_norm(const BindContext&);
KernelPtr make_batch_norm_grad(const BindContext&);
KernelPtr make_batch_norm_inference(const BindContext&);

// clip.cpp
KernelPtr make_clip(const BindContext&);
KernelPtr make_clip_factor(const BindContext&);
KernelPtr make_scale_by(const BindContext&);

// optimizer.cpp
KernelPtr make_adam(const BindContext&);
KernelPtr make_adamw(const BindContext&);
KernelPtr make_sgd(const BindContext&);
KernelPtr make_momentum_sgd(const BindContext&);
KernelPtr make_adadelta(const BindContext&);
KernelPtr make_increment(const BindContext&);
KernelPtr make_max_norm(const BindContext&);

// row_optimizer.cpp
KernelPtr make_row_sgd(const BindContext&);
KernelPtr make_row_momentum_sgd(const BindContext&);
KernelPtr make_row_adam(const BindContext&);
KernelPtr make_row_adamw(const BindContext&);
KernelPtr make_row_adadelta(const BindContext&);
KernelPtr make_record_rate(const BindContext&);

// row_optimizer_catch_up.cpp
KernelPtr make_row_sgd_catch_up(const BindContext&);
KernelPtr make_row_momentum_sgd_catch_up(const BindContext&);
KernelPtr make_row_adam_catch_up(const BindContext&);
KernelPtr make_row_adamw_catch_up(const BindContext&);
KernelPtr make_row_adadelta_catch_up(const BindContext&);

}  // namespace weft
