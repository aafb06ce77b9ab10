// `weft predict`: one text a line in, one answer a line out, in order, in constant memory.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/cli/command.h"
#include "frontend/input.h"
#include "runtime/session.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, file = "-", format = "tsv";
  std::optional<std::size_t> top;
  int threads = 0;
};

// Texts are answered together, in portions of at most so many lines and bytes.
constexpr std::size_t kMostLines = 1024;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

class Predictor {
 public:
  Predictor(const Flags& flags, Session session) : session_(std::move(session)), top_(flags.top) {
    json_ = flags.format == "json";
    for (const std::string& label : session_.labels()) {
      // replace: labels of a plan are bytes, JSON is UTF-8
      spelling_.push_back(json_ ? nlohmann::json(label).dump(
                                      -1, ' ', false, nlohmann::json::error_handler_t::replace)
                                : label);
    }
    ranking_.resize(session_.labels().size());
  }

  void run(LineReader& lines) {
    std::string_view line;
    while (lines.next(line)) {
      texts_.append(line);
      ends_.push_back(texts_.size());
      const bool full = ends_.size() == kMostLines || texts_.size() >= kMostBytes;
      if (full || !lines.pending()) answer();
    }
    answer();
  }

 private:
  void answer() {
    if (ends_.empty()) return;
    views_.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      views_.push_back(std::string_view(texts_).substr(begin, end - begin));
      begin = end;
    }
    session_.predict(views_, predictions_);
    out_.clear();
    for (std::size_t i = 0; i < predictions_.size(); ++i) write(i);
    print_out({out_.data(), out_.size()});
    flush_out();
    texts_.clear();
    ends_.clear();
  }

  // The labels to give, best first, at the front of `ranking_`; how many.
  std::size_t rank(std::size_t i) {
    const auto p = predictions_.probabilities(i);
    const bool multi = session_.plan().task == Task::multi_label;
    if (!multi && top_.value_or(1) == 1) {
      ranking_[0] = predictions_.label(i);
      return 1;
    }
    const std::size_t count = std::min(top_.value_or(p.size()), p.size());
    std::iota(ranking_.begin(), ranking_.end(), std::size_t{0});
    std::partial_sort(
        ranking_.begin(), ranking_.begin() + static_cast<std::ptrdiff_t>(count), ranking_.end(),
        [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
    if (top_) return count;
    std::size_t given = 0;
    while (given < count && p[ranking_[given]] >= session_.plan().threshold) ++given;
    return given;
  }

  void write(std::size_t i) {
    const std::size_t count = rank(i);
    const auto p = predictions_.probabilities(i);
    const auto out = std::back_inserter(out_);
    if (json_) fmt::format_to(out, "{{\"labels\":[");
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t label = ranking_[k];
      if (json_) {
        fmt::format_to(out, "{}{{\"label\":{},\"probability\":{:.6f}}}", k == 0 ? "" : ",",
                       spelling_[label], p[label]);
      } else {
        fmt::format_to(out, "{}{}\t{:.6f}", k == 0 ? "" : "\t", spelling_[label], p[label]);
      }
    }
    const std::string_view end = json_ ? "]}\n" : "\n";
    out_.append(end.data(), end.data() + end.size());
  }

  Session session_;
  std::optional<std::size_t> top_;
  bool json_ = false;
  std::vector<std::string> spelling_;
  std::string texts_;  // of the portion, end to end
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> views_;
  std::vector<std::size_t> ranking_;
  Predictions predictions_;
  fmt::memory_buffer out_;
};

}  // namespace

Run declare_predict(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  app.add_option("FILE", flags->file, "texts, one a line; - (standard input) by default");
  app.add_option("--top", flags->top, "the K most probable labels")
      ->type_name("K")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--format", flags->format,
                 "tsv: label<TAB>probability ...; json: an object a line")
      ->check(CLI::IsMember({"tsv", "json"}));
  app.add_option("--threads", flags->threads, "0: all this process may use")
      ->check(CLI::Range(0, 4096));
  return [flags] {
    LineReader lines(flags->file);
    Predictor(*flags, Session::load(flags->plan, {flags->threads})).run(lines);
    return 0;
  };
}

}  // namespace weft
