// The checkpoint file: written whole or not at all, and read as if by an enemy.
#include "frontend/train/checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>
#include <utility>

#include "frontend/format/untrusted_json.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/plan_settings.h"
#include "frontend/train/spill.h"
#include "ir/file.h"
#include "ir/plan/format.h"
#include "runtime/kernels/instruction_set.h"

namespace weft {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "weft checkpoint 1";

std::string hex(std::uint64_t number) { return fmt::format("{:016x}", number); }
std::string checksum_of(std::span<const std::byte> bytes) {
  return hex(plan_format::checksum(bytes));
}
std::string checksum_of(std::string_view text) {
  return checksum_of(std::as_bytes(std::span(text)));
}

[[noreturn]] void damaged(const std::string& path, const std::string& what) {
  throw Error(fmt::format("{} is not a checkpoint that can be gone on from: {}", path, what),
              "remove it, or train without --resume to start over");
}

std::string checksum_of(const Dataset& data) {
  std::string parts;
  const auto add = [&](const auto& numbers) {
    parts += checksum_of(std::as_bytes(std::span(numbers)));
  };
  add(data.ids);
  add(data.offsets);
  add(data.labels);
  add(data.label_offsets);
  for (const std::string& name : data.space.names) parts += checksum_of(name);
  return checksum_of(parts);
}

json to_json(const Fingerprint& f) {
  return {{"model", f.description}, {"data", f.data}, {"valid", f.valid}, {"settings", f.settings}};
}

json to_json(const TrainState& s) {
  json state{{"ended", s.ended},          {"step", s.step},          {"seen", s.seen},
             {"loss_sum", s.loss_sum},    {"rate", s.learning_rate}, {"worse", s.worse},
             {"best_epoch", s.best_epoch}};
  if (s.best_score) state["best_score"] = *s.best_score;
  return state;
}

// -1, which is nowhere possible, for a number with a point: it may lie beyond any integer.
std::int64_t whole(const json& number) {
  return number.is_number_float() ? -1 : number.get<std::int64_t>();
}

TrainState state_from(const json& j) {
  TrainState s;
  s.ended = whole(j.at("ended"));
  s.step = whole(j.at("step"));
  s.seen = whole(j.at("seen"));
  s.loss_sum = j.at("loss_sum").get<double>();
  s.learning_rate = j.at("rate").get<double>();
  s.worse = whole(j.at("worse"));
  s.best_epoch = whole(j.at("best_epoch"));
  if (j.contains("best_score")) s.best_score = j.at("best_score").get<double>();
  return s;
}

// The rules of a training state, checked because a file may hold any numbers.
bool is_possible(const TrainState& s) {
  constexpr auto kMostSteps = std::int64_t{1} << 53U;
  const auto is = [](std::int64_t n, std::int64_t most) { return n >= 0 && n <= most; };
  const auto epochs = static_cast<std::int64_t>(s.history.size());
  const std::int64_t last_epoch = s.history.empty() ? 0 : s.history.back().epoch;
  const std::int64_t last_step = s.history.empty() ? 0 : s.history.back().step;
  return is(s.ended, epochs) && is(s.worse, s.ended) && is(s.best_epoch, last_epoch) &&
         is(s.step, kMostSteps) && s.step >= last_step && s.seen >= 0 &&
         s.step - last_step <= s.seen && std::isfinite(s.loss_sum) && s.learning_rate >= 0 &&
         std::isfinite(s.learning_rate) && std::isfinite(s.best_score.value_or(0)) &&
         s.best.has_value() == (s.best_epoch > 0 || s.best_score);
}

// True if both are of one description, texts become the same ids in both, and ids the same labels.
bool of_one_model(const Plan& a, const Plan& b) {
  return a.description == b.description && a.settings == b.settings && a.text == b.text &&
         a.task == b.task && a.labels == b.labels && a.vocabulary.words == b.vocabulary.words &&
         std::ranges::equal(a.vocabulary.ends, b.vocabulary.ends) &&
         std::ranges::equal(a.vocabulary.merges, b.vocabulary.merges) &&
         std::ranges::equal(a.vocabulary.kept_buckets, b.vocabulary.kept_buckets);
}

// True if training that has come to `now` came through `before`. Which epoch was kept may change.
bool leads_to(const std::vector<HistoryEntry>& before, const std::vector<HistoryEntry>& now) {
  const auto same = [](const HistoryEntry& a, const HistoryEntry& b) {
    return std::tie(a.epoch, a.step, a.learning_rate, a.train_loss, a.metrics) ==
           std::tie(b.epoch, b.step, b.learning_rate, b.train_loss, b.metrics);
  };
  return before.size() <= now.size() &&
         std::ranges::equal(before, std::span(now).first(before.size()), same);
}

// The JSON, and the segments as the JSON lists them, each with its checksum verified.
struct Contents {
  json head;
  std::vector<std::span<const std::byte>> segments;
};

Contents read_contents(std::span<const std::byte> file, const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  const std::size_t line = text.substr(0, 100).find('\n');
  unsigned long long size = 0;
  std::array<char, 17> sum{};
  const bool whole = line != std::string_view::npos && text.starts_with(kMagic);
  const std::string first(text.substr(0, whole ? line : 0));
  if (!whole || std::sscanf(first.c_str() + kMagic.size(), " %llu %16s", &size, sum.data()) != 2 ||
      size > text.size() - line - 1) {
    damaged(path, "it does not begin as one");
  }
  const std::string_view head = text.substr(line + 1, size);
  if (checksum_of(head) != sum.data()) damaged(path, "it has changed since it was written");
  Contents contents;
  try {
    contents.head = parse_untrusted_json(head);
  } catch (const Error& error) {
    damaged(path, "its head: " + error.diagnostics().front().message);
  }
  std::uint64_t at = line + 1 + size;
  for (const json& segment : contents.head.at("segments")) {
    at = plan_format::aligned(at);
    const auto bytes = segment.at("bytes").get<std::uint64_t>();
    if (at > file.size() || bytes > file.size() - at) damaged(path, "it is cut short");
    contents.segments.push_back(file.subspan(at, bytes));
    if (checksum_of(contents.segments.back()) != segment.at("checksum").get<std::string>()) {
      damaged(path, "it has changed since it was written");
    }
    at += bytes;
  }
  return contents;
}

Checkpoint from_contents(const Contents& contents, std::size_t max_recent,
                         const std::string& path) {
  Checkpoint checkpoint;
  const json& f = contents.head.at("fingerprint");
  checkpoint.fingerprint = {f.at("model").get<std::string>(), f.at("data").get<std::string>(),
                            f.at("valid").get<std::string>(), f.at("settings").get<std::string>()};
  checkpoint.threads =
      static_cast<int>(std::clamp<std::int64_t>(whole(contents.head.at("threads")), 0, 1 << 20));
  checkpoint.instruction_set = contents.head.value("instruction_set", "");
  checkpoint.state = state_from(contents.head.at("state"));
  checkpoint.state.recent =
      RecentWeights(max_recent, std::filesystem::path(path).parent_path().string());
  std::size_t next = 0;
  const auto segment = [&] {
    if (next == contents.segments.size()) damaged(path, "a part is missing");
    return contents.segments[next++];
  };
  checkpoint.now = decode_plan(segment(), path);
  checkpoint.state.history = checkpoint.now.history;
  if (contents.head.at("best").get<bool>()) checkpoint.state.best = decode_plan(segment(), path);
  while (next < contents.segments.size()) {
    if (!checkpoint.state.recent.add(segment(), checkpoint.now)) {
      damaged(path, "its weights are not the plan's");
    }
  }
  if (!is_possible(checkpoint.state) || checkpoint.threads < 1) {
    damaged(path, "no run can have come to where it is");
  }
  return checkpoint;
}

// A segment in the pieces of a plan, so that it is written without a copy of the plan in memory.
// The plan must outlive it.
class Segment {
 public:
  // As encode_plan() has it.
  static Segment of_plan(const Plan& plan) {
    Segment segment(plan);
    segment.image_ = std::make_shared<const plan_format::Image>(plan_format::make_image(plan));
    for (const auto& piece : segment.image_->pieces()) segment.add(piece);
    return segment;
  }
  // The bytes of the tensors, end to end.
  static Segment of_weights(const Plan& weights) {
    Segment segment(weights);
    for (const PlanTensor& tensor : weights.tensors) segment.add(tensor.bytes);
    return segment;
  }

