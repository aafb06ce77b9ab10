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
// Gradients' part of an op that ends with y = act(z): the gradient of z. Error if it can't be told
// from y alone (gelu).
ValueId gradient_before(const GradientView&, std::string_view act, ValueId y, ValueId dy);

double gelu(double x, bool tanh_form);

}  // namespace weft
