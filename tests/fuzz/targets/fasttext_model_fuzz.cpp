// A fastText classifier: refused, or a plan that is as good after it was written, and predicts.
#include <array>

#include "frontend/fasttext/import_model.h"
#include "runtime/session.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const Plan plan = import_fasttext(file_with(input));
  const std::vector<std::byte> bytes = encode_plan(plan);
  Session session(decode_plan(bytes), {.threads = 1});
  constexpr std::array<std::string_view, 3> texts{"the film", "", "a 电影 </s> a"};
  Predictions out;
  session.predict(texts, out);
  WEFT_CHECK(out.size() == texts.size());
}
