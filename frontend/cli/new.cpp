// `weft new`: prints a commented model description.
#include <fmt/format.h>

#include "frontend/cli/command.h"
#include "frontend/description/starters.h"
#include "frontend/format/suggest.h"

namespace weft {

Run declare_new(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  std::string doc = "one of:";
  for (const Starter& starter : all_starters()) {
    doc += fmt::format("\n{}: {}", starter.name, starter.doc);
  }
  app.add_option("STARTER", *name, doc)->required();
  return [name] {
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
