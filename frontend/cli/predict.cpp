// `weft predict`: one text a line in, or one of each row of a data file; one answer a line out, in
// order, in constant memory.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "frontend/cli/command.h"
#include "frontend/cli/unchanged_file.h"
#include "frontend/data/columns.h"
#include "frontend/data/data_format.h"
#include "frontend/data/line_reader.h"
#include "frontend/data/ordered_blocks.h"
#include "frontend/data/sighting.h"
#include "frontend/train/evaluate.h"
#include "frontend/train/unread_text.h"
#include "runtime/resources/threads.h"
#include "runtime/session.h"
#include "runtime/text/tokenizers.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

struct Flags {
  std::string plan, file = "-", format = "tsv";
  std::optional<std::size_t> top;
  std::optional<double> threshold;
  int threads = 0;
  DataFlags reading;

  // A file of columns or keys, rather than of lines.
  bool reads_data() const {
    return !reading.text_column.empty() || !reading.id_column.empty() || reading.format != "auto" ||
           !reading.header.empty() || !reading.delimiter.empty() || !reading.quote.empty() ||
           !reading.escape.empty();
  }
};

std::vector<std::string> split_at(char delimiter, std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const std::size_t end = line.find(delimiter);
    fields.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

// True if the line is a header by the names of its columns.
bool has_header_names(std::string_view line) {
  const auto is_one = [&](char delimiter) {
    const std::vector<std::string> fields = split_at(delimiter, line);
    return fields.size() > 1 && is_header(fields, {});
  };
  return is_one('\t') || is_one(',');
}

// Labelled data whose lines would be read as texts, labels and all.
void warn_of_data(const std::string& name, std::string_view line) {
  const DataFormat* format = format_by_content(line);
  if (format == nullptr && has_header_names(line)) {
    format = line.find('\t') == std::string_view::npos ? &formats::csv : &formats::tsv;
  }
  const bool named_tsv = format_by_extension(name) == &formats::tsv;
  if (format == nullptr && named_tsv && line.find('\t') != std::string_view::npos) {
    format = &formats::tsv;
  }
  if (format == nullptr) return;
  warn(
      "{} looks like a data file ({}), but each line is read as a text, with all that it holds\n"
      "    note: --text-column NAME reads one column, and --id-column NAME keeps ids",
      name, format->name);
}

// The texts to answer: lines, or a column of a data file.
class Texts {
 public:
  explicit Texts(const Flags& flags) {
    if (!flags.reads_data()) {
      lines_.emplace(flags.file, flags.reading.encoding);
      return;
    }
    ReadOptions options = flags.reading.options();
    options.labels = false;
    reader_.emplace(flags.file, options);
  }

  // The next text; false at the end.
  bool next(std::string& texts, std::string& id) {
    if (lines_) {
      std::string_view line;
      if (!lines_->next(line)) return false;
      line_ = lines_->line();
      if (line_ == 1) warn_of_data(lines_->name(), line);
      texts.append(line);
      return true;
    }
    Example* example = reader_->next();
    if (example == nullptr) return false;
    texts.append(example->text);
    if (example->pair) texts.append(1, '\t').append(*example->pair);
    id = std::move(example->id);
    line_ = example->line;
    return true;
  }

  std::size_t line() const { return line_; }  // of the text that next() gave
  bool pending() const { return lines_ ? lines_->pending() : reader_->pending(); }
  bool are_lines() const { return lines_.has_value(); }
  // Remarks about the data file, complete once all of it has been read.
  const Warnings& remarks() const { return reader_->report().remarks; }

 private:
  std::optional<LineReader> lines_;
  std::optional<ExampleReader> reader_;
  std::size_t line_ = 0;
};

// A block holds at most this many texts and bytes of them; they are answered together.
constexpr std::size_t kMaxTexts = 1024;
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

struct Block {
  std::string texts;  // end to end
  std::vector<std::size_t> ends;
  std::vector<std::string> ids;    // empty strings, if the file has none
  std::vector<std::size_t> lines;  // where each text begins in its file
  fmt::memory_buffer answers;
  Sighting broken;  // texts that are not UTF-8
  Sighting single;  // texts that are one, where a model reads pairs
  UnreadCount unread;

  // Reads the texts that have arrived, up to a full block; waits for the first only. False at the
  // end.
  bool read(Texts& from) {
    texts.clear();
    ends.clear();
    lines.clear();
    ids.resize(kMaxTexts);
    while (from.next(texts, ids[ends.size()])) {
      ends.push_back(texts.size());
      lines.push_back(from.line());
      if (ends.size() == kMaxTexts || texts.size() >= kMaxBytes || !from.pending()) break;
    }
    return !ends.empty();
  }
};

// As JSON, which is UTF-8: what is not is replaced.
std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// With six decimals or, where these would leave fewer than three digits, with three: 2.35e-07.
void append_probability(float p, fmt::memory_buffer& to) {
  const auto out = std::back_inserter(to);
  if (p > 0 && p < 1e-4F) {
    fmt::format_to(out, "{:.3g}", p);
  } else {
    fmt::format_to(out, "{:.6f}", p);
  }
}

// Answers one block after another, on one thread.
class Predictor {
 public:
  Predictor(const Flags& flags, Session session)
      : flags_(flags),
        session_(std::move(session)),
        unread_(session_.plan(), session_.encoder()),
        needs_utf8_(needs_utf8(session_.plan().text)),
        json_(flags.format == "json") {
    for (const std::string& label : session_.labels()) {
      spelling_.push_back(json_ ? json_string(label) : label);
    }
    ranking_.resize(session_.labels().size());
    threshold_ = static_cast<float>(flags.threshold.value_or(session_.plan().threshold));
  }

  // A predictor for another thread; may be called while this one answers.
  Predictor sibling() const { return {flags_, session_.sibling()}; }

  Task task() const { return session_.plan().task; }
  const Plan& plan() const { return session_.plan(); }

  void answer(Block& block) {
    texts_.clear();
    block.broken = block.single = {};
    const bool pairs = session_.encoder().reads_pairs();
    std::size_t begin = 0;
    for (const std::size_t end : block.ends) {
      const std::string_view line = std::string_view(block.texts).substr(begin, end - begin);
      begin = end;
      texts_.push_back(pairs ? split_pair(line) : TextInput{line});
      const std::size_t number = block.lines[texts_.size() - 1];
      if (needs_utf8_ && !utf8::is_valid(line)) block.broken.at(number);
      if (pairs && !texts_.back().pair) block.single.at(number);
    }
    encode(block);
    block.unread = unread_.take();
    block.answers.clear();
    const std::size_t portion = texts_at_once(spelling_.size(), kMaxTexts);
    for (std::size_t first = 0; first < texts_.size(); first += portion) {
      const std::size_t count = std::min(portion, texts_.size() - first);
      const auto offsets = std::span(offsets_).subspan(first, count + 1);
      session_.predict_ids({ids_, offsets, types_}, predictions_);
      for (std::size_t i = 0; i < count; ++i) write(i, first + i, block);
    }
  }

 private:
  void encode(const Block& block) {
    const Encoder& encoder = session_.encoder();
    ids_.clear();
    types_.clear();
    offsets_.assign(1, 0);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      encoder.encode(texts_[i], buffer_,
                     {ids_, nullptr, encoder.reads_pairs() ? &types_ : nullptr});
      const auto begin = static_cast<std::size_t>(offsets_.back());
      unread_.add(texts_[i], std::span(ids_).subspan(begin), block.lines[i]);
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
    while (given < count && p[ranking_[given]] >= threshold_) ++given;
    return given;
  }

  // The answer `i` of a portion, to a text of the block.
  void write(std::size_t i, std::size_t text, Block& block) {
    const std::size_t count = rank(i);
    const auto p = predictions_.probabilities(i);
    const auto out = std::back_inserter(block.answers);
    const bool with_id = !flags_.reading.id_column.empty();
    if (json_) {
      fmt::format_to(out, "{{");
      if (with_id) fmt::format_to(out, "\"id\":{},", json_string(block.ids[text]));
      fmt::format_to(out, "\"text\":{},", json_string(texts_[text].text));
      if (texts_[text].pair) fmt::format_to(out, "\"pair\":{},", json_string(*texts_[text].pair));
      fmt::format_to(out, "\"labels\":[");
    } else if (with_id) {
      fmt::format_to(out, "{}{}", block.ids[text], count == 0 ? "" : "\t");
    }
    for (std::size_t k = 0; k < count; ++k) {
      const std::size_t label = ranking_[k];
      if (json_) {
        fmt::format_to(out, "{}{{\"label\":{},\"probability\":", k == 0 ? "" : ",",
                       spelling_[label]);
        append_probability(p[label], block.answers);
        fmt::format_to(out, ",\"logit\":{:.6f}}}", logit(i, label));
      } else {
        fmt::format_to(out, "{}{}\t", k == 0 ? "" : "\t", spelling_[label]);
        append_probability(p[label], block.answers);
      }
    }
    const std::string_view end = json_ ? "]}\n" : "\n";
    block.answers.append(end.data(), end.data() + end.size());
  }

  // One number that tells two labels apart is the logit of the second.
  float logit(std::size_t i, std::size_t label) const {
    const auto logits = predictions_.logits(i);
    if (logits.size() == spelling_.size()) return logits[label];
    return label == 0 ? -logits[0] : logits[0];
  }

  const Flags& flags_;
  Session session_;
  UnreadText unread_;
  bool needs_utf8_, json_;
  float threshold_ = 0;
  std::vector<std::string> spelling_;
  std::vector<TextInput> texts_;
  TokenBuffer buffer_;
  std::vector<std::int32_t> ids_, types_;  // of the block's texts, end to end
  std::vector<std::int64_t> offsets_;      // into them
  std::vector<std::size_t> ranking_;
  Predictions predictions_;
};

// The texts that were answered, and how many of them are not what they should be.
struct Count {
  std::size_t texts = 0;
  Sighting broken, single;
  UnreadCount unread;

  void add(const Block& block) {
    texts += block.ends.size();
    broken.add(block.broken);
    single.add(block.single);
    unread.add(block.unread);
  }
};

// `lines`: each was one text.
void warn_of(const Count& count, bool lines, const Plan& plan) {
  warn(unread_warnings(count.unread, lines ? "line" : "text", plan));
  if (!lines) return;
  if (count.single.count > 0) {
    warn(
        "{} of {} lines {} no tab ({}): the model reads pairs of texts, and read one text\n"
        "    note: write both texts on a line, with a tab between them",
        count.single.count, count.texts, count.single.count == 1 ? "has" : "have",
        count.single.where());
  }
  if (count.broken.count == 0) return;
  warn(
      "{} of {} lines {} not valid UTF-8 ({}): bad bytes were read as unknown characters\n"
      "    note: convert the file: iconv -f ENCODING -t UTF-8 FILE | weft predict PLAN; Chinese "
      "files are often in GB18030, others in WINDOWS-1252",
      count.broken.count, count.texts, count.broken.count == 1 ? "is" : "are",
      count.broken.where());
}

// Every worker has a session of one thread, and all share the model: the answers do not depend on
// which worker gives them.
void predict(const Flags& flags) {
  Texts texts(flags);
  const int threads = flags.threads > 0 ? flags.threads : default_threads();
  const UnchangedFile plan(flags.plan);
  std::vector<std::optional<Predictor>> workers(static_cast<std::size_t>(threads));
  workers[0].emplace(flags, Session::load(flags.plan, {.threads = 1}));
  if (flags.threshold && workers[0]->task() != Task::multi_label) {
    throw UsageError(
        fmt::format("--threshold is for several labels per text; {} gives exactly one", flags.plan),
        "leave the flag out");
  }
  std::vector<Block> blocks(slots_for(workers.size()));
  const auto read = [&](std::size_t slot) { return blocks[slot].read(texts); };
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
  plan.check();
  warn_of(count, texts.are_lines(), workers[0]->plan());
  if (!texts.are_lines()) warn(texts.remarks());
}

}  // namespace

Run declare_predict(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  app.add_option("PLAN", flags->plan, "a trained plan")->required();
  app.add_option("FILE", flags->file,
                 "texts, one a line (pairs of texts with a tab between), or a data file and "
                 "--text-column; - (standard input) by default");
  app.add_option("--top", flags->top,
                 "print the K most probable labels; without it the best, or those above the "
                 "threshold where texts have several")
      ->type_name("K")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option(
         "--format", flags->format,
         "of the answers: tsv: label<TAB>probability ...; json: one object a line, with the text, "
         "its id and logits")
      ->capture_default_str()
      ->check(CLI::IsMember({"tsv", "json"}));
  app.add_option(
         "--threshold", flags->threshold,
         "for a plan of several labels per text: the probability from which a label is given")
      ->check(within(0, 1));
  flags->reading.declare_unlabelled(app, "--input-format");
  app.add_option("--threads", flags->threads, "threads; 0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  return [flags] {
    predict(*flags);
    return 0;
  };
}

}  // namespace weft
