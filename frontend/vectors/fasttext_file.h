// fastText models (.bin) as word vectors.
#pragma once

#include <cstddef>

#include "frontend/data/byte_reader.h"
#include "frontend/vectors/word_vectors.h"

namespace weft {

// From a reader at the start of the file, where it stays.
std::size_t fasttext_width(ByteReader&);

void read_fasttext(ByteReader&, WordVectors& into);

}  // namespace weft
