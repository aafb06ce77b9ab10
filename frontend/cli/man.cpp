// `weft man`: prints the manual page, made of the same declarations as `--help`.
#include <fmt/format.h>

#include <cstdint>

#include "frontend/cli/command.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

// Text as roff reads it: a dot or a quote at the start of a line would be a request, and bytes
// beyond ASCII are Latin-1.
std::string roff(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = utf8::next(text, at);
    if ((out.empty() || out.back() == '\n') && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\n') {
      out += "\n.br\n";
    } else if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("\\[u{:04X}]", static_cast<std::uint32_t>(c));
    }
  }
  return out;
}

// `--data TEXT`, as the title of its description.
std::string title_of(const CLI::Option& option) {
  std::string names;
  for (const std::string& name : option.get_snames()) {
    names += fmt::format("{}\\fB\\-{}\\fR", names.empty() ? "" : ", ", roff(name));
  }
  for (const std::string& name : option.get_lnames()) {
    names += fmt::format("{}\\fB\\-\\-{}\\fR", names.empty() ? "" : ", ", roff(name));
  }
  if (names.empty()) return fmt::format("\\fI{}\\fR", roff(option.get_name(/*positional=*/true)));
  if (option.get_expected_max() > 0) {
    names += fmt::format(" \\fI{}\\fR", roff(option.get_type_name()));
  }
  return names;
}

std::string page(const CLI::App& program) {
  std::string out = fmt::format(
      ".TH WEFT 1 \"\" \"weft {}\" \"User commands\"\n.SH NAME\nweft \\- text classification "
      "from a model description to a plan file that predicts\n.SH SYNOPSIS\n\\fBweft\\fR "
      "\\fICOMMAND\\fR "
      "[\\fIFLAGS\\fR]\n.SH DESCRIPTION\n{}\n.SH COMMANDS\n",
      WEFT_VERSION, roff(program.get_description()));
  for (const CLI::App* command : all_commands(program)) {
    out += fmt::format(".SS weft {}\n{}\n", roff(command->get_name()),
                       roff(command->get_description()));
    for (const CLI::Option* option : command->get_options()) {
      if (option->check_name("--help")) continue;
      out += fmt::format(".TP\n{}\n{}\n", title_of(*option), roff(option->get_description()));
    }
  }
  out +=
      ".SH EXIT STATUS\n.TP\n0\nThe command did what it was asked.\n.TP\n1\nAn error, told on "
      "standard error.\n.TP\n2\nThe arguments are wrong.\n.TP\n130, 143, 129\nInterrupted, or "
      "ended by SIGTERM or SIGHUP.\n";
  return out;
}

}  // namespace

Run declare_man(CLI::App& app) {
  return [&app] {
    print_out(page(*app.get_parent()));
    return 0;
  };
}

}  // namespace weft
