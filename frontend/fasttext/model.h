// A supervised fastText model as its file (.bin, .ftz) has it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontend/vectors/fasttext_reader.h"
#include "ir/aligned_bytes.h"
#include "runtime/text/vocabulary.h"

namespace weft::fasttext {

using Bytes = std::shared_ptr<const AlignedBytes>;

// Rows of numbers: as they are; or as codes, in the form of ir/ops/nn/quantized.cpp.
struct Matrix {
  std::int64_t rows = 0, columns = 0;
  Bytes numbers;          // f32[rows, columns]; null: as codes
  std::int64_t part = 0;  // numbers of a row that one code stands for
  Bytes codes;            // i8[rows, ceil(columns / part)]
  Bytes codebook;         // f32[256, columns]
  Bytes norms;            // i8[rows]; null: there are none
  Bytes norm_codebook;    // f32[256]

  bool quantized() const { return numbers == nullptr; }
};

struct Model {
  FastTextArguments arguments;
  WordList words;
  std::vector<std::string> labels;         // as they are written: `__label__good`
  std::vector<std::int64_t> label_counts;  // in the data it was trained on
  bool pruned = false;                     // of the buckets, only some have a row
  std::vector<std::int32_t> kept_buckets;  // ascending, in the order of the rows behind the words
  Matrix input;                            // a row for each word, then for each bucket
  Matrix output;  // a row for each label; hierarchical: for each inner node
};

// Error, naming the file and the byte, if it is damaged; or if it is a model of word vectors or of
// a form that cannot be read.
Model read_model(const std::string& path);

}  // namespace weft::fasttext
