// fastText models (.bin) as word vectors.
#pragma once

#include <cstddef>
#include <string_view>

#include "frontend/data/byte_reader.h"
#include "frontend/vectors/word_vectors.h"

namespace weft {

// Decides by the first bytes of a file.
bool is_fasttext(std::string_view head);

// The form before versions were written, of 2016; from at least 44 bytes.
bool is_old_fasttext(std::string_view head);

// From a reader at the start of the file, where it stays.
std::size_t fasttext_width(ByteReader&);

void read_fasttext(ByteReader&, WordVectors& into);

}  // namespace weft
