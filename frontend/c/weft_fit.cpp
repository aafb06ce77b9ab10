// The C interface: training on texts in memory.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <sstream>

#include "frontend/c/labelled_texts.h"
#include "frontend/c/weft_frontend.h"
#include "frontend/data/split.h"
#include "frontend/description/choose_starter.h"
#include "frontend/train/fit.h"
#include "frontend/train/plan_settings.h"
#include "runtime/weft_session.h"

using weft::c::fail;
using weft::c::guarded;

namespace {

using NamedTexts = weft::c::LabelledTexts<const char*>;

weft::Corpus corpus_of(const NamedTexts& given) {
  std::vector<weft::Example> examples;
  for (size_t i = 0; i < given.count; ++i) {
    weft::Example& example = examples.emplace_back();
    const weft::TextInput input = given.input(i);
    example.text = input.text;
    example.pair = input.pair;
    for (const char* label : given.labels_of(i)) {
      if (std::ranges::find(example.labels, label) == example.labels.end()) {
        example.labels.emplace_back(label);
      }
    }
  }
  return weft::Corpus(examples, "texts");
}

weft::Overrides overrides_of(const char* settings) {
  std::istringstream words(settings == nullptr ? "" : settings);
  std::vector<std::string> assignments;
  for (std::string word; words >> word;) assignments.push_back(word);
  return weft::Overrides(assignments);
}

// Tells the caller what happens, and ends training when the caller asks for it.
class Told : public weft::FitObserver {
 public:
  explicit Told(const weft_fit_options& options) : options_(options) {}

  const std::atomic<bool>& stopped() const { return stopped_; }

  void began(std::int64_t epochs, std::size_t texts) override {
    now_.epochs = epochs;
    now_.texts = texts;
  }
  // The last step of an epoch is told when the epoch has ended: stopping there keeps it.
  void stepped(std::int64_t epoch, std::size_t done, double loss) override {
    if (done < now_.texts) tell(epoch, done, loss, std::nullopt);
  }
  void epoch_ended(const weft::EpochReport& report) override {
    tell(report.epoch, now_.texts, report.train_loss, report.valid);
  }
  void warned(const std::string& message) override {
    if (options_.message != nullptr) options_.message(options_.user, message.c_str());
  }

 private:
  void tell(std::int64_t epoch, std::size_t done, double loss,
            const std::optional<weft::Evaluation>& valid) {
    now_.epoch = epoch;
    now_.done = done;
    now_.loss = loss;
    now_.accuracy = valid ? valid->metrics.accuracy : std::numeric_limits<double>::quiet_NaN();
    if (options_.progress != nullptr && options_.progress(options_.user, &now_) != 0) {
      stopped_ = true;
    }
  }

  const weft_fit_options& options_;
  weft_fit_progress now_{};
  std::atomic<bool> stopped_{false};
};

weft::Description description_of(const weft_fit_options& options, const weft::Corpus& corpus,
                                 Told& told) {
  if (options.description != nullptr) {
    return weft::parse_description(options.description, "the description");
  }
  const weft::DataProfile profile = weft::profile_of(corpus);
  weft::FittedStarter starter = std::move(weft::fitting_starters(profile, {}).front());
  told.warned(fmt::format("no description was given: the starter `{}` is used ({})", starter.name,
                          weft::to_string(profile)));
  return std::move(starter.description);
}

weft::Plan trained(const weft_fit_options& options, const weft::Corpus& corpus) {
  Told told(options);
  const weft::Description description = description_of(options, corpus, told);
  const weft::Overrides overrides = overrides_of(options.settings);
  const weft::DescriptionSettings settings = weft::settings_of(description, overrides);
  if (corpus.pairs() && !settings.text.pair) {
    throw weft::Error("the model reads one text, but is given pairs",
                      "describe one with `text pair=true`, or join the texts of each pair to one");
  }
  weft::Split split;
  if (options.valid_fraction > 0) {
    const auto seed = static_cast<std::uint64_t>(settings.seed);
    split = weft::stratified_split(corpus, options.valid_fraction, seed);
  }
  weft::FitData data{corpus};
  if (!split.valid.empty()) {
    data = {{corpus, split.train}, weft::CorpusView(corpus, split.valid)};
  }
  weft::FitOptions how;
  how.threads = options.threads;
  how.check_data = options.message != nullptr;
  how.interrupt = &told.stopped();
  weft::FitResult result = weft::fit(description, overrides, data, how, told);
  if (result.interrupted && result.epochs == 0) {
    throw weft::Error("training was stopped before the first epoch had ended: there is no plan");
  }
  weft::set_held_out_share(result.plan, options.valid_fraction);
  return std::move(result.plan);
}

}  // namespace

weft_status weft_fit(const weft_fit_options* options, const char* const* texts,
                     const size_t* lengths, const char* const* pairs, const size_t* pair_lengths,
                     size_t count, const char* const* labels, const int64_t* label_offsets,
                     void** plan, size_t* size) {
  weft_fit_options defaults{};
  defaults.size = sizeof defaults;
  if (options == nullptr) options = &defaults;
  if (options->size != sizeof(weft_fit_options)) {
    return fail(WEFT_BAD_ARGUMENT, "the options are not of this version: set their size");
  }
  if (!(options->valid_fraction >= 0 && options->valid_fraction < 1)) {
    return fail(WEFT_BAD_ARGUMENT, "valid_fraction must be at least 0 and below 1");
  }
  if (plan == nullptr || size == nullptr) return fail(WEFT_BAD_ARGUMENT, "no room for the plan");
  return guarded([&] {
    const NamedTexts given{{texts, lengths}, {pairs, pair_lengths}, count, labels, label_offsets};
    const weft_status status = given.check();
    if (status != WEFT_OK) return status;
    if (count == 0) throw weft::Error("there is no text to learn from");
    const std::vector<std::byte> bytes = weft::encode_plan(trained(*options, corpus_of(given)));
    *plan = weft::c::given_away(bytes);
    *size = bytes.size();
    return WEFT_OK;
  });
}
