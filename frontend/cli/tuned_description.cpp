// Values put into the text of the description that was tuned, and its first line.
#include "frontend/cli/tuned_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iterator>

#include "frontend/description/edit_description.h"
#include "frontend/description/settings.h"
#include "frontend/format/shell_quote.h"
#include "frontend/search/final_values.h"

namespace weft {
namespace {

// The text quoted, so that a shell takes it for one word, in one line.
std::string word(const std::string& text) {
  if (std::ranges::any_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; })) {
    std::string quoted = "$'";
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::iscntrl(byte) != 0) {
        quoted += fmt::format("\\x{:02x}", byte);
      } else {
        quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
      }
    }
    return quoted + "'";
  }
  constexpr std::string_view kPlain = "_-+=:,./%@";
  const bool plain = !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || kPlain.find(static_cast<char>(c)) != kPlain.npos;
  });
  return plain ? text : shell_quoted(text);
}

// `weft train` with what the description itself does not say.
std::string train_command(const TuneFlags& flags, const std::string& description,
                          const InitialSources& initial, const Overrides& overrides) {
  std::string command = "weft train " + word(description);
  const auto add = [&](const char* flag, const std::string& value) {
    if (!value.empty()) command += fmt::format(" {} {}", flag, word(value));
  };
  for (const std::string& file : flags.data) add("--data", file);
  for (const auto& [flag, value] : flags.reading.given()) add(flag.c_str(), value);
  if (flags.reading.skip_bad) command += " --skip-bad";
  add("--vectors", initial.vectors.file);
  add("--pretrained", initial.pretrained);
  for (const std::string& assignment : overrides.assignments()) add("--set", assignment);
  if (flags.settings.threads > 0) add("--threads", fmt::format("{}", flags.settings.threads));
  return command + " -o " + word(flags.out);
}

}  // namespace

std::string stem_of(const std::string& plan) {
  const std::filesystem::path path(plan);
  return path.extension() == ".plan" ? (path.parent_path() / path.stem()).string() : plan;
}

Best describe(const std::vector<TuneResult>& results, const Trial& trial, const TuneFlags& flags) {
  const TuneResult& best = results.front();
  const bool fully = was_trained_fully(results, best.trial);
  const std::string file = stem_of(flags.out) + ".model";
  const auto folder = [](const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    return std::filesystem::weakly_canonical(parent.empty() ? "." : parent);
  };
  Description from = *trial.description;
  if (from.source.starts_with(kMadeBy)) from.source.erase(0, from.source.find('\n') + 1);
  from = parse_description(from.source, from.file);
  if (folder(file) != folder(from.file)) {
    from = parse_description(moved_to(from, folder(file).string()), from.file);
  }
  Assignments values = trial.overrides.values();
  std::ranges::copy(final_values(best, trial, fully), std::back_inserter(values));
  // Epochs that are written are as many as are meant: `steps` would ask for more.
  const auto sets = [&](const char* target) {
    return std::ranges::any_of(values, [&](const auto& value) {
      const std::vector<std::string> targets = targets_of(from, value.first);
      return std::ranges::find(targets, target) != targets.end();
    });
  };
  if (sets("train.epochs") && !sets("train.steps") && settings_of(from, {}).steps > 0) {
    values.emplace_back("train.steps", std::int64_t{0});
  }
  Assignments left;
  const std::string text = put_values(from, values, left);
  Best result;
  for (const auto& [path, value] : left) result.left.set(path, value);
  result.description = parse_description(
      fmt::format("{}{}\n{}", kMadeBy,
                  train_command(flags, file, trial.options.initial, result.left), text),
      file);
  return result;
}

}  // namespace weft
