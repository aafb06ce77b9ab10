// The tokenizers of nine published folders give the ids, types and places that the originals gave.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "frontend/pretrained/tokenizer_files.h"
#include "runtime/text/tokenizers.h"
#include "tests/support/token_lines.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const char* const kModels[] = {"minilm-l6",
                               "tiny-bert",
                               "tiny-bert-classifier",
                               "tiny-distilbert",
                               "tiny-distilbert-classifier",
                               "tiny-roberta",
                               "tiny-roberta-classifier",
                               "tiny-gpt2",
                               "tiny-gpt2-classifier"};

bool have_models() {
  if (fs::exists(test::pretrained_models() / "README.md")) return true;
  MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
  return false;
}

std::string show(const std::vector<TextSpan>& spans) {
  std::string out;
  for (const TextSpan& span : spans) {
    out += '[' + std::to_string(span.begin) + ',' + std::to_string(span.end) + ']';
  }
  return out;
}

void check_lines(const TokenizerFiles& files, const std::vector<test::TokenLine>& lines) {
  TokenBuffer buffer;
  for (const test::TokenLine& line : lines) {
    CAPTURE(line.text);
    TextSettings text = files.text;
    text.max_tokens = line.max_length.value_or(1 << 20);
    const auto encoder = make_encoder(text, files.vocabulary());
    std::vector<std::int32_t> ids;
    std::vector<std::int32_t> types;
    std::vector<TextSpan> spans;
    const TextInput input{line.text, line.pair};
    CHECK(encoder->encode(input, buffer, {ids, &spans, &types}) == line.ids.size());
    CHECK(ids == line.ids);
    CHECK(show(spans) == show(line.spans));
    CHECK(types.size() == ids.size());
    if (!line.types.empty()) CHECK(types == line.types);
    ids.clear();  // without spans, a shorter way
    encoder->encode(input, buffer, {ids});
    CHECK(ids == line.ids);
  }
}

TEST_CASE("pretrained tokenizers: every golden line of every model") {
  if (!have_models()) return;
  for (const char* model : kModels) {
    CAPTURE(model);
    const TokenizerFiles files = read_tokenizer((test::pretrained_models() / model).string());
    const auto lines = test::read_token_lines(test::pretrained_models() / model);
    CHECK(lines.size() > 400);
    CHECK(files.model_max_length == (std::string(model) == "minilm-l6" ? 512 : 64));
    check_lines(files, lines);
  }
}

}  // namespace
}  // namespace weft
