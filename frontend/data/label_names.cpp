// Reads the names, and finds whether ids begin at 0 or at 1.
#include "frontend/data/label_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "frontend/data/label_rules.h"
#include "frontend/data/line_reader.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

std::optional<std::size_t> id_of(std::string_view text) {
  std::size_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

LabelNames::LabelNames(const std::string& path) : path_(path) {
  LineReader lines(path);
  std::size_t with_id = 0;
  for (std::string_view line; lines.next(line);) {
    std::string_view name = trimmed_label(line);
    if (name.empty()) continue;
    const std::size_t tab = name.find('\t');
    if (tab != std::string_view::npos && id_of(name.substr(0, tab))) {
      const auto [entry, added] = by_id_.emplace(std::to_string(*id_of(name.substr(0, tab))),
                                                 trimmed_label(name.substr(tab + 1)));
      if (!added) {
        throw Error(
            fmt::format("{}:{}: the id {} is there twice", path, lines.line(), entry->first),
            "Give each id one name.");
      }
      name = entry->second;
      ++with_id;
    }
    if (const auto fault = label_fault(name)) {
      throw Error(fmt::format("{}:{}: {}", path, lines.line(), fault->what),
                  std::string(fault->remedy));
    }
    if (std::ranges::find(names_, name) != names_.end()) {
      throw Error(fmt::format("{}:{}: the name `{}` is there twice", path, lines.line(), name),
                  "Each label has a name of its own, on a line of its own.");
    }
    names_.emplace_back(name);
  }
  if (names_.empty())
    throw Error(fmt::format("{} names no label", path), "Write a name on a line.");
  if (with_id != 0 && with_id != names_.size()) {
    throw Error(
        fmt::format("{}: {} of {} lines begin with an id and a tab", path, with_id, names_.size()),
        "Begin all of them so, or none.");
  }
}

void LabelNames::apply(std::vector<std::string>& labels) const {
  std::optional<std::size_t> from;  // the id of the first line
  if (by_id_.empty()) {
    const auto has = [&](std::size_t id) {
      return std::ranges::find(labels, std::to_string(id)) != labels.end();
    };
    if (has(0)) from = 0;
    if (has(names_.size()) && !from) from = 1;
    if (!from && std::ranges::all_of(labels, [](const auto& l) { return id_of(l).has_value(); })) {
      throw Error(fmt::format("{}: cannot tell whether its first line is label 0 or 1", path_),
                  "Begin each line with its id and a tab.");
    }
  }
  for (std::string& label : labels) {
    const auto id = id_of(label);
    const auto entry = id ? by_id_.find(std::to_string(*id)) : by_id_.end();
    if (entry != by_id_.end()) {
      label = entry->second;
    } else if (by_id_.empty() && id && from && *id >= *from && *id - *from < names_.size()) {
      label = names_[*id - *from];
    } else {
      throw Error(fmt::format("{} has no name for the label `{}`", path_, label),
                  by_id_.empty() && from
                      ? fmt::format("Its {} lines are labels {} to {}.", names_.size(), *from,
                                    *from + names_.size() - 1)
                      : std::string("Labels that are ids are numbers from 0 or 1."));
    }
  }
}

}  // namespace weft
