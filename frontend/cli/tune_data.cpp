// Trials are compared on the texts of --valid, or on texts that are held out: several times where
// there are few.
#include "frontend/cli/tune_data.h"

#include <fmt/format.h>

#include <numeric>
#include <string>
#include <utility>

#include "ir/diagnostic.h"

namespace weft {
namespace {

// Below so many texts, the part to compare by is too small to tell one trial from another: several
// splits of the data are used.
constexpr std::size_t kFewTexts = 1000;
constexpr std::size_t kSplitsOfFew = 5;

// Held out of the data, where there is no file to compare by.
Split hold_out(const Corpus& corpus, double fraction, std::uint64_t seed) {
  Split split = stratified_split(corpus, fraction, seed);
  if (!split.valid.empty()) return split;
  const std::string texts = fmt::format("{} text{}", corpus.size(), corpus.size() == 1 ? "" : "s");
  if (stratified_split(corpus, 0.9, seed).valid.empty()) {
    throw Error(
        fmt::format("of the {} none can be held out: every label keeps one to learn from", texts),
        "add texts of the same labels, or name others by --valid");
  }
  throw Error(fmt::format("--valid-fraction {} of {} is none", fraction, texts),
              "give a larger one, or add data");
}

}  // namespace

TuneData read_tune_data(const TuneFlags& flags, std::uint64_t seed, std::optional<Corpus> given) {
  TuneData data{given ? std::move(*given) : flags.reading.read(flags.data), {}, {}};
  if (flags.valid.empty()) {
    const std::size_t few = data.given.size() < kFewTexts ? kSplitsOfFew : 1;
    const std::size_t splits = flags.splits > 0 ? flags.splits : few;
    for (std::size_t i = 0; i < splits; ++i) {
      data.splits.push_back(hold_out(data.given, flags.valid_fraction, seed + i));
    }
    return data;
  }
  data.both = joined(data.given, flags.reading.read(flags.valid));
  Split& split = data.splits.emplace_back();
  split.train = all_rows(data.given);
  split.valid.resize(data.both->size() - data.given.size());
  std::iota(split.valid.begin(), split.valid.end(), static_cast<std::uint32_t>(data.given.size()));
  return data;
}

}  // namespace weft
