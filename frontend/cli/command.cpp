// Output, warnings, checks of files, and flags, for all commands.
#include "frontend/cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "frontend/format/escape_controls.h"
#include "frontend/format/message.h"
#include "frontend/report/progress.h"
#include "frontend/report/report.h"
#include "ir/file.h"
#include "ir/plan/format.h"
#include "runtime/plan_encoder.h"

namespace weft {
namespace {

[[noreturn]] void output_failed() {
  if (errno == EPIPE) {  // the reader has seen enough: `| head`
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  throw Error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

// Works for files that do not exist yet, too.
bool same_file(const std::string& a, const std::string& b) {
  std::error_code none;
  const auto whole = [&](const std::string& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, none), none);
  };
  return std::filesystem::equivalent(a, b, none) || whole(a) == whole(b);
}

void check_place(std::string_view flag, const std::string& path) {
  if (path.empty()) throw UsageError(fmt::format("{} is empty", flag), "give the name of a file");
  if (path == "-") {
    throw UsageError(fmt::format("{} - names no file: it is not written to standard output", flag),
                     "give the name of a file");
  }
  std::error_code none;
  if (path.ends_with('/') || std::filesystem::is_directory(path, none)) {
    throw Error(fmt::format("{} {} is a folder", flag, path), "give the name of a file in it");
  }
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  if (!std::filesystem::is_directory(folder, none)) {
    throw Error(fmt::format("cannot write {}: there is no folder {}", path, folder.string()),
                fmt::format("make it: mkdir -p {}", folder.string()));
  }
  if (access(folder.c_str(), W_OK) != 0) {
    throw Error(fmt::format("cannot write {}: {}", path, std::strerror(errno)),
                "choose a file in another folder");
  }
}

void say(const std::string& sentence) { print_message(stderr, "{}\n", escape_controls(sentence)); }

}  // namespace

CLI::Validator within(double low, double high) {
  const auto check = [low, high](const std::string& text) -> std::string {
    double number = 0;
    if (CLI::detail::lexical_cast(text, number) && number >= low && number <= high) return {};
    return fmt::format("{} is not a number from {} to {}", text, low, high);
  };
  return {check, fmt::format("FLOAT in [{} - {}]", low, high)};
}

void check_output(std::string_view flag, const std::string& path,
                  std::initializer_list<InputFile> inputs) {
  check_place(flag, path);
  for (const InputFile& input : inputs) {
    for (const std::string& read : input.paths) {
      if (read.empty() || read == "-" || !same_file(read, path)) continue;
      throw Error(
          fmt::format("{} {} is the file that {} names: it would be lost", flag, path, input.flag),
          "choose another file");
    }
  }
}

void check_plan_output(const std::string& path, std::initializer_list<InputFile> inputs) {
  // Stricter than is_plan(), which takes a damaged plan for a plan too.
  if (begins_with(path, plan_format::kMagic)) return check_place("-o", path);
  check_output("-o", path, inputs);
  check_replaceable("-o", path, plan_format::kMagic, "a plan");
}

void check_replaceable(std::string_view flag, const std::string& path, std::string_view first,
                       std::string_view kind) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(path, none) || std::filesystem::is_empty(path, none) ||
      begins_with(path, first)) {
    return;
  }
  throw Error(fmt::format("{} {} exists already and is not {}: it would be lost", flag, path, kind),
              "choose another file, or remove that one");
}

Origin origin_of(std::string data) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> date{};
  const std::size_t size = std::strftime(date.data(), date.size(), "%Y-%m-%d", &local);
  return {std::move(data), WEFT_VERSION, {date.data(), size}};
}

void write_report(const std::string& path, Report report, const std::string& plan,
                  std::string data) {
  report.title = std::filesystem::path(plan).filename().string();
  report.plan_bytes = std::filesystem::file_size(plan);
  report.origin = origin_of(std::move(data));
  write_file(path, to_html(report));
}

std::vector<const CLI::App*> all_commands(const CLI::App& app) {
  const CLI::App& program = app.get_parent() == nullptr ? app : *app.get_parent();
  return program.get_subcommands([](const CLI::App*) { return true; });
}

