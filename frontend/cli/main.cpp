// The program `weft`: chooses the command, and prints what went wrong.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>

#include "frontend/cli/command.h"
#include "frontend/format/escape_controls.h"
#include "frontend/format/message.h"
#include "frontend/format/suggest.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

struct Command {
  const char* name;
  const char* doc;
  Run (*declare)(CLI::App& app);
};

constexpr std::array kCommands = {
#define WEFT_COMMAND(name, doc) Command{#name, doc, declare_##name},
#include "frontend/cli/commands.def"
};

constexpr std::string_view kNoMemory = "weft: there is not enough memory\n";

// All that a handler may do is write and end.
[[noreturn]] void end_with(std::string_view message) {
  if (::write(STDERR_FILENO, message.data(), message.size()) < 0) std::_Exit(1);
  std::_Exit(1);
}

// A mapped file has become shorter than it was.
void on_lost_pages(int) {
  end_with(
      "weft: a plan or another file was cut short while it was used\n"
      "    note: put a new file in its place with `mv`, not with `cp`\n");
}

std::terminate_handler usual_terminate = nullptr;

// Ends the process with a message where there is no memory and nobody can catch the exception: an
// initialiser of the program or of a library threw it, or a destructor that allocates, as those of
// nlohmann-json do.
[[noreturn]] void on_terminate() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    end_with(kNoMemory);
  } catch (...) {  // the usual handler tells it
  }
  if (usual_terminate != nullptr) usual_terminate();
  std::abort();
}

// The process runs this first, before the initialisers of libraries.
void before_all(int, char**, char**) { usual_terminate = std::set_terminate(on_terminate); }
[[gnu::used, gnu::section(".preinit_array")]] void (*const kBeforeAll)(int, char**,
                                                                       char**) = before_all;

// Refuses `--seed 1 --seed 2`: a flag keeps its last value, so the first would be ignored.
void refuse_repeated_flags(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() < 2 || option->get_items_expected_max() != 1 ||
        option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll) {
      continue;
    }
    const std::string name =
        option->check_name("-o") ? std::string("-o") : option->get_name(false, false);
    throw UsageError(
        fmt::format("{} is given {} times, but takes one value", name, option->count()),
        "give it once");
  }
}

// Refuses `--data - --valid -`: whatever is read second would be empty.
void refuse_standard_input_twice(const CLI::App& command) {
  std::vector<std::string> readers;
  for (const CLI::Option* option : command.get_options()) {
    const bool reads = option->get_positional() || option->get_type_name() == "FILE";
    if (!reads || option->count() == 0) continue;
    const bool standard_input =
        std::ranges::find(option->results(), "-") != option->results().end();
    if (standard_input) readers.push_back(option->get_name());
  }
  if (readers.size() < 2) return;
  throw UsageError(fmt::format("{} and {} are both -, standard input, which can be read once",
                               readers[0], readers[1]),
                   "name a file for one of them");
}

// For an unknown flag, the known one that is nearest; empty if none is near.
std::string flag_suggestion(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (const std::string& given : command.remaining()) {
    if (!given.starts_with("--")) continue;
    const std::string near = nearest(given.substr(0, given.find('=')), flags);
    if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  }
  return {};
}

// CLI11 takes an empty text for a number that was not given, and a whole number beyond its range
// for the largest there is.
void check_numbers(CLI::App& command) {
  const auto whole = [](const std::string& text) -> std::string {
    char* end = nullptr;
    errno = 0;
    std::strtoll(text.c_str(), &end, /*base=*/0);
    if (errno == ERANGE) return text + " is too large a number";
    return text.empty() || *end != '\0' ? fmt::format("`{}` is no whole number", text) : "";
  };
  const auto real = [](const std::string& text) -> std::string {
    char* end = nullptr;
    std::strtod(text.c_str(), &end);
    return text.empty() || *end != '\0' ? fmt::format("`{}` is no number", text) : "";
  };
  for (CLI::Option* option : command.get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT") || type.starts_with("UINT")) option->check(whole, "");
    if (type.starts_with("FLOAT")) option->check(real, "");
  }
}

// The arguments for CLI11. `weft help train` means `weft train --help`. A word that is no command
// is refused here, because CLI11 would only say that a command is missing.
std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> given(argv + std::min(argc, 1), argv + argc);
  if (!given.empty() && given.front() == "help") {
    given.erase(given.begin());
    given.resize(std::min<std::size_t>(given.size(), 1));
    given.emplace_back("--help");
  }
  if (given.empty()) return given;
  const std::string& name = given.front();
  if (name.starts_with('-')) {
    const std::vector<std::string> flags{"--help", "-h", "--version"};
    if (std::ranges::find(flags, name) != flags.end()) return given;
    throw UsageError(fmt::format("there is no flag `{}` before the command", name),
                     "write `weft COMMAND --help` for a command's flags, or `weft --help`");
  }
  if (std::ranges::find(kCommands, name, &Command::name) != kCommands.end()) return given;
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  throw UsageError(fmt::format("there is no command `{}`", name), suggestion(name, names));
}

int run(int argc, char** argv) {
  std::vector<std::string> given = arguments(argc, argv);
  CLI::App app{
      "weft: text classification from a model description to a plan file that predicts.\n"
      "Begin with `weft train FILE -o my.plan`: FILE has a label and a text on each line.",
      "weft"};
  app.require_subcommand(1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.failure_message(CLI::FailureMessage::simple);
  app.set_version_flag("--version", version_text);
  std::vector<std::pair<CLI::App*, Run>> declared;
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.doc);
    declared.emplace_back(sub, command.declare(*sub));
    check_numbers(*sub);
  }
  try {
    std::ranges::reverse(given);  // as parse() wants them
    app.parse(std::move(given));
  } catch (const CLI::Success& e) {
    std::ostringstream text;  // of --help or --version
    const int status = app.exit(e, text, std::cerr);
    print_out(text.str());
    flush_out();
    return status;
  } catch (const CLI::ParseError& e) {
    const CLI::App* sub = nullptr;
    for (const auto& [parser, unused] : declared) {
      if (parser->parsed()) sub = parser;
    }
    print_message(stderr, "weft: {}\n", escape_controls(e.what()));
    const std::string meant = sub == nullptr ? "" : flag_suggestion(*sub);
    if (!meant.empty()) print_message(stderr, "    note: {}\n", meant);
    print_message(stderr, "    note: `weft {}--help` lists what is possible\n",
                  sub == nullptr ? "" : sub->get_name() + " ");
    return 2;
  }
  for (const auto& [parser, command] : declared) {
    if (!parser->parsed()) continue;
    refuse_repeated_flags(*parser);
    refuse_standard_input_twice(*parser);
    const int status = command();
    flush_out();
    return status;
  }
  return 2;
}

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  int status = 1;
  weft::hold_standard_streams();
  // A file that may not grow, and a reader of messages that has gone away, fail the write.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGBUS, weft::on_lost_pages);
  try {
    return weft::run(argc, argv);
  } catch (const weft::Error& e) {
    if (dynamic_cast<const weft::UsageError*>(&e) != nullptr) status = 2;
    const bool placed = !e.diagnostics().empty() && e.diagnostics().front().location.line > 0;
    weft::print_message(stderr, "{}{}\n", placed ? "" : "weft: ", weft::escape_controls(e.what()));
  } catch (const std::bad_alloc&) {
    weft::print_message(stderr, "{}", weft::kNoMemory);
  } catch (const std::exception& e) {
    weft::print_message(stderr, "weft: {}\n", e.what());
  }
  return status;
}
