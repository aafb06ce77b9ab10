// config.json of a pretrained model: refused, or one that is written and reads the same.
#include "frontend/pretrained/config.h"

#include "tests/fuzz/targets/harness.h"

void weft::fuzz::fuzz(std::string_view input) {
  const PretrainedConfig config = parse_config(input, "config.json");
  WEFT_CHECK(parse_config(to_json(config), "config.json") == config);
}
