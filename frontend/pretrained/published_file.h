// The text files of a published folder: config.json, the index of weights, a tokenizer's. They are
// untrusted: neither a pipe nor a huge file is read.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace weft {

// A link that leads nowhere counts: to open it is an error, and without it the folder would be read
// in another way.
bool is_there(const std::filesystem::path& path);

// The whole file. Error, naming it, if it is missing, no regular file, or above 1 GiB.
std::string read_published_file(const std::string& path);

// The object that a file holds. Error, naming it, if the text is no JSON object, is nested too
// deep, or gives a name twice in one object.
nlohmann::json parse_published_json(std::string_view text, const std::string& path);

}  // namespace weft
