// The tables of a report: confusions, and the scores of each label.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "frontend/train/metrics.h"

namespace weft {

// A cell of a table: text with a bar behind it, of a share from 0 to 1 of the cell.
std::string share_cell(double share, std::string_view text);
std::string share_cell(double share);  // its text is the share
// The heading of a column of numbers, and of one of words. HTML.
std::string column_heading(std::string_view name);
std::string words_heading(std::string_view name);
// The beginning of a table as wide as the page, up to its rows.
std::string table_head(std::initializer_list<std::string> headings,
                       std::string_view more_class = {});

// A table in a box that scrolls sideways if it is too wide.
std::string scrolling(std::string_view what, const std::string& table);

// The confusion matrix; if there are many classes, the most frequent confusions too, or instead.
std::string confusion_tables(const Metrics&);

// Precision, recall and F1 of each class, and their averages. A long table is folded away.
std::string class_scores(const Metrics&);

// A name of at most `max` characters: of a longer one, its beginning and its end.
std::string clipped(std::string_view name, std::size_t max);

}  // namespace weft
