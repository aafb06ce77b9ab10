// The flags of data files, for all commands that read them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "frontend/cli/command.h"
#include "frontend/data/data_format.h"
#include "frontend/data/dialect.h"
#include "frontend/format/escape_controls.h"
#include "frontend/format/message.h"

namespace weft {
namespace {

void say_columns(const std::string& path, const ReadReport& report) {
  std::string others;
  for (const std::string& name : report.other_columns) {
    others += fmt::format("{} `{}`", others.empty() ? "; not read:" : ",", name);
  }
  const std::string said = fmt::format("{}: text: column `{}`, label: column `{}`{}", path,
                                       report.text_column, report.label_column, others);
  print_message(stderr, "{}\n", escape_controls(said));
}

std::vector<std::string> format_names() {
  std::vector<std::string> names{"auto"};
  for (const DataFormat* known : all_data_formats()) names.emplace_back(known->name);
  return names;
}

CLI::Validator one_character() {
  const auto check = [](const std::string& text) -> std::string {
    if (dialect_character(text)) return {};
    return fmt::format("`{}` is not one character, tab, space or none", text);
  };
  return {check, "CHARACTER"};
}

std::optional<char> character(const std::string& text) {
  return text.empty() ? std::nullopt : dialect_character(text);
}

}  // namespace

CLI::Option* declare_data(CLI::App& app, const std::string& flag, std::vector<std::string>& files,
                          const std::string& doc) {
  return app.add_option(flag, files, doc + ": a file or a folder; may be repeated")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string listed_files(const std::vector<std::string>& files) {
  return fmt::format("{}", fmt::join(files, ", "));
}

void DataFlags::declare(CLI::App& app) {
  app_ = &app;
  app.add_option("--format", format,
                 fmt::format("auto (by extension, then by content), {}", data_format_names()))
      ->capture_default_str()
      ->check(CLI::IsMember(format_names()));
  app.add_option(
      "--text-column", text_column,
      "the column of the text: its name, or its number from 1; else one with a usual "
      "name (text, review, sentence …), or, without a header, the second of two. Several "
      "with commas between them are one text, but two are a pair for a model with "
      "`text pair=true`. A key of JSON may be nested: review.text");
  app.add_option("--label-column", label_column,
                 "the column of the label: its name, or its number from 1; else one with a usual "
                 "name (label, class, category …), or, without a header, the first of two. Several "
                 "with commas between them hold 0 or 1 each, for texts of several labels");
  app.add_option("--label-separator", label_separator,
                 "the text between two labels, if a row may have several labels");
  app.add_option("--label-names", label_names,
                 "a file of names for labels that are ids: one a line, or id<TAB>name")
      ->type_name("FILE");
  declare_dialect(app);
}

void DataFlags::declare_dialect(CLI::App& app) {
  app.add_option("--header", header,
                 "yes or no: whether the first row of TSV or CSV names the columns; else by its "
                 "names")
      ->check(CLI::IsMember({"yes", "no"}));
  app.add_option("--delimiter", delimiter, "between the fields of CSV: ';', '|', tab …")
      ->check(one_character());
  app.add_option("--quote", quote, "around fields of TSV or CSV: '\"' … or none")
      ->check(one_character());
  app.add_option("--escape", escape, "before a quote inside quotes: '\\' … or none")
      ->check(one_character());
  app.add_option(
      "--encoding", encoding,
      "of the file, as ICU names it: GB18030, latin1, UTF-16LE …; else by its byte order "
      "mark, or UTF-8");
  app.add_flag("--skip-bad", skip_bad, "count bad rows instead of stopping at the first");
}

void DataFlags::declare_unlabelled(CLI::App& app, const std::string& format_flag) {
  app_ = &app;
  app.add_option("--text-column", text_column,
                 "read a data file, and the text in this column: its name, or its number from 1");
  app.add_option("--id-column", id_column,
                 "read a data file, and begin each answer with the id in this column");
  app.add_option(format_flag, format,
                 fmt::format("read a data file of this format: {}", data_format_names()))
      ->check(CLI::IsMember(format_names()));
  declare_dialect(app);
}

ReadOptions DataFlags::options() const {
  ReadOptions options;
  options.format = find_data_format(format);  // null for auto
  options.encoding = encoding;
  options.text_column = text_column;
  options.label_column = label_column;
  options.id_column = id_column;
  options.label_separator = label_separator;
  options.skip_bad = skip_bad;
  if (!header.empty()) options.header = header == "yes";
  options.delimiter = character(delimiter);
  options.quote = character(quote);
  options.escape = character(escape);
  options.label_names = label_names;
  return options;
}

std::vector<std::pair<std::string, std::string>> DataFlags::given() const {
  const std::array<std::pair<std::string, const std::string*>, 9> all = {{
      {"--text-column", &text_column},
      {"--label-column", &label_column},
      {"--label-separator", &label_separator},
      {"--label-names", &label_names},
      {"--header", &header},
      {"--delimiter", &delimiter},
      {"--quote", &quote},
      {"--escape", &escape},
      {"--encoding", &encoding},
  }};
  std::vector<std::pair<std::string, std::string>> given;
  if (format != "auto") given.emplace_back("--format", format);
  for (const auto& [flag, value] : all) {
    if (!value->empty()) given.emplace_back(flag, *value);
  }
  return given;
}

Corpus DataFlags::read(const std::vector<std::string>& files) const {
  Corpus corpus = read_corpus(files, options());
  const ReadReport& report = corpus.report();
  // Commands that learn tell what they do, unless they are to be quiet.
  const auto quiet =
      app_->get_options([](const CLI::Option* option) { return option->check_name("--quiet"); });
  if (!quiet.empty() && quiet.front()->count() == 0) {
    for (const std::string& note : report.notes) {
      print_message(stderr, "{}\n", escape_controls(note));
    }
    if (report.has_header) say_columns(files.front(), report);
  }
  warn(report.remarks);
  return corpus;
}

}  // namespace weft
