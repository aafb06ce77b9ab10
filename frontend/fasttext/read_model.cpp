// Reads a model front to back. Every count in the file is checked against those before it.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "frontend/fasttext/model.h"
#include "ir/diagnostic.h"
#include "ir/finite.h"

namespace weft::fasttext {
namespace {

constexpr std::int64_t kCodes = 256;

class ModelReader {
 public:
  explicit ModelReader(const std::string& path)
      : file_(path, ByteSource::Pipes::refused), in_(file_) {}

  Model read() {
    model_.arguments = in_.arguments();
    expect_classifier();
    read_dictionary();
    read_matrices();
    if (!file_.ahead(1).empty()) in_.damaged("there is more than the model");
    return std::move(model_);
  }

 private:
  void expect_classifier() const {
    if (model_.arguments.model == FastTextModel::supervised) return;
    in_.fail("this fastText model has word vectors, but no labels",
             "give it as vectors: weft train MODEL --data FILE --vectors THIS -o PLAN");
  }

  void read_dictionary() {
    const FastTextDictionary sizes = in_.dictionary([&](const FastTextEntry& entry) {
      if (entry.word.empty()) in_.damaged("an entry of the dictionary is empty");
      if (!entry.label) return add_word(entry.word);
      model_.labels.emplace_back(entry.word);
      model_.label_counts.push_back(entry.count);
    });
    if (sizes.labels == 0) in_.damaged("the model has no labels");
    if (sizes.words == 0) in_.damaged("the model has no words");
    model_.pruned = sizes.kept_buckets >= 0;
    if (model_.pruned) read_kept_buckets(sizes.kept_buckets);
  }

  void add_word(std::string_view word) {
    const std::uint64_t hash = hash_word(word);
    const auto spelling = [&](std::uint32_t number) { return model_.words[number]; };
    if (index_.find(word, hash, spelling) != WordIndex::kAbsent) {
      in_.damaged(fmt::format("the word `{}` is there twice", word));
    }
    index_.insert(hash, static_cast<std::uint32_t>(model_.words.size()),
                  [&](std::uint32_t number) { return hash_word(model_.words[number]); });
    model_.words.add(word);
  }

  // The file gives each bucket that was kept the number of its row behind the words.
  void read_kept_buckets(std::int64_t count) {
    constexpr std::string_view kWhat = "the list of buckets";
    row_buckets_.clear();
    std::vector<std::pair<std::int32_t, std::int32_t>> kept;  // row, bucket
    for (std::int64_t i = 0; i < count; ++i) {
      const auto bucket = in_.take<std::int32_t>(kWhat);
      kept.emplace_back(in_.take<std::int32_t>(kWhat), bucket);
      if (bucket < 0 || bucket >= model_.arguments.buckets) {
        in_.damaged(fmt::format("bucket {} of {} was kept", bucket, model_.arguments.buckets));
      }
    }
    std::ranges::sort(kept);
    for (std::size_t row = 0; row < kept.size(); ++row) {
      if (kept[row].first != static_cast<std::int32_t>(row)) {
        in_.damaged(fmt::format("the rows of {} buckets are not numbered from 0", kept.size()));
      }
      row_buckets_.push_back(kept[row].second);
    }
    model_.kept_buckets = row_buckets_;
    std::ranges::sort(model_.kept_buckets);
    if (std::ranges::adjacent_find(model_.kept_buckets) != model_.kept_buckets.end()) {
      in_.damaged("a bucket was kept twice");
    }
  }

  void read_matrices() {
    const auto words = static_cast<std::int64_t>(model_.words.size());
    const std::int64_t buckets =
        model_.pruned ? std::ssize(model_.kept_buckets) : model_.arguments.buckets;
    const auto labels = static_cast<std::int64_t>(model_.labels.size());
    const bool coded_input = take_flag("the first matrix");
    if (model_.pruned && !coded_input) in_.damaged("buckets were left out, but nothing quantised");
    model_.input = read_matrix(coded_input, words + buckets, "the first matrix");
    sort_kept_rows(model_.input, words);
    const bool coded_output = take_flag("the second matrix");
    model_.output = read_matrix(coded_input && coded_output, labels, "the second matrix");
  }

  bool take_flag(std::string_view what) {
    const auto flag = in_.take<std::uint8_t>(what);
    if (flag > 1) in_.damaged(fmt::format("a flag is {}", flag));
    return flag == 1;
  }

  Matrix read_matrix(bool coded, std::int64_t rows, std::string_view what) {
    Matrix matrix;
    const bool norms = coded && take_flag(what);
    matrix.rows = in_.take<std::int64_t>(what);
    matrix.columns = in_.take<std::int64_t>(what);
    if (matrix.rows != rows || matrix.columns != model_.arguments.width) {
      in_.damaged(fmt::format("{} has {} rows of {}; {} of {} are expected", what, matrix.rows,
                              matrix.columns, rows, model_.arguments.width));
    }
    if (coded) {
      read_codes(matrix, norms, what);
    } else {
      matrix.numbers = take_floats(matrix.rows * matrix.columns, what);
    }
    return matrix;
  }

