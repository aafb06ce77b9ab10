// The text files of a published folder: config.json, the index of weights, a tokenizer's. They are
// untrusted: neither a pipe nor a huge file is read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace weft {

// The whole file. Error, naming it, if it is missing, no regular file, or above 1 GiB.
std::string read_published_file(const std::string& path);

// The object that a file holds. Error, naming it, if the text is no JSON object, is nested too
// deep, or gives a name twice in one object.
nlohmann::json parse_published_json(std::string_view text, const std::string& path);

}  // namespace weft
