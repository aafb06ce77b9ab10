// Which embeddings of a description begin with pretrained word vectors, and from which files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frontend/vectors/vectors_file.h"
#include "frontend/vectors/vectors_store.h"
#include "frontend/vectors/word_vectors.h"

namespace weft {

// Called as a file is read, with its name and the share of it.
using VectorsWatch = std::function<void(const std::string& file, double share)>;

struct VectorsOptions {
  std::string file;  // for embeddings that name none, if they are of its width; may be empty
  VectorsWatch watch;
  std::shared_ptr<VectorsStore> store = nullptr;  // where several models are made of one corpus
};

// Order of use: lowering the description claims files for its embeddings; then `read`; then
// `fill` for each table. A file is opened once and read once, however many embeddings it is for.
class InitialVectors {
 public:
  // Files that a description names are sought beside it, then where the program runs.
  InitialVectors(const std::string& description, VectorsOptions options);

  // For the embedding named `layer`, of `width` numbers (0: as the file has it), which names the
  // file `named` (or nothing, or `none`). Returns the width.
  std::int64_t claim(const std::string& layer, const std::string& named, std::int64_t width);

  // Error where a file is for no embedding: none has its width.
  void check_claimed() const;

  bool empty() const { return claims_.empty() && options_.file.empty(); }
  // Reads the claimed files. Returns the words with those added. Error where a file is of no use:
  // no embedding claimed it, or it has none of the words.
  WordList read(WordList words, const std::vector<std::uint64_t>& counts, const TextSettings&,
                std::size_t max_added);

  bool fills(const std::string& layer) const { return claims_.contains(layer); }
  void fill(const std::string& layer, std::uint64_t seed, std::string_view name,
            std::span<float> table) const;

  // Every embedding's width, once a file has given one; else empty.
  std::vector<std::pair<std::string, std::int64_t>> widths() const;
  // The files as they were named, and without their folders.
  std::vector<std::pair<std::string, std::string>> names() const;
  // A line about each file, in words.
  std::vector<std::string> report() const;

 private:
  struct File {
    std::string named, path;
    std::unique_ptr<VectorsFile> file;
    std::unique_ptr<WordVectors> vectors;
  };
  File& open(const std::string& named, const std::string& path);
  std::string found(const std::string& named) const;
  void read(const File&, WordVectors& into) const;
  std::vector<std::string> layers_of(const File&) const;
  [[noreturn]] void fail_unclaimed(const File&) const;
  std::string report_of(const File&) const;

  std::string folder_;
  VectorsOptions options_;
  std::vector<std::unique_ptr<File>> files_;
  std::map<std::string, const File*> claims_;  // by layer
  std::vector<std::pair<std::string, std::int64_t>> widths_;
  bool gave_width_ = false;
};

}  // namespace weft
