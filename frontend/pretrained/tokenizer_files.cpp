// Which files of a folder say what its tokenizer is.
#include "frontend/pretrained/tokenizer_files.h"

#include <fmt/format.h>

#include "frontend/pretrained/tokenizer_draft.h"

namespace weft {
namespace {

// The length for which the model was made, where it is one: some files have a number beyond all.
// Texts that are longer are cut at their end.
std::int64_t stated_length(TokenizerDraft& draft) {
  constexpr std::int64_t kMost = 1 << 24;
  const Json config = draft.read_json_if_there("tokenizer_config.json");
  if (text_of(draft, config, "truncation_side", "right") != "right") {
    draft.unsupported("truncation from the left (truncation_side in tokenizer_config.json)");
  }
  const auto found = config.find("model_max_length");
  if (found == config.end() || !found->is_number_unsigned()) return 0;
  const auto length = found->get<std::uint64_t>();
  return length <= kMost ? static_cast<std::int64_t>(length) : 0;
}

}  // namespace

TokenizerFiles read_tokenizer(const std::string& folder) {
  TokenizerDraft draft(folder);
  if (draft.has("tokenizer.json")) {
    read_tokenizer_json(draft);
  } else if (draft.has("vocab.txt") || (draft.has("vocab.json") && draft.has("merges.txt"))) {
    read_vocabulary_files(draft);
  } else {
    throw Error(fmt::format("{}: there is no tokenizer", folder),
                "the folder needs tokenizer.json, or vocab.txt, or vocab.json and merges.txt");
  }
  draft.files.model_max_length = stated_length(draft);
  return draft.finish();
}

}  // namespace weft
