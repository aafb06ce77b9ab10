// Values put into a description's text, each where the old one stands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/description/description.h"

namespace weft {

using Assignments = std::vector<std::pair<std::string, Attr>>;  // path, as `--set` takes it; value

// The layers whose argument a path names: `embedding.word_dropout`, `a.conv1d.kernel`, `a.kernel`.
// None if it is a number's or a setting's path, or counts layers (`a.conv1d2.kernel`).
std::vector<const Expression*> layers_of(const Description&, std::string_view path);

// What an override of `path` changes: `width` for a constant, `train.rate` or `text.tokenizer` for
// a setting, by whichever of its paths, the path itself for an argument of layers. Two where a
// constant has the name of a setting.
std::vector<std::string> targets_of(const Description&, std::string_view path);

std::string to_string(const Attr&);         // as a command line has it
std::string to_string(const Assignments&);  // `width=200 train.rate=0.002`

// The text with these values; of several for the same, the last. What has no place in it (a
// computed number, an argument that is known by its position) is added to `left`.
std::string put_values(const Description&, const Assignments&, Assignments& left);

// The text for a file in another folder: the files of word vectors that it names beside it are
// named from there.
std::string moved_to(const Description&, const std::string& folder);

}  // namespace weft
