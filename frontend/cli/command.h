// The commands of the program, and the parts that they share.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/arguments.h"
#include "frontend/description/description.h"
#include "frontend/format/usage_error.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/train/data_warnings.h"
#include "ir/diagnostic.h"
#include "ir/plan/plan.h"

namespace weft {

struct Report;  // frontend/report/report.h
struct Origin;  // frontend/report/page.h

// Runs a command whose flags have been parsed; returns the exit status.
using Run = std::function<int()>;

// Each adds its flags to the command's own parser.
#define WEFT_COMMAND(name, doc) Run declare_##name(CLI::App& app);
#include "frontend/cli/commands.def"

// All commands, with their flags, in the order of `weft --help`; from the program's parser or from
// that of one of its commands.
std::vector<const CLI::App*> all_commands(const CLI::App& app);

// What --version prints: "weft 1.2.3" on a line, then compiler, instruction set and dependencies.
std::string version_text();

// Writes to standard output. Throws Error when that is full or closed.
void print_out(std::string_view text);
void flush_out();

bool is_terminal(int descriptor);
// A terminal whose user has not set NO_COLOR.
bool wants_colour(int descriptor);

// The whole of a text file; `-` is standard input.
std::string read_text(const std::string& path);

// False of what is no regular file: to open a pipe is to wait.
bool begins_with(const std::string& path, std::string_view first);
// True if a file is a plan, not a description: by its first bytes, not by its name. What can be
// read once only, `-` or a pipe, is a description.
bool is_plan(const std::string& path);

// A plan that a session could open: no command takes what another refuses.
Plan read_plan(const std::string& path);

// A description from a file, a pipe or, `-`, standard input. Error, saying so, if it is a plan.
Description read_model(const std::string& path);

// Checks that an option is a number from `low` to `high`. CLI::Range would accept `nan`.
CLI::Validator within(double low, double high);

// Files that a command reads, and what names them: {"--data", "a.tsv"}. A path may be empty.
struct InputFile {
  InputFile(std::string_view named_by, std::string path) : flag(named_by), paths{std::move(path)} {}
  InputFile(std::string_view named_by, std::vector<std::string> several)
      : flag(named_by), paths(std::move(several)) {}

  std::string_view flag;
  std::vector<std::string> paths;
};

// A command checks the file it is to write before it does anything else. Error, with the remedy, if
// the path is empty, a folder, in a folder that is missing or cannot be written to, or one of the
// inputs.
void check_output(std::string_view flag, const std::string& path,
                  std::initializer_list<InputFile> inputs);
// The same for `-o`. A plan may replace a plan, even the one that is read, but no other file.
void check_plan_output(const std::string& path, std::initializer_list<InputFile> inputs);
// Error if there is a file that does not begin with `first`: it is not `kind`, and would be lost.
void check_replaceable(std::string_view flag, const std::string& path, std::string_view first,
                       std::string_view kind);

// This program and this day, for a page about the data.
Origin origin_of(std::string data);
// Writes the page about a plan in a file, with its name, its size, and what it was measured on.
void write_report(const std::string& path, Report report, const std::string& plan,
                  std::string data);

// `--data` and `--valid`: a file or a folder, each time they are given.
CLI::Option* declare_data(CLI::App& app, const std::string& flag, std::vector<std::string>& files,
                          const std::string& doc);
// The names of files for a message: `a.tsv, b.tsv`.
std::string listed_files(const std::vector<std::string>& files);

// The flags that say how data files are read.
struct DataFlags {
  std::string format = "auto", encoding;
  std::string text_column, label_column, label_separator, label_names, id_column;
  std::string header, delimiter, quote, escape;
  bool skip_bad = false;

  void declare(CLI::App& app);
  // Those that a command without labels has, with `--format` by the name that is free there.
  void declare_unlabelled(CLI::App& app, const std::string& format_flag);
  ReadOptions options() const;
  // Says how it reads, if the command learns and is not quiet; warns about what is odd.
  Corpus read(const std::vector<std::string>& files) const;
  // The same flags for another command, in the order in which they are declared: {flag, value}.
  std::vector<std::pair<std::string, std::string>> given() const;

 private:
  void declare_dialect(CLI::App& app);

  const CLI::App* app_ = nullptr;
};

// `--pretrained FOLDER`.
void declare_pretrained(CLI::App& app, std::string& folder);
// `--set path=value`, any number of times.
void declare_set(CLI::App& app, std::vector<std::string>& assignments);

// The flags of a command that builds a plan from a description and data.
struct BuildFlags {
  std::string vectors, pretrained;
  std::vector<std::string> set;
  DataFlags reading;

  void declare(CLI::App& app);
  // A terminal shows how far the vectors have been read, unless `quiet`.
  InitialSources initial(bool quiet) const;
  // Error if one is given that only a description can take. `instead`: the remedy for `--set`.
  void refuse_for_plan(const char* instead) const;
};

// Prints the notes of a plan that was built, on standard error.
void say_notes(const Plan& plan);

// One line on standard error, `weft: ` before it. Control characters are escaped.
void warn(std::string_view warning);
void warn(const Warnings& warnings);
template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  warn(std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace weft
