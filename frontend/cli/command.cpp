// Output, input and flags that commands share.
#include "frontend/cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "frontend/progress.h"

namespace weft {
namespace {

[[noreturn]] void output_failed() {
  throw Error(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
}

}  // namespace

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
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  text << in.rdbuf();
  return text.str();
}

bool is_plan(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  char first[4096];
  in.read(first, sizeof first);
  // A description is text: it holds no byte 0.
  return std::memchr(first, 0, static_cast<std::size_t>(in.gcount())) != nullptr;
}

void DataFlags::declare(CLI::App& app) {
  app.add_option("--format", format, "auto (by extension), tsv, csv, jsonl or fasttext")
      ->check(CLI::IsMember({"auto", "tsv", "csv", "jsonl", "fasttext"}));
  app.add_option("--text-column", text_column, "name or number (from 1) of the text's column");
  app.add_option("--label-column", label_column, "name or number of the label's column");
  app.add_option("--label-separator", label_separator,
                 "what stands between several labels of one text");
  app.add_flag("--skip-bad", skip_bad, "count bad rows instead of stopping at the first");
}

ReadOptions DataFlags::options() const {
  ReadOptions options;
  options.format = data_format(format).value_or(DataFormat::automatic);
  options.text_column = text_column;
  options.label_column = label_column;
  options.label_separator = label_separator;
  options.skip_bad = skip_bad;
  return options;
}

Corpus DataFlags::read(const std::string& path) const {
  Corpus corpus = read_corpus(path, options());
  const ReadReport& report = corpus.report();
  if (report.bad_rows > 0) {
    fmt::print(stderr, "weft: {}: {} bad rows skipped; the first: {}\n", path, report.bad_rows,
               report.first_bad.front());
  }
  if (report.broken_texts > 0) {
    fmt::print(stderr,
               "weft: {}: {} of {} texts {} not UTF-8 throughout (line {}{}): what is not, is read "
               "as an unknown character\n",
               path, report.broken_texts, report.examples, report.broken_texts == 1 ? "is" : "are",
               report.first_broken, report.broken_texts == 1 ? "" : ", for one");
  }
  return corpus;
}

void declare_vectors(CLI::App& app, std::string& file) {
  app.add_option("--vectors", file,
                 "pretrained word vectors (GloVe, word2vec, fastText) for every embedding of "
                 "their width that names none of its own");
}

VectorsOptions vectors_options(const std::string& file, bool quiet) {
  const bool shown = !quiet && is_terminal(STDERR_FILENO);
  const auto progress = std::make_shared<ReadProgress>(shown ? stderr : nullptr);
  return {file, [progress](const std::string& name, double share) { progress->show(name, share); }};
}

void refuse_vectors() {
  throw Error("--vectors is for a description, but this plan has its words and their vectors",
              "name the description instead");
}

void say_notes(const Plan& plan) {
  for (const PlanNote& note : plan.notes) {
    if (note.program.empty()) fmt::print(stderr, "{}\n", note.text);
  }
}

void warn(const Remarks& remarks) {
  for (const std::string& remark : remarks) fmt::print(stderr, "weft: {}\n", remark);
}

void declare_set(CLI::App& app, std::vector<std::string>& assignments) {
  app.add_option("--set", assignments,
                 "override a constant or a setting of the description: --set width=200, --set "
                 "train.clip_norm=3; `weft layers train` and `weft layers text` list settings")
      ->type_name("NAME=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace weft
