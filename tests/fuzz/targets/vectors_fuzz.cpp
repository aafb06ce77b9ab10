// Files of word vectors, text, binary and fastText, told by content: refused, or rows for the words
// of a small vocabulary.
#include "frontend/vectors/vectors_file.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  WordList words;
  for (const char* word : {"<unk>", "the", "paris", "caf\xC3\xA9", "Zebra", "a"}) words.add(word);
  VectorsFile file(file_with(input));
  WordVectors vectors(words, {0, 5, 4, 3, 2, 1}, {}, 3, file.width());
  file.read(vectors);
  std::vector<float> table(vectors.size() * vectors.width());
  vectors.fill(1, "table", table);
  vectors.coverage();
}
