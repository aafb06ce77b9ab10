// The constants of a description and its lines `text` and `train`, with overrides applied.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/description/arguments.h"
#include "frontend/description/description.h"
#include "frontend/description/schedule.h"
#include "ir/plan/plan.h"

namespace weft {

// The measure by which one model is better than another; see score() in frontend/train/evaluate.h.
enum class BestBy : std::uint8_t { automatic, accuracy, macro_f1, micro_f1, loss };

using Constants = std::map<std::string, Attr, std::less<>>;

// The bindings that are numbers or strings: `width = 300`, `half = width / 2`. What is in error is
// left out: `lower` meets it again and says so.
Constants constants_of(const Description&, const Overrides&, OverrideUse&);

// `a mark b` for + - * /; integers stay integers where the result is one.
Attr arithmetic(const std::string& mark, const Attr& a, const Attr& b, SourceLocation);

struct DescriptionSettings {
  TextSettings text;
  std::int64_t overlap = -1;     // as it is written; below 0: a quarter of max_tokens
  std::int64_t vocabulary = 0;   // words kept at most, the unknown one included
  std::int64_t min_count = 1;    // of a word, to be kept
  std::int64_t added_words = 0;  // at most, of those that only the word vectors have

  std::string optimizer;  // adam, sgd …, or lazily: lazy_adam …
  Attrs optimizer_attrs;  // beta1 …, as the optimizer-step pass reads them from the graph
  double learning_rate = 0;
  std::int64_t batch = 0, epochs = 0, seed = 0;
  std::int64_t steps = 0;     // at least: few texts are passed over more often
  std::int64_t patience = 0;  // epochs without a better validation; 0: never stop early
  LearningRateSchedule schedule;
  BestBy metric = BestBy::automatic;
  std::int64_t average = 0;              // last epochs whose mean weights are tried; 0: none
  double clip_norm = 0, clip_value = 0;  // of gradients; 0: no limit
  double label_smoothing = 0;
  bool stored_rows = true;  // of frozen encoders
  bool balanced = false;    // class weights inverse to the classes' frequencies

  OverrideUse use;  // by the constants and the settings
};

// Tokens that two windows of a long text share, if a window has so many.
std::int64_t overlap_of(const DescriptionSettings&, std::int64_t max_tokens);

// Throws Error, rendered against the description.
DescriptionSettings settings_of(const Description&, const Overrides&);

// All settings of those lines, for the reference that `weft layers` prints.
struct SettingsGroup {
  std::string name;  // text, train, adam …
  std::string doc;
  std::vector<ArgumentDef> arguments;
};
const std::vector<SettingsGroup>& all_settings();

}  // namespace weft
