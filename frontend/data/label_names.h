// Names for labels that are ids in the data, from a file: `class.txt`, `classes.txt`, `labels.txt`.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace weft {

class LabelNames {
 public:
  // A line is a name, or an id, a tab and a name. Error if it cannot be read or a name is there
  // twice.
  explicit LabelNames(const std::string& path);

  // Puts names in the place of the ids. Lines without ids are numbered from 0 if the labels have a
  // 0, from 1 if they have the number of lines. Error if a label is no id, or if it cannot be told
  // which of the two it is.
  void apply(std::vector<std::string>& labels) const;

 private:
  std::string path_;
  std::vector<std::string> names_;
  std::map<std::string, std::string> by_id_;  // where the lines have ids
};

}  // namespace weft
