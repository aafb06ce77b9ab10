// `weft completion`: prints what makes a shell complete weft's commands, flags and their values. It
// is made of the same declarations as `--help`.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/cli/command.h"

namespace weft {
namespace {

// The values that a flag chooses from; none: any.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();  // TEXT:{tsv,json}
  const std::size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

// The spelling that is completed, with its dashes; empty: an argument without a flag.
std::string flag_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : "--" + option.get_lnames().front();
}

bool takes_value(const CLI::Option& option) { return option.get_expected_max() > 0; }

std::string in_single_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c == '\n' ? ' ' : c);
  return quoted + "'";
}

std::string bash(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  std::string values, flags;
  for (const CLI::App* command : commands) {
    names.push_back(command->get_name());
    std::vector<std::string> all;
    for (const CLI::Option* option : command->get_options()) {
      const std::string flag = flag_of(*option);
      if (flag.empty()) continue;
      all.push_back(flag);
      const std::vector<std::string> choices = choices_of(*option);
      if (choices.empty()) continue;
      values += fmt::format("    '{} {}') words='{}' ;;\n", command->get_name(), flag,
                            fmt::join(choices, " "));
    }
    flags += fmt::format("    {}) words='{}' ;;\n", command->get_name(), fmt::join(all, " "));
  }
  return fmt::format(
      R"(# bash completion for weft, made by `weft completion bash`.
_weft() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD - 1]}} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '{0}' -- "$word")
    return
  fi
  case "${{COMP_WORDS[1]}} $before" in
{1}  esac
  if [ -z "$words" ] && [[ $word == -* ]]; then
    case ${{COMP_WORDS[1]}} in
{2}    esac
  fi
  if [ -n "$words" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
  fi
}}
complete -F _weft weft
)",
      fmt::join(names, " "), values, flags);
}

// A text within [..] of an argument of _arguments.
std::string zsh_text(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string zsh(const std::vector<const CLI::App*>& commands) {
  std::string names, cases;
  for (const CLI::App* command : commands) {
    names += fmt::format("      {}\n", in_single_quotes(command->get_name() + ":" +
                                                        zsh_text(command->get_description())));
    cases += fmt::format("    {}) _arguments", command->get_name());
    for (const CLI::Option* option : command->get_options()) {
      const std::string flag = flag_of(*option);
      if (flag.empty()) continue;
      std::string spec = fmt::format("{}[{}]", flag, zsh_text(option->get_description()));
      const std::vector<std::string> choices = choices_of(*option);
      if (!choices.empty()) {
        spec += fmt::format(":value:({})", fmt::join(choices, " "));
      } else if (takes_value(*option)) {
        spec += ":value:_files";
      }
      cases += fmt::format(" \\\n        {}", in_single_quotes(spec));
    }
    cases += " \\\n        '*:file:_files' ;;\n";
  }
  return fmt::format(
      R"(#compdef weft
# zsh completion for weft, made by `weft completion zsh`.
_weft() {{
  if (( CURRENT == 2 )); then
    local -a commands=(
{0}    )
    _describe command commands
    return
  fi
  local command=$words[2]
  words=("${{words[@]:1}}")
  (( CURRENT-- ))
  case $command in
{1}  esac
}}
_weft "$@"
)",
      names, cases);
}

}  // namespace

Run declare_completion(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell,
                 "bash: source <(weft completion bash); zsh: a file _weft in $fpath")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
  return [shell, &app] {
    const std::vector<const CLI::App*> commands = all_commands(app);
    print_out(*shell == "bash" ? bash(commands) : zsh(commands));
    return 0;
  };
}

}  // namespace weft