  std::uint64_t size() const { return size_; }
  // Of its bytes together.
  std::string checksum() const {
    XXH3_state_t* const state = XXH3_createState();
    XXH3_64bits_reset(state);
    for (const auto& piece : pieces_) XXH3_64bits_update(state, piece.data(), piece.size());
    const std::uint64_t sum = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    page_out_all();
    return hex(sum);
  }
  void write_to(AtomicFile& file) const {
    for (const auto& piece : pieces_) file.write(piece);
    page_out_all();
  }

 private:
  explicit Segment(const Plan& plan) : plan_(&plan) {}

  void page_out_all() const { std::ranges::for_each(plan_->tensors, page_out); }
  void add(std::span<const std::byte> bytes) {
    pieces_.push_back(bytes);
    size_ += bytes.size();
  }

  const Plan* plan_;
  std::shared_ptr<const plan_format::Image> image_;
  std::vector<std::span<const std::byte>> pieces_;
  std::uint64_t size_ = 0;
};

// The first lines that are not the same, and their numbers.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_of_a(a);
  std::istringstream lines_of_b(b);
  std::string line_a;
  std::string line_b;
  int number = 0;
  do {
    ++number;
    if (!std::getline(lines_of_a, line_a)) line_a.clear();
    if (!std::getline(lines_of_b, line_b)) line_b.clear();
  } while (line_a == line_b && (lines_of_a || lines_of_b));
  return {fmt::format("line {} is `{}`", number, line_a),
          fmt::format("line {} `{}`", number, line_b)};
}

