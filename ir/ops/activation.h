// The activations that conv1d and linear can carry as `act`, by name.
#pragma once

#include <string_view>

#include "ir/op.h"

namespace weft {

// f(x) for the activation of this name; x itself for "".
double activate(std::string_view act, double x);

// Shape rules' part: fails unless the attribute `act` names an activation or is empty.
void expect_activation(const InferView&);
// Gradients' part: Error unless `act` is empty. Autodiff comes before fusion.
void expect_unfused(const GradientView&);

double gelu(double x, bool tanh_form);

}  // namespace weft
