// `weft predict`: one text a line in, one answer a line out, in order, in constant memory.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/cli/command.h"
#include "frontend/data/line_reader.h"
#include "frontend/data/ordered_blocks.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/unread_text.h"
#include "runtime/resources/threads.h"
#include "runtime/session.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, file = "-", format = "tsv";
  std::optional<std::size_t> top;
  int threads = 0;
};

// A block holds at most this many lines and bytes of text; they are answered together.
constexpr std::size_t kMaxLines = 1024;
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

struct Block {
  std::string texts;  // end to end
  std::vector<std::size_t> ends;
  fmt::memory_buffer answers;
  std::size_t broken = 0;  // lines that are not UTF-8
  std::size_t first_broken = 0;
  UnreadCount unread;

  // Reads the lines that have arrived, up to a full block; waits for the first only. False at the
  // end.
  bool read(LineReader& lines) {
    texts.clear();
    ends.clear();
    std::string_view line;
    while (lines.next(line)) {
      texts.append(line);
      ends.push_back(texts.size());
      if (ends.size() == kMaxLines || texts.size() >= kMaxBytes || !lines.pending()) break;
    }
    return !ends.empty();
  }
};

// Answers one block after another, on one thread.
class Predictor {
 public:
  Predictor(const Flags& flags, Session session)
      : flags_(flags),
        session_(std::move(session)),
        unread_(session_.plan(), session_.encoder()),
        json_(flags.format == "json") {
    for (const std::string& label : session_.labels()) {
      // A plan's labels are any bytes, but JSON is UTF-8: replace what is not.
      spelling_.push_back(json_ ? nlohmann::json(label).dump(
                                      -1, ' ', false, nlohmann::json::error_handler_t::replace)
                                : label);
    }
    ranking_.resize(session_.labels().size());
  }

  // A predictor for another thread; may be called while this one answers.
  Predictor sibling() const { return {flags_, session_.sibling()}; }

  const TextSettings& text_settings() const { return session_.plan().text; }

  void answer(Block& block) {
    views_.clear();
    block.broken = 0;
    std::size_t begin = 0;
    for (const std::size_t end : block.ends) {
      views_.push_back(std::string_view(block.texts).substr(begin, end - begin));
      begin = end;
      if (utf8::is_valid(views_.back()) || ++block.broken > 1) continue;
      block.first_broken = views_.size();
    }
    encode();
    session_.predict_ids({ids_, offsets_}, predictions_);
    block.unread = unread_.take();
    block.answers.clear();
    for (std::size_t i = 0; i < predictions_.size(); ++i) {
      expect_numbers(predictions_, i);
      write(i, block.answers);
    }
  }

 private:
  void encode() {
    ids_.clear();
    offsets_.assign(1, 0);
    for (std::size_t i = 0; i < views_.size(); ++i) {
      unread_.add(views_[i], session_.encoder().encode(views_[i], buffer_, ids_), i + 1);
      offsets_.push_back(static_cast<std::int64_t>(ids_.size()));
    }
  }

  // Puts the labels to print at the front of `ranking_`, best first, and returns their number.
  std::size_t rank(std::size_t i) {
    const auto p = predictions_.probabilities(i);
    const bool multi = session_.plan().task == Task::multi_label;
    if (!multi && flags_.top.value_or(1) == 1) {
      ranking_[0] = predictions_.label(i);
      return 1;
    }
    const std::size_t count = std::min(flags_.top.value_or(p.size()), p.size());
    std::iota(ranking_.begin(), ranking_.end(), std::size_t{0});
    std::partial_sort(
        ranking_.begin(), ranking_.begin() + static_cast<std::ptrdiff_t>(count), ranking_.end(),
        [&](std::size_t a, std::size_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; });
    if (flags_.top) return count;
    std::size_t given = 0;
    while (given < count && p[ranking_[given]] >= session_.plan().threshold) ++given;
    return given;
  }

  void write(std::size_t i, fmt::memory_buffer& answers) {
    const std::size_t count = rank(i);
    const auto p = predictions_.probabilities(i);
    const auto out = std::back_inserter(answers);
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
    answers.append(end.data(), end.data() + end.size());
  }

  const Flags& flags_;
  Session session_;
  UnreadText unread_;
  bool json_;
  std::vector<std::string> spelling_;
  std::vector<std::string_view> views_;
  TokenBuffer buffer_;
  std::vector<std::int32_t> ids_;      // of the block's texts, end to end
  std::vector<std::int64_t> offsets_;  // into them
  std::vector<std::size_t> ranking_;
  Predictions predictions_;
};

// The lines that were answered, and how many of them are not UTF-8.
struct Count {
  std::size_t lines = 0, broken = 0, first_broken = 0;
  UnreadCount unread;

  void add(const Block& block) {
    if (broken == 0 && block.broken > 0) first_broken = lines + block.first_broken;
    lines += block.ends.size();
    broken += block.broken;
    unread.add(block.unread);
  }
};

void warn_of(const Count& count, const TextSettings& text) {
  warn(unread_warnings(count.unread, "line", text));
  if (count.broken == 0) return;
  warn(
      "{} of {} lines {} not valid UTF-8 ({}line {}): bad bytes were read as unknown characters\n"
      "    note: convert the file: iconv -f ENCODING -t UTF-8 FILE | weft predict PLAN; Chinese "
      "files are often in GB18030, others in WINDOWS-1252",
      count.broken, count.lines, count.broken == 1 ? "is" : "are",
      count.broken == 1 ? "" : "the first is ", count.first_broken);
}

// Every worker has a session of one thread, and all share the model: the answers do not depend on
// which worker gives them.
void predict(const Flags& flags) {
  LineReader lines(flags.file);
  const int threads = flags.threads > 0 ? flags.threads : default_threads();
  std::vector<std::optional<Predictor>> workers(static_cast<std::size_t>(threads));
  workers[0].emplace(flags, Session::load(flags.plan, {.threads = 1}));
  std::vector<Block> blocks(slots_for(workers.size()));
  const auto read = [&](std::size_t slot) { return blocks[slot].read(lines); };
  const auto answer = [&](std::size_t slot, std::size_t worker) {
    if (!workers[worker]) workers[worker].emplace(workers[0]->sibling());
    workers[worker]->answer(blocks[slot]);
  };
  Count count;
  const auto write = [&](std::size_t slot) {
    count.add(blocks[slot]);
    print_out({blocks[slot].answers.data(), blocks[slot].answers.size()});
    flush_out();
  };
  run_ordered_blocks(workers.size(), {read, answer, write});
  warn_of(count, workers[0]->text_settings());
}

}  // namespace

Run declare_predict(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  app.add_option("FILE", flags->file, "texts, one a line; - (standard input) by default");
  app.add_option("--top", flags->top,
                 "print the K most probable labels; without it the best, or those above the "
                 "threshold where texts have several")
      ->type_name("K")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--format", flags->format,
                 "tsv: label<TAB>probability ...; json: one object a line")
      ->capture_default_str()
      ->check(CLI::IsMember({"tsv", "json"}));
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  return [flags] {
    predict(*flags);
    return 0;
  };
}

}  // namespace weft