// Of two lists `name=value name=value …` of the same names, what is not the same.
std::pair<std::string, std::string> different_settings(const std::string& a, const std::string& b) {
  std::istringstream words_of_a(a);
  std::istringstream words_of_b(b);
  std::string word_a;
  std::string word_b;
  std::pair<std::string, std::string> different;
  while (words_of_a >> word_a && words_of_b >> word_b) {
    if (word_a == word_b) continue;
    different.first += (different.first.empty() ? "" : " ") + word_a;
    different.second += (different.second.empty() ? "" : " ") + word_b;
  }
  return different;
}

}  // namespace

Fingerprint fingerprint_of(const Plan& start, bool in_place, const Dataset& data,
                           const Dataset* valid, std::string settings) {
  Fingerprint f;
  // The structure of a plan file holds the checksums of all else.
  f.description = in_place ? checksum_of(start.description + start.settings)
                           : hex(plan_format::make_image(start).header.structure_checksum);
  f.data = checksum_of(data);
  f.valid = valid == nullptr ? "none" : checksum_of(*valid);
  f.settings = std::move(settings);
  return f;
}

void save_checkpoint(const std::string& path, const Fingerprint& fingerprint, int threads,
                     const Plan& now, const TrainState& state) {
  Plan current = now;
  current.history = state.history;
  std::vector<Segment> segments{Segment::of_plan(current)};
  if (state.best) segments.push_back(Segment::of_plan(*state.best));
  for (const Plan& epoch : state.recent.epochs()) segments.push_back(Segment::of_weights(epoch));
  json head{{"fingerprint", to_json(fingerprint)},  {"threads", threads},
            {"instruction_set", instruction_set()}, {"state", to_json(state)},
            {"best", state.best.has_value()},       {"segments", json::array()}};
  for (const Segment& segment : segments) {
    head["segments"].push_back({{"bytes", segment.size()}, {"checksum", segment.checksum()}});
  }
  const std::string body = head.dump();
  const std::string text =
      fmt::format("{} {} {}\n{}", kMagic, body.size(), checksum_of(body), body);

  AtomicFile file(path);
  file.write(text);
  std::uint64_t at = text.size();
  for (const Segment& segment : segments) {
    file.write(plan_format::padding(at));
    segment.write_to(file);
    at = plan_format::aligned(at) + segment.size();
  }
  file.commit();
}

