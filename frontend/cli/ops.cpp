// `weft ops`: lists the ops, from their declarations.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "frontend/cli/command.h"
#include "frontend/format/suggest.h"
#include "ir/op.h"
#include "ir/print.h"

namespace weft {
namespace {

std::string signature(const OpDef& op) {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  for (const PortDef& port : op.inputs) {
    const char* mark = port.arity == Arity::optional   ? "?"
                       : port.arity == Arity::variadic ? "..."
                                                       : "";
    inputs.push_back(fmt::format("{}{}", port.name, mark));
  }
  for (const PortDef& port : op.outputs) {
    outputs.push_back(fmt::format("{}{}", port.name, port.arity == Arity::optional ? "?" : ""));
  }
  return fmt::format("{}({}) -> {}", op.name, fmt::join(inputs, ", "), fmt::join(outputs, ", "));
}

void describe(const OpDef& op) {
  print_out(fmt::format("{}\n    {}\n", signature(op), op.doc));
  for (const PortDef& port : op.inputs) {
    print_out(fmt::format("    {:16} {}\n", port.name, port.doc));
  }
  for (const PortDef& port : op.outputs) {
    print_out(fmt::format("    -> {:13} {}\n", port.name, port.doc));
  }
  for (const AttrDef& attr : op.attrs) {
    const std::string value = attr.default_value ? print(*attr.default_value) : "(required)";
    print_out(fmt::format("    {:16} {}\n", fmt::format("{}={}", attr.name, value), attr.doc));
  }
  print_out(op.gradient == nullptr ? "    not differentiable\n" : "    differentiable\n");
}

}  // namespace

Run declare_ops(CLI::App& app) {
  const auto name = std::make_shared<std::string>();
  app.add_option("OP", *name, "show this op with its operands and attributes");
  return [name] {
    std::vector<std::string> names;
    for (const OpDef* op : all_ops()) {
      if (name->empty()) print_out(fmt::format("{:28} {}\n", op->name, op->doc));
      if (op->name == *name) {
        describe(*op);
        return 0;
      }
      names.emplace_back(op->name);
    }
    if (name->empty()) return 0;
    throw Error(fmt::format("there is no op `{}`", *name), suggestion(*name, names));
  };
}

}  // namespace weft
