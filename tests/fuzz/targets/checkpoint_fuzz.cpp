// A checkpoint behind right checksums: refused, or one that is written again and reads the same.
#include "frontend/train/checkpoint.h"

#include "ir/file.h"
#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const std::string path = file_with(mended_checkpoint(input));
  const auto found = load_checkpoint(path, 2);
  WEFT_CHECK(found.has_value());
  const std::string again = folder() + "/again";
  save_checkpoint(again, found->fingerprint, found->threads, found->now, found->state);
  const auto reread = load_checkpoint(again, 2);
  WEFT_CHECK(reread.has_value());
  WEFT_CHECK(encode_plan(reread->now) == encode_plan(found->now));
}
