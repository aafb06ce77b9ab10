// The activations that conv1d, linear and poolings can carry as their attribute `act`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/op.h"

namespace weft {

enum class Activation : std::uint8_t { none, relu, tanh, sigmoid, gelu, gelu_tanh, elu, silu };

std::string_view to_string(Activation);                       // "" for none
std::optional<Activation> find_activation(std::string_view);  // empty where there is no such name
std::vector<Activation> all_activations();                    // with none, the first

Activation act_attr(const Attrs&);  // of a node whose shape rule calls expect_activation

double activate(Activation, double x);

// Shape rules' part: fails unless the attribute `act` names an activation or is empty.
void expect_activation(const InferContext&);
// Gradients' part: Error unless `act` is empty. Autodiff comes before fusion.
void expect_unfused(const GradientContext&);
// Gradients' part of an op that ends with y = act(z): the gradient of z. Error if it can't be told
// from y alone (gelu).
ValueId gradient_before(const GradientContext&, Activation, ValueId y, ValueId dy);

double gelu(double x, bool tanh_form);

}  // namespace weft
