// The tables of a report: what is confused with what, and the scores of each label.
#pragma once

#include <string>
#include <string_view>

#include "frontend/train/metrics.h"

namespace weft {

// A table in a box that scrolls sideways where it is too wide.
std::string scrolling(std::string_view what, const std::string& table);

// The matrix of a few classes, of many the most frequent confusions.
std::string confusion_tables(const Metrics&);

// Precision, recall and F1 of each class and their averages; of many classes folded away.
std::string class_scores(const Metrics&);

// The beginning and the end of a name, `max` characters together.
std::string clipped(std::string_view name, std::size_t max);

}  // namespace weft
