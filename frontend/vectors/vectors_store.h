// Word vectors for many models of one corpus: each file is read once, for all words of the corpus.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "frontend/data/corpus.h"
#include "frontend/vectors/word_vectors.h"

namespace weft {

class VectorsStore {
 public:
  using Vectors = std::shared_ptr<const WordVectors>;

  explicit VectorsStore(const Corpus& corpus) : corpus_(corpus) {}

  // What `read` returned when it was first called for `key`. One reading at a time: whoever needs a
  // file that is being read waits for it.
  Vectors get(const std::string& key, const std::function<Vectors()>& read);

  WordList words(const TextSettings&) const;  // all of the corpus

 private:
  const Corpus& corpus_;
  std::mutex mutex_;
  std::map<std::string, Vectors> kept_;
};

}  // namespace weft
