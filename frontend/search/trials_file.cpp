// Results as lines of JSON behind a header; the last line may be cut off by the end of a run.
#include "frontend/search/trials_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "ir/file.h"

namespace weft {

TrialsFile::TrialsFile(std::string path, std::string header, bool resume)
    : path_(std::move(path)), header_(std::move(header)) {
  std::error_code none;
  if (resume) {
    read();
  } else if (holds_results()) {
    std::filesystem::rename(path_, path_ + ".old", none);
    kept_old_ = !none;
  }
  write(known_);
  out_.open(path_, std::ios::app);
}

bool TrialsFile::holds_results() const {
  std::ifstream in(path_);
  std::string line;
  std::getline(in, line);
  return static_cast<bool>(std::getline(in, line));
}

void TrialsFile::add(const TuneResult& result) {
  out_ << to_json(result) << '\n';
  if (!out_.flush()) throw Error(fmt::format("cannot write {}", path_), "is the disk full?");
}

void TrialsFile::finish(const std::vector<TuneResult>& all) {
  out_.close();
  write(all);
}

void TrialsFile::read() {
  std::ifstream in(path_);
  if (!in) return;
  std::string line;
  std::getline(in, line);
  if (line != header_) {
    throw Error(fmt::format("{} is of another description, other data or other flags", path_),
                "give those again, or leave out --resume to start anew");
  }
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    if (in.eof()) break;  // cut off in the middle
    try {
      known_.push_back(parse_tune_result(line));
    } catch (const Error& e) {
      throw Error(fmt::format("{}:{}: {}", path_, number, e.diagnostics().front().message),
                  "delete that line, and --resume does the trial again");
    }
  }
}

void TrialsFile::write(const std::vector<TuneResult>& results) const {
  std::string text = header_ + "\n";
  for (const TuneResult& result : results) text += to_json(result) + "\n";
  write_file(path_, text);
}

}  // namespace weft