  // The parts of a row that codes stand for; a code book for each part.
  struct Quantizer {
    std::int64_t width = 0, parts = 0, part = 0, last = 0;
    Bytes centroids;  // of each part: f32[256, part]
  };

  void read_codes(Matrix& matrix, bool norms, std::string_view what) {
    const auto size = in_.take<std::int32_t>(what);
    const Bytes codes = take_bytes(size, what);
    const Quantizer rows = read_quantizer(matrix.columns, what);
    if (size < 0 || size != matrix.rows * rows.parts) {
      in_.damaged(fmt::format("{} has {} codes; {} rows of {} are expected", what, size,
                              matrix.rows, rows.parts));
    }
    matrix.part = rows.part;
    matrix.codes = as_signed(codes);
    matrix.codebook = side_by_side(rows);
    if (!norms) return;
    matrix.norms = as_signed(take_bytes(matrix.rows, what));
    matrix.norm_codebook = read_quantizer(1, what).centroids;
  }

  Quantizer read_quantizer(std::int64_t width, std::string_view what) {
    Quantizer q;
    q.width = in_.take<std::int32_t>(what);
    q.parts = in_.take<std::int32_t>(what);
    q.part = in_.take<std::int32_t>(what);
    q.last = in_.take<std::int32_t>(what);
    const bool sane = q.width == width && q.part >= 1 && q.part <= width &&
                      q.parts == (width - 1) / q.part + 1 &&
                      q.last == width - (q.parts - 1) * q.part;
    if (!sane) {
      in_.damaged(fmt::format("{} says {} parts of {} numbers of {}, the last of {}", what, q.parts,
                              q.part, q.width, q.last));
    }
    q.centroids = take_floats(kCodes * width, what);
    return q;
  }

  // f32[256, columns]: the code books of the parts beside each other.
  static Bytes side_by_side(const Quantizer& q) {
    const auto book = std::make_shared<AlignedBytes>(q.centroids->size());
    const auto* from = reinterpret_cast<const float*>(q.centroids->data());
    auto* const to = reinterpret_cast<float*>(book->data());
    for (std::int64_t begin = 0; begin < q.width; begin += q.part) {
      const std::int64_t part = std::min(q.part, q.width - begin);
      for (std::int64_t code = 0; code < kCodes; ++code, from += part) {
        std::copy_n(from, part, to + code * q.width + begin);
      }
    }
    return book;
  }

  // Codes are counted from -128 on, as integers of 8 bits are.
  static Bytes as_signed(const Bytes& codes) {
    const auto moved = std::make_shared<AlignedBytes>(codes->size());
    std::ranges::transform(codes->span(), moved->data(),
                           [](std::byte code) { return code ^ std::byte{0x80}; });
    return moved;
  }

  // The rows behind the words, in the order of their buckets.
  void sort_kept_rows(Matrix& matrix, std::int64_t words) const {
    if (!model_.pruned || std::ranges::is_sorted(row_buckets_)) return;
    std::vector<std::int64_t> order(row_buckets_.size());
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::ranges::sort(
        order, {}, [&](std::int64_t row) { return row_buckets_[static_cast<std::size_t>(row)]; });
    const auto sort = [&](Bytes& rows) {
      if (rows == nullptr) return;
      const std::size_t size = rows->size() / static_cast<std::size_t>(matrix.rows);
      const auto sorted = std::make_shared<AlignedBytes>(rows->size());
      const std::size_t first = size * static_cast<std::size_t>(words);
      std::copy_n(rows->data(), first, sorted->data());
      std::byte* to = sorted->data() + first;
      for (const std::int64_t row : order) {
        to = std::copy_n(rows->data() + first + size * static_cast<std::size_t>(row), size, to);
      }
      rows = sorted;
    };
    sort(matrix.codes);
    sort(matrix.norms);
  }

  Bytes take_bytes(std::int64_t size, std::string_view what) {
    constexpr std::int64_t kPiece = std::int64_t{1} << 20;
    if (size < 0) in_.damaged(fmt::format("{} has {} bytes", what, size));
    std::shared_ptr<AlignedBytes> bytes;
    try {
      bytes = std::make_shared<AlignedBytes>(static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
      in_.damaged(fmt::format("{} says {} bytes, more than there are", what, size));
    }
    for (std::int64_t done = 0; done < size;) {
      const auto piece = static_cast<std::size_t>(std::min(kPiece, size - done));
      const std::string_view read = file_.ahead(piece);
      if (read.size() < piece) in_.ends_in(what);
      std::memcpy(bytes->data() + done, read.data(), piece);
      file_.skip(piece);
      done += static_cast<std::int64_t>(piece);
    }
    return bytes;
  }

  Bytes take_floats(std::int64_t count, std::string_view what) {
    Bytes bytes = take_bytes(count * std::int64_t{sizeof(float)}, what);
    if (!all_finite(bytes->span())) in_.damaged(fmt::format("{} holds what is no number", what));
    return bytes;
  }

  ByteReader file_;
  FastTextReader in_;  // of file_
  Model model_;
  WordIndex index_;                        // of its words
  std::vector<std::int32_t> row_buckets_;  // by row behind the words, as the file numbers them
};

}  // namespace

Model read_model(const std::string& path) { return ModelReader(path).read(); }

}  // namespace weft::fasttext
