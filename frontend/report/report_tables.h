// The tables of a report: confusions, and the scores of each label.
#pragma once

#include <string>
#include <string_view>

#include "frontend/train/metrics.h"

namespace weft {

// A table in a box that scrolls sideways if it is too wide.
std::string scrolling(std::string_view what, const std::string& table);

// The confusion matrix; if there are many classes, the most frequent confusions too, or instead.
std::string confusion_tables(const Metrics&);

// Precision, recall and F1 of each class, and their averages. A long table is folded away.
std::string class_scores(const Metrics&);

// A name of at most `max` characters: of a longer one, its beginning and its end.
std::string clipped(std::string_view name, std::size_t max);

}  // namespace weft
