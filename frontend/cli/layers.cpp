// `weft layers`: lists what a model description may say, from the tables that check it.
#include "frontend/description/layers.h"

#include <fmt/format.h>

#include <array>

#include "frontend/cli/command.h"
#include "frontend/description/outputs.h"
#include "frontend/description/settings.h"
#include "frontend/format/suggest.h"
#include "ir/print.h"

namespace weft {
namespace {

std::string default_of(const ArgumentDef& def) {
  if (!def.default_value) return "";
  if (const auto* word = std::get_if<std::string>(&*def.default_value)) {
    return word->empty() ? "" : "=" + *word;
  }
  if (def.kind == ArgumentKind::boolean) {
    return std::get<std::int64_t>(*def.default_value) == 0 ? "=false" : "=true";
  }
  return "=" + print(*def.default_value);
}

void describe(std::string_view name, std::string_view doc, std::span<const ArgumentDef> arguments) {
  print_out(fmt::format("{:14} {}\n", name, doc));
  for (const ArgumentDef& def : arguments) {
    print_out(fmt::format("    {:24} {}; {}\n", fmt::format("{}{}", def.name, default_of(def)),
                          def.doc, range_of(def)));
    for (std::size_t i = 0; i < def.word_docs.size(); ++i) {
      print_out(fmt::format("        {:20} {}\n", def.words[i], def.word_docs[i]));
    }
  }
}

// The lines of a description that take no settings of their own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kLines = {
    {{"model", "the line `model NAME`, the first: what the model is called"},
     {"output",
      "the line `output softmax(logits)`, or sigmoid(logits), or hierarchical_softmax(x): the "
      "last"},
     {"tune",
      "the line `tune width=range(100, 400) rate=log(0.001, 0.01) …`: what a search may change"}}};

}  // namespace

Run declare_layers(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("NAME", *name, "show only this layer, optimizer or line");
  return [name] {
    std::vector<std::string> names;
    bool found = false;
    const auto one = [&](std::string_view known, std::string_view doc,
                         std::span<const ArgumentDef> arguments) {
      names.emplace_back(known);
      if (!name->empty() && known != *name) return;
      found = true;
      describe(known, doc, arguments);
    };
    for (const LayerDef& layer : all_layers()) one(layer.name, layer.doc, layer.arguments);
    for (const OutputDef& output : all_outputs()) one(output.name, output.doc, output.arguments);
    for (const auto& [line, doc] : kLines) one(line, doc, {});
    for (const SettingsGroup& group : all_settings()) one(group.name, group.doc, group.arguments);
    if (found) return 0;
    throw Error(fmt::format("there is no layer, optimizer or line `{}`", *name),
                suggestion(*name, names));
  };
}

}  // namespace weft
