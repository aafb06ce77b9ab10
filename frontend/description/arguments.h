// The arguments that a layer, an optimizer or a settings line takes, and the check of written ones
// against them.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/graph.h"

namespace weft {

enum class ArgumentKind : std::uint8_t { integer, number, word, boolean, text };

// One declared argument. Checked values are Attrs: booleans 0 or 1, words and texts strings.
struct ArgumentDef {
  std::string_view name;
  std::string_view doc;
  ArgumentKind kind = ArgumentKind::integer;
  std::optional<Attr> default_value;  // none: must be given
  double low = 0;                     // what may be written; a fallback may lie outside
  double high = 0;
  std::vector<std::string_view> words = {};      // of a word
  std::vector<std::string_view> word_docs = {};  // what each of them means; none: the doc says it
};

std::string range_of(const ArgumentDef&);  // `an integer from 1 to 65536`, `same, valid or causal`

// One written argument. A name that stands for no value of the description arrives as a word.
struct GivenArgument {
  std::string name;  // empty: the next argument not yet given, in declared order
  Attr value;
  bool word = false;
  SourceLocation location;
  std::string flag = "--set";  // of an override: what gave it on the command line
};

// Which overrides were asked for while a description was read, and which paths could have been.
struct OverrideUse {
  std::set<std::string> used;
  std::set<std::string> known;  // all that were asked for
};

// `--set path=value`, from the command line or a plan: replaces what the description says. A path
// is the name of a constant (`width`), a setting (`batch`, `train.batch`, `text.max_tokens`), or an
// argument behind its layer, its value's name or both (`conv1d.channels`, `a.conv1d2.channels`).
class Overrides {
 public:
  Overrides() = default;
  explicit Overrides(std::span<const std::string> assignments);  // Error unless `path=value`
  // Replaces an earlier one. `flag` is what errors name.
  void set(const std::string& path, Attr value, std::string flag = "--set");

  // The last override of `name`, where each earlier part of its path is one of `owners`. A path of
  // one part fits only where `bare` says so. `owners` outermost first; they spell the known path.
  // `use` keeps account.
  const GivenArgument* find(std::span<const std::string> owners, std::string_view name, bool bare,
                            OverrideUse& use) const;

  // Error, with the known paths, if an override was never asked for.
  void check_used(const OverrideUse&) const;
  // Path and value, in order.
  std::vector<std::pair<std::string, Attr>> values() const;
  // `path=value`, for the plan.
  std::vector<std::string> assignments() const;
  // Replaces the value of every override that is this text.
  void replace(const std::string& text, const std::string& by);

 private:
  struct Entry {
    std::string path;
    std::vector<std::string> parts;
    GivenArgument given;
  };
  std::vector<Entry> entries_;
};

// Every declared argument with its value: overridden, given or by default. Throws Error, with
// `what` (`conv1d`, `train`) and the place, for one unknown, missing, given twice or out of range.
Attrs check_arguments(std::string_view what, std::span<const ArgumentDef> defs,
                      std::span<const GivenArgument> given, SourceLocation location,
                      const Overrides& overrides, std::span<const std::string> owners, bool bare,
                      OverrideUse& use);

}  // namespace weft
