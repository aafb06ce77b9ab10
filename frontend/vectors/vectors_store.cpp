// Vectors kept by key, under a lock.
#include "frontend/vectors/vectors_store.h"

#include "frontend/data/vocabulary_builder.h"

namespace weft {

VectorsStore::Vectors VectorsStore::get(const std::string& key,
                                        const std::function<Vectors()>& read) {
  const std::lock_guard lock(mutex_);
  Vectors& vectors = kept_[key];
  if (!vectors) vectors = read();
  return vectors;
}

WordList VectorsStore::words(const TextSettings& text) const {
  VocabularyBuilder builder(text);
  for (std::size_t i = 0; i < corpus_.size(); ++i) builder.add(corpus_.text(i));
  return builder.build({});
}

}  // namespace weft
