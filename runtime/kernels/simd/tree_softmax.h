// Vector loops of hierarchical softmax, compiled once per instruction set like those of simd.h.
#pragma once

#include <cstdint>

namespace weft::simd {

// Of n decisions: terms[2k] = sigmoid(-scores[k]) + epsilon, the left, and
// terms[2k + 1] = sigmoid(scores[k]) + epsilon, the right.
void decisions(const float* scores, float* terms, std::int64_t n, float epsilon);

// Their logarithms, exact also where a probability is too small for a float.
void log_decisions(const float* scores, float* terms, std::int64_t n, float epsilon);

// y[i] = log(x[i]); may work in place.
void log_each(const float* x, float* y, std::int64_t n);

// Of n >= 1 numbers.
float smallest(const float* x, std::int64_t n);

// scores[r] = x . rows[r], for rows of n numbers, one behind the other.
void dot_each(const float* x, const float* rows, std::int64_t count, std::int64_t n, float* scores);

}  // namespace weft::simd
