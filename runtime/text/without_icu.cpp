// A build without ICU, in the place of runtime/text/icu/: plans that need it are refused when they
// are loaded, so that nothing else here is called.
#include <fmt/core.h>

#include "ir/diagnostic.h"
#include "runtime/text/unicode.h"
#include "runtime/text/unicode_classes.h"
#include "runtime/text/word_breaker.h"

namespace weft {
namespace {

[[noreturn]] void refuse(std::string_view what) {
  throw Error(
      fmt::format("{} needs ICU, and this weft was built without it", what),
      "build it with -DWEFT_WITH_ICU=ON; without ICU it reads plans of tokenizer=fasttext or "
      "whitespace with lowercase=false and nfkc=false, and of cased pretrained models");
}

}  // namespace

void require_icu(std::string_view what) { refuse(what); }

bool is_control_or_format(char32_t) { refuse("a tokenizer"); }
bool is_default_ignorable(char32_t) { refuse("normalisation"); }
bool is_word_character(char32_t) { refuse("a special token"); }
void append_nfkc(std::string_view, std::string&) { refuse("normalisation"); }
void append_lower(std::string_view, std::string&) { refuse("lower case"); }

char32_t lower_case(char32_t) { refuse("lower case"); }
int decompose(char32_t, char32_t (&)[kMostParts]) { refuse("taking accents off"); }
std::uint8_t combining_class(char32_t) { refuse("taking accents off"); }

struct WordBreaker::Impl {};
WordBreaker::WordBreaker() { refuse("cutting words"); }
WordBreaker::~WordBreaker() = default;
void WordBreaker::start(std::string_view) {}
std::int32_t WordBreaker::next() { return -1; }

}  // namespace weft