void print_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_failed();
}

void flush_out() {
  if (std::fflush(stdout) != 0) output_failed();
}

bool is_terminal(int descriptor) { return isatty(descriptor) == 1; }

bool wants_colour(int descriptor) {
  const char* refused = std::getenv("NO_COLOR");
  return is_terminal(descriptor) && (refused == nullptr || *refused == '\0');
}

std::string read_text(const std::string& path) {
  return path == "-" ? read_text_file(STDIN_FILENO, "standard input") : read_text_file(path);
}

bool begins_with(const std::string& path, std::string_view first) {
  return first_bytes(path, first.size()) == first;
}

Plan read_plan(const std::string& path) {
  Plan plan = load_plan(path);
  plan_encoder(plan);
  return plan;
}

bool is_plan(const std::string& path) {
  std::error_code none;
  if (path == "-") return false;
  if (std::filesystem::exists(path, none) && !std::filesystem::is_regular_file(path, none) &&
      !std::filesystem::is_directory(path, none)) {
    return false;
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  char first[4096];
  in.read(first, sizeof first);
  const std::string_view begin(first, static_cast<std::size_t>(in.gcount()));
  // A description is text: it holds no byte 0, but in UTF-16, which is told by its mark.
  const bool utf16 = begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF");
  return !utf16 && begin.find('\0') != begin.npos;
}

Description read_model(const std::string& path) {
  const std::string text = read_text(path);
  if (text.starts_with(plan_format::kMagic)) {
    throw Error(fmt::format("{} is a plan, not a description", path),
                fmt::format("weft inspect {} shows the description that it was made from", path));
  }
  if (text.find('\0') != std::string::npos) {
    throw Error(fmt::format("{} is neither a description nor a plan: it holds a byte 0", path),
                "save the description as UTF-8 text");
  }
  // A pipe lies in no folder in which the files that a description names could be sought.
  std::error_code none;
  const bool file = path != "-" && std::filesystem::is_regular_file(path, none);
  return parse_description(text, file ? path : path == "-" ? "standard input" : "the description");
}

void declare_pretrained(CLI::App& app, std::string& folder) {
  app.add_option("--pretrained", folder,
                 "the folder of a pretrained model (config.json, model.safetensors, tokenizer "
                 "files), for a layer `pretrained` that names none itself")
      ->type_name("FOLDER");
}

void declare_set(CLI::App& app, std::vector<std::string>& assignments) {
  app.add_option("--set", assignments,
                 "changes a constant or a setting of the description: --set width=200, --set "
                 "train.clip_norm=3; `weft layers train` and `weft layers text` list the settings")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void BuildFlags::declare(CLI::App& app) {
  app.add_option(
      "--vectors", vectors,
      "pretrained word vectors (GloVe, word2vec, fastText), for every embedding that has "
      "their width and names no file itself");
  declare_pretrained(app, pretrained);
  declare_set(app, set);
  reading.declare(app);
}

InitialSources BuildFlags::initial(bool quiet) const {
  const bool shown = !quiet && is_terminal(STDERR_FILENO);
  const auto progress = std::make_shared<ReadProgress>(shown ? stderr : nullptr);
  return {
      {vectors, [progress](const std::string& name, double share) { progress->show(name, share); }},
      pretrained};
}

void BuildFlags::refuse_for_plan(const char* instead) const {
  if (!set.empty()) {
    throw Error("--set changes a description, but this plan is compiled already", instead);
  }
  const char* const description = "give the description instead of the plan";
  if (!vectors.empty()) {
    throw Error(
        "--vectors is for a description, but this plan has its words and their vectors already",
        description);
  }
  if (!pretrained.empty()) {
    throw Error("--pretrained is for a description, but this plan has its weights already",
                description);
  }
}

void say_notes(const Plan& plan) {
  for (const PlanNote& note : plan.notes) {
    if (note.program.empty()) say(note.text);
  }
}

void warn(std::string_view warning) {
  print_message(stderr, "weft: {}\n", escape_controls(warning));
}

void warn(const Warnings& warnings) {
  for (const std::string& warning : warnings) warn(warning);
}

}  // namespace weft
