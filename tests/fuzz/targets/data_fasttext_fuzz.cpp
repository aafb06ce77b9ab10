// A file of fastText's labelled lines: refused, or examples that keep their rules.
#include "frontend/data/data_format.h"
#include "tests/fuzz/targets/read_data.h"

void weft::fuzz::fuzz(std::string_view input) { read_data(input, formats::fasttext); }
