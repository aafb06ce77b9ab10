// What a command of the program is, and what commands share.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/description/arguments.h"
#include "frontend/train/data_warnings.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/plan/plan.h"

namespace weft {

// Runs a command whose flags have been parsed; returns the exit status.
using Run = std::function<int()>;

struct Command {
  const char* name;
  const char* doc;
  Run (*declare)(CLI::App& app);  // adds the flags to the command's own parser
};

// One per file of this folder.
Run declare_bench(CLI::App&);
Run declare_calibrate(CLI::App&);
Run declare_check(CLI::App&);
Run declare_compile(CLI::App&);
Run declare_crossval(CLI::App&);
Run declare_eval(CLI::App&);
Run declare_explain(CLI::App&);
Run declare_inspect(CLI::App&);
Run declare_layers(CLI::App&);
Run declare_new(CLI::App&);
Run declare_ops(CLI::App&);
Run declare_opt(CLI::App&);
Run declare_passes(CLI::App&);
Run declare_predict(CLI::App&);
Run declare_train(CLI::App&);
Run declare_tune(CLI::App&);
Run declare_version(CLI::App&);

// Writes to standard output. Throws Error when that is full or closed.
void print_out(std::string_view text);
void flush_out();

bool is_terminal(int descriptor);
// A terminal whose user has not set NO_COLOR.
bool wants_colour(int descriptor);

// The whole of a text file; `-` is standard input.
std::string read_text(const std::string& path);

// Whether a file is a plan rather than a description: by its first bytes, not its name.
bool is_plan(const std::string& path);

// Of an option: a number from `low` to `high`, where CLI::Range would let one pass that is none.
CLI::Validator within(double low, double high);

// A file that a command reads, and what names it: {"--data", "a.tsv"}. A path may be empty.
struct InputFile {
  std::string_view flag;
  std::string path;
};

// What a command is to write is looked at before it does anything else. Error, with the remedy, if
// `flag` names nothing, a folder, a file in a folder that is missing or not to be written to, or
// one of the inputs.
void check_output(std::string_view flag, const std::string& path,
                  std::initializer_list<InputFile> inputs);
// The same of `-o`: a plan may replace a plan, though it is an input, but no other file.
void check_plan_output(const std::string& path, std::initializer_list<InputFile> inputs);

// The flags of data files, and how they read.
struct DataFlags {
  std::string format = "auto";
  std::string text_column, label_column, label_separator;
  bool skip_bad = false;

  void declare(CLI::App& app);
  ReadOptions options() const;
  Corpus read(const std::string& path) const;  // says what is odd, on standard error
};

// `--vectors FILE`, and how it is read: its progress shown on a terminal, unless `quiet`.
void declare_vectors(CLI::App& app, std::string& file);
VectorsOptions vectors_options(const std::string& file, bool quiet);
[[noreturn]] void refuse_vectors();  // of a plan
// What is to know about a plan that was built, on the standard error output.
void say_notes(const Plan& plan);

// Each on a line of the standard error output.
void warn(const Warnings& warnings);

// `--set path=value`, any number of times.
void declare_set(CLI::App& app, std::vector<std::string>& assignments);

}  // namespace weft
