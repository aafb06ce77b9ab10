// `weft new`: prints a commented model description.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/cli/command.h"
#include "frontend/description/starters.h"
#include "frontend/format/suggest.h"

namespace weft {

namespace {

// Prints the name and the purpose of each starter.
void list_starters() {
  std::size_t width = 0;
  for (const Starter& starter : all_starters()) width = std::max(width, starter.name.size());
  for (const Starter& starter : all_starters()) {
    print_out(fmt::format("{:{}}  {}\n", starter.name, width, starter.doc));
  }
  print_out("`weft new STARTER > my.model` writes one; `weft train FILE -o PLAN` chooses one\n");
}

}  // namespace

Run declare_new(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  std::string doc = "one of the following; without it, they are listed:";
  for (const Starter& starter : all_starters()) {
    doc += fmt::format("\n{}: {}", starter.name, starter.doc);
  }
  app.add_option("STARTER", *name, doc);
  return [name] {
    if (name->empty()) {
      list_starters();
      return 0;
    }
    const Starter* starter = find_starter(*name);
    if (starter == nullptr) {
      std::vector<std::string> names;
      for (const Starter& known : all_starters()) names.emplace_back(known.name);
      throw Error(fmt::format("there is no starter `{}`", *name), suggestion(*name, names));
    }
    print_out(starter->text);
    return 0;
  };
}

}  // namespace weft
