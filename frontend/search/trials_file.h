// The file of a search's results: a line for each as soon as there is one, so that nothing is lost.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "frontend/search/tune_result.h"

namespace weft {

class TrialsFile {
 public:
  // The first line is `header`. With `resume` the results that are there are known; Error where it
  // is of another search or damaged. Without, a file with results becomes `path.old`.
  TrialsFile(std::string path, std::string header, bool resume);

  const std::vector<TuneResult>& known() const { return known_; }
  bool kept_old() const { return kept_old_; }

  void add(const TuneResult&);                      // Error if the disk is full
  void finish(const std::vector<TuneResult>& all);  // in place of those added, in this order

 private:
  bool holds_results() const;
  void read();
  void write(const std::vector<TuneResult>&) const;

  std::string path_, header_;
  bool kept_old_ = false;
  std::vector<TuneResult> known_;
  std::ofstream out_;
};

}  // namespace weft
