// The lists of rules, one for each kind of op. A new op is a function and a line in one of them.
#pragma once

#include <span>

#include "frontend/onnx/importer.h"

namespace weft::onnx {

std::span<const OpRule> constant_rules();     // what is known when the file is read
std::span<const OpRule> shape_rules();        // another shape, another order of axes
std::span<const OpRule> cut_rules();          // parts of a tensor
std::span<const OpRule> join_rules();         // several joined
std::span<const OpRule> elementwise_rules();  // arithmetic and comparisons of two
std::span<const OpRule> activation_rules();   // what is done to each number of one
std::span<const OpRule> layer_rules();        // convolutions, products, norms
std::span<const OpRule> pool_rules();         // pools and reductions
std::span<const OpRule> attention_rules();

// ---- Helpers that several of them need.

// The axis an attribute names, from 0 to rank - 1.
std::size_t axis_of(std::int64_t axis, std::size_t rank);

// Two shapes under ONNX's rule, aligned at their ends, and what both become. Refused if they do not
// fit.
Sizes broadcast(const Sizes& a, const Sizes& b);

// For each element of a tensor of shape `to`, in order, the element of one of shape `from` that is
// repeated there.
std::vector<std::size_t> broadcast_index(const Extents& from, const Extents& to);

// A table's rows cut: columns `begin` to `end` of x.
ValueId cut_columns(Importer&, ValueId x, std::int64_t begin, std::int64_t end);

// The numbers of input i: a shape, whose numbers may depend on the batch.
Sizes sizes_of(Importer&, const Node&, std::size_t i);
// Sizes that are known, of not too many elements in all.
std::optional<Extents> known(const Sizes&);

// q k^T, and the values that its softmax p weighs, for products of two tensors.
Scores scores_of(Importer&, const Rows& q, const Rows& k);
Rows attention_of(Importer&, const Scores& p, const Rows& v);

// A uniform number: of a pattern, or of a constant whose numbers are all equal; none otherwise.
std::optional<Number> uniform_number(const Value&);

}  // namespace weft::onnx
