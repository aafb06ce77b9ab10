// Data is told from a description by what both are, not by where they stand.
#include "frontend/cli/given_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "frontend/data/data_format.h"
#include "frontend/data/line_reader.h"
#include "frontend/format/message.h"
#include "ir/file.h"
#include "ir/plan/format.h"

namespace weft {
namespace {

constexpr std::string_view kExample = "`weft train reviews.tsv -o reviews.plan` is a whole command";

// Whether a file begins as a description does, and most are no longer.
bool begins_description(LineReader& file) {
  constexpr std::size_t kLooked = std::size_t{1} << 16;  // bytes
  try {
    parse_description(file.ahead(kLooked).substr(0, kLooked));
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Rows of data: no description, and the format is known, or the first line that is not blank has
// fields or is of a known form.
bool holds_rows(const std::string& path, bool has_format) {
  if (begins_with(path, plan_format::kMagic)) return false;
  LineReader lines(path);
  if (begins_description(lines)) return false;
  if (has_format) return true;
  for (std::string_view line; lines.next(line);) {
    if (line.empty()) continue;
    const bool fields = line.find('\t') != std::string_view::npos && line.front() != '#';
    return fields || format_by_content(line) != nullptr;
  }
  return false;
}

bool holds_description(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none)) return false;
  LineReader file(path);
  return begins_description(file);
}

bool is_data(const std::string& path, bool has_format) {
  std::error_code none;
  if (path == "-") return false;
  if (std::filesystem::is_directory(path, none) || format_by_extension(path) != nullptr) {
    return true;
  }
  // A pipe can be read once only.
  return std::filesystem::is_regular_file(path, none) && holds_rows(path, has_format);
}

std::string named(const FittedStarter& starter) {
  const std::string with =
      starter.changes.empty() ? "" : fmt::format(" with {}", fmt::join(starter.changes, ", "));
  return fmt::format("`{}`{}", starter.name, with);
}

}  // namespace

void take_model_for_data(std::string& model, std::vector<std::string>& data,
                         const DataFlags& reading) {
  if (!data.empty()) {
    if (format_by_extension(model) != nullptr && !holds_description(model)) {
      throw UsageError(fmt::format("{} is data, but --data names data already", model),
                       "name all of it by --data, or give a description");
    }
    return;
  }
  if (model.empty()) {
    throw UsageError("--data is required: labelled texts to learn from", std::string(kExample));
  }
  if (is_data(model, reading.options().format != nullptr)) {
    data.push_back(std::move(model));
    model.clear();
    return;
  }
  std::error_code none;
  if (model != "-" && !std::filesystem::exists(model, none)) {
    throw Error(fmt::format("cannot read {}: {}", model, std::strerror(ENOENT)));
  }
  const bool pipe = model == "-" || !std::filesystem::is_regular_file(model, none);
  throw UsageError(
      fmt::format("--data is required beside {}{}", model,
                  pipe ? ": a pipe there is read as a description" : ", which is no data file"),
      "name labelled texts: --data FILE");
}

FittedStarter starter_for(const Corpus& corpus, const InitialSources& initial, bool quiet) {
  const DataProfile profile = profile_of(corpus);
  FittedStarter starter = std::move(fitting_starters(profile, initial).front());
  if (!quiet) {
    print_message(
        stderr, "no description was given: the starter {} is used ({}); `weft new {}` prints it\n",
        named(starter), to_string(profile), starter.name);
  }
  return starter;
}

std::vector<FittedStarter> competing_starters(const Corpus& corpus, const InitialSources& initial,
                                              bool quiet) {
  const DataProfile profile = profile_of(corpus);
  std::vector<FittedStarter> starters = fitting_starters(profile, initial);
  std::string names;
  for (const FittedStarter& starter : starters) {
    const bool last = &starter == &starters.back();
    names += (names.empty() ? "" : last ? " and " : ", ") + named(starter);
  }
  if (!quiet) {
    print_message(stderr, "no description was given: the starter{} ({})\n",
                  starters.size() == 1 ? fmt::format(" {} is tuned", names)
                                       : fmt::format("s {} compete", names),
                  to_string(profile));
  }
  return starters;
}

}  // namespace weft
