// Word boundaries: ICU's break iterator, reading UTF-8 in place.
#include "runtime/text/word_breaker.h"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include "ir/diagnostic.h"

namespace weft {

struct WordBreaker::Impl {
  std::unique_ptr<icu::BreakIterator> iterator;
  UText text = UTEXT_INITIALIZER;

  ~Impl() { utext_close(&text); }
};

WordBreaker::WordBreaker() : impl_(std::make_unique<Impl>()) {
  UErrorCode status = U_ZERO_ERROR;
  impl_->iterator.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  if (U_FAILURE(status)) {
    throw Error("cannot split text into words: ICU has no word break data",
                "Install the full ICU data (Debian: libicu72).");
  }
}

WordBreaker::~WordBreaker() = default;

void WordBreaker::start(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  utext_openUTF8(&impl_->text, text.data(), static_cast<std::int64_t>(text.size()), &status);
  impl_->iterator->setText(&impl_->text, status);
  WEFT_CHECK(U_SUCCESS(status));
  impl_->iterator->first();
}

std::int32_t WordBreaker::next() {
  const std::int32_t boundary = impl_->iterator->next();
  return boundary == icu::BreakIterator::DONE ? -1 : boundary;
}

}  // namespace weft
