// The effect of many optimizer steps on a row that gets no gradient in them, at once: closed forms,
// for the references of the catch-up ops and for their kernels.
//
// A gap is the number of such steps, the last of them being `step`. What happens in a gap depends
// on the rates of its steps, but not on the row: it is worked out once per program run for all
// gaps, from the shortest, and applied to each row that has missed that many steps.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weft {

// Past rates are kept for so many steps. When the ring begins anew all rows are brought up to
// date, so that no gap is longer.
inline constexpr std::int64_t kRateHistory = 1024;

// Adam over a gap. With r = 1 / (sqrt(v) + epsilon):
//   w' = weight * w - shift * m * r * (1 + spread * (epsilon * r)^2)   m' = mean * m   v' = square
//   * v
// Step t of a gap that begins after step s, q = t - s, moves w by
//   rate_t * sqrt(1 - beta2^t) / (1 - beta1^t) * (beta1 / sqrt(beta2))^q * m / (sqrt(v) + e_q)
// with e_q = epsilon * sqrt((1 - beta2^t) / beta2^q): all of it but e_q is free of the row's v. The
// sum over q is a mean of 1 / (sqrt(v) + e_q), whose second-order expansion about the mean of e_q
// this is: `epsilon` is that mean, `spread` the variance over its square. Where sqrt(v) is 100
// times Adam's epsilon, what is left out is 1e-7 of the move.
struct AdamGap {
  double weight = 1, shift = 0, epsilon = 1, spread = 0, mean = 1, square = 1;
};

struct AdamRule {
  double beta1, beta2, epsilon;
  double weight_decay;  // decoupled (adamw); 0 for adam
};

// Gaps 0 .. by_gap.size() - 1, of at most `step` steps; rate_of(t) is the rate of step t.
template <class RateOf>
void adam_gaps(const AdamRule& rule, std::int64_t step, RateOf rate_of, std::span<AdamGap> by_gap) {
  const double root2 = std::sqrt(rule.beta2), ratio = rule.beta1 / root2;
  double power1 = std::pow(rule.beta1, step), power2 = std::pow(rule.beta2, step);
  double sum = 0, sum_e = 0, sum_e2 = 0;  // of weights, times e_q, times e_q^2
  AdamGap gap;
  by_gap[0] = gap;
  for (std::size_t n = 1; n < by_gap.size(); ++n) {
    // The gap grows by one step at its beginning; every other step's q grows by 1.
    const double rate = rate_of(step - static_cast<std::int64_t>(n) + 1);
    const double e = rule.epsilon * std::sqrt(1 - power2);
    const double move = gap.weight * rate * std::sqrt(1 - power2) / (1 - power1);
    sum = ratio * (sum + move);
    sum_e = ratio / root2 * (sum_e + move * e);
    sum_e2 = ratio / rule.beta2 * (sum_e2 + move * e * e);
    gap.weight *= 1 - rate * rule.weight_decay;
    gap.mean *= rule.beta1;
    gap.square *= rule.beta2;
    gap.shift = sum;
    gap.epsilon = sum > 0 ? sum_e / sum : rule.epsilon;
    const double variance = sum_e > 0 ? sum_e2 / sum_e * (sum / sum_e) - 1 : 0.0;
    gap.spread = variance > 0 ? variance : 0.0;
    by_gap[n] = gap;
    power1 = rule.beta1 > 0 ? power1 / rule.beta1 : 0.0;
    power2 /= rule.beta2;
  }
}

// SGD over a gap is linear: w' = ww * w + wv * v   v' = vw * w + vv * v, v being the velocity.
struct SgdGap {
  double ww = 1, wv = 0, vw = 0, vv = 1;
};

struct SgdRule {
  double weight_decay;
  double momentum = 0;
  bool nesterov = false;
};

template <class RateOf>
void sgd_gaps(const SgdRule& rule, std::int64_t step, RateOf rate_of, std::span<SgdGap> by_gap) {
  by_gap[0] = SgdGap{};
  for (std::size_t n = 1; n < by_gap.size(); ++n) {
    const double rate = rate_of(step - static_cast<std::int64_t>(n) + 1);
    SgdGap first;  // the step at the gap's beginning: its gradient is weight_decay * w
    first.vw = rule.weight_decay;
    first.vv = rule.momentum;
    const double ahead = rule.nesterov ? rule.momentum : 1.0;
    first.ww = 1 - rate * (ahead * first.vw + (rule.nesterov ? rule.weight_decay : 0.0));
    first.wv = -rate * ahead * first.vv;
    const SgdGap rest = by_gap[n - 1];
    by_gap[n] = {rest.ww * first.ww + rest.wv * first.vw, rest.ww * first.wv + rest.wv * first.vv,
                 rest.vw * first.ww + rest.vv * first.vw, rest.vw * first.wv + rest.vv * first.vv};
  }
}

// Lion over a gap: w' = weight * w - shift * sign(m)   m' = mean * m. Without a gradient the sign
// of m stays, whatever its size.
struct LionGap {
  double weight = 1, shift = 0, mean = 1;
};

struct LionRule {
  double beta1, beta2, weight_decay;
};

template <class RateOf>
void lion_gaps(const LionRule& rule, std::int64_t step, RateOf rate_of, std::span<LionGap> by_gap) {
  by_gap[0] = LionGap{};
  for (std::size_t n = 1; n < by_gap.size(); ++n) {
    // The gap grows by one step at its beginning: what that takes from w, later steps decay.
    const double rate = rate_of(step - static_cast<std::int64_t>(n) + 1);
    const LionGap& rest = by_gap[n - 1];
    const double move = rule.beta1 > 0 ? rate * rest.weight : 0.0;  // the step is along beta1 * m
    const double later = rule.beta2 > 0 ? rest.shift : 0.0;         // if m is 0 from then on: none
    by_gap[n] = {rest.weight * (1 - rate * rule.weight_decay), move + later,
                 rest.mean * rule.beta2};
  }
}

// Adadelta over a gap: the weight stays, both means decay by this.
inline double adadelta_gap(double rho, std::int64_t gap) {
  return std::pow(rho, static_cast<double>(gap));
}

}  // namespace weft