bool finds_checkpoint(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return false;
  if (first_bytes(path, kMagic.size()) == kMagic) return true;
  throw Error(fmt::format("{} exists already and is not a checkpoint: it would be lost", path),
              "move it away, or choose another plan to write: its checkpoints lie beside it");
}

std::optional<Checkpoint> load_checkpoint(const std::string& path, std::size_t max_recent) {
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return std::nullopt;
  const auto file = std::make_shared<const MappedFile>(path);
  try {
    Checkpoint checkpoint = from_contents(read_contents(file->bytes(), path), max_recent, path);
    checkpoint.now.owners.push_back(file);
    if (checkpoint.state.best) checkpoint.state.best->owners.push_back(file);
    return checkpoint;
  } catch (const json::exception&) {
    damaged(path, "a part of its head is missing or of another kind");
  }
}

void expect_same_run(const Checkpoint& checkpoint, const Fingerprint& wanted, const Plan& start,
                     const std::string& path) {
  const Fingerprint& found = checkpoint.fingerprint;
  const auto fail = [&](const std::string& what, std::string note) {
    throw Error(fmt::format("{} is of a run with {}", path, what), std::move(note));
  };
  const std::string remedy = "give what that run was given, or leave --resume out to start over";
  if (found.data != wanted.data) fail("other training data", remedy);
  if (found.valid != wanted.valid) fail("other validation data", remedy);
  if (found.settings != wanted.settings) {
    const auto [then, now] = different_settings(found.settings, wanted.settings);
    fail("other settings: " + then, fmt::format("this run has {}; {}", now, remedy));
  }
  const auto alike = [&](const Plan& plan) { return of_one_model(plan, start); };
  if (found.description == wanted.description) {
    const std::optional<Plan>& best = checkpoint.state.best;
    if (!alike(checkpoint.now) || (best && !alike(*best))) {
      damaged(path, "its description, words or labels are not the plan's");
    }
    if (!leads_to(start.history, checkpoint.state.history)) {
      fail("the plan as it was: it has been trained on since",
           "remove the checkpoint to keep the plan, or leave --resume out to train it on: to go on "
           "from the checkpoint would undo what it has learnt since");
    }
    return;
  }
  if (checkpoint.now.description != start.description) {
    const auto [then, now] = first_difference(checkpoint.now.description, start.description);
    fail("another description: " + then, fmt::format("this run has {}; {}", now, remedy));
  }
  if (checkpoint.now.settings != start.settings) {
    const auto set = [](const Plan& plan) {
      const std::vector<std::string> all = overrides_of(plan).assignments();
      return all.empty() ? "none" : fmt::format("{}", fmt::join(all, " "));
    };
    fail("other overrides: " + set(checkpoint.now),
         fmt::format("this run has {}; {}", set(start), remedy));
  }
  fail("other weights, words or labels at its start", remedy);
}

void expect_within(const Checkpoint& checkpoint, std::int64_t epochs, std::size_t examples,
                   const std::string& path) {
  const TrainState& state = checkpoint.state;
  if (state.ended <= epochs && state.seen <= static_cast<std::int64_t>(examples)) return;
  damaged(path, "this run cannot have come to where it is");
}

}  // namespace weft
