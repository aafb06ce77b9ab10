// A plan: everything a model is, in one file. Text goes in, labels come out, training can go on.
//
// On disk: a header, a FlatBuffer for the structure, then segments at multiples of 64 bytes
// (vocabulary, weights, optimizer state), each with a checksum; 64-bit offsets throughout. A loaded
// plan is mapped read-only and its weights are used in place. Nothing in a file is trusted: `load`
// checks every index, shape, offset and checksum and verifies every program before it returns.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace weft {

// A token that is cut from the text as it is written: `[SEP]`, `<mask>`.
struct SpecialToken {
  std::int32_t id = 0;
  std::string text;
  bool takes_space_before = false;  // white space beside it belongs to it
  bool takes_space_after = false;
  bool whole_word = false;  // only where no letter or digit touches it
  bool normalized = false;  // looked for after those that are not

  bool operator==(const SpecialToken&) const = default;
};

// One part of what a model reads: a special token, or all tokens of a text.
struct TemplatePart {
  std::int32_t id = -1;    // -1: the tokens of a text
  std::int32_t which = 0;  // 0: the text, 1: its pair
  std::int32_t type = 0;

  bool operator==(const TemplatePart&) const = default;
};

// Of tokenizers that cut words into pieces from a vocabulary of their own: wordpiece, byte_bpe.
struct SubwordSettings {
  std::int32_t unknown_id = -1;  // -1: none
  std::string prefix;            // of pieces that continue a word: `##`
  bool clean_text = false;       // control characters are dropped
  bool split_chinese = false;    // each Chinese character is a word
  bool strip_accents = false;
  std::int64_t max_word = 100;    // longer words, in characters, are unknown
  bool add_prefix_space = false;  // before the first word, where there is none
  bool trim_offsets = false;      // a token's span leaves out its spaces
  std::vector<SpecialToken> special_tokens;
  std::vector<TemplatePart> single, pair;  // what a text, and a pair of texts, become

  bool operator==(const SubwordSettings&) const = default;
};

// How a text becomes ids; what the fields mean is defined by runtime/text.
struct TextSettings {
  std::string tokenizer = "words";  // a name of the table in runtime/text/tokenizers.h
  bool lowercase = true;
  bool nfkc = true;
  std::int64_t max_tokens = 400;  // later tokens of a text are dropped, or are of other windows
  std::int64_t buckets = 0;       // of ngrams and fasttext: rows that n-grams share by hash
  SubwordSettings subwords = {};
  // Above 1: a longer text is read by up to so many windows of max_tokens tokens; each begins with
  // the last `overlap` tokens of the one before. The logits of the text are their windows' mean.
  std::int64_t max_windows = 1;
  std::int64_t overlap = 0;
  bool pair = false;  // two texts are read together; programs take the type of each token
  // With nfkc: characters that are not seen are dropped, and ’ is '. Older plans were made without.
  bool unify_marks = false;
  // For tokenizers that cut words: each run of 2 to `word_ngrams` neighbouring words is a term too,
  // spelled with spaces between the words. A term that the vocabulary lacks is left out.
  // Those of tokenizer=fasttext are hashed, as its groups of min_letters to max_letters letters
  // are; none of these where max_letters is 0.
  std::int64_t word_ngrams = 1;
  std::int64_t min_letters = 0, max_letters = 0;

  bool operator==(const TextSettings&) const = default;
};

// The words that the tokenizer knows, in id order: word i is words[ends[i-1] .. ends[i]).
struct VocabularyView {
  std::string_view words;
  std::span<const std::uint32_t> ends;
  // Of tokenizer=byte_bpe: two ids a merge, the first merge first. Their words, joined, are a word.
  std::span<const std::int32_t> merges = {};
  // Of tokenizer=fasttext: the buckets that have a row behind the words, ascending; empty: all of
  // them have. An n-gram of another bucket is not read.
  std::span<const std::int32_t> kept_buckets = {};
};

enum class Task : std::uint8_t {
  single_label,  // softmax: exactly one label per text
  multi_label,   // sigmoid: each label whose probability reaches the threshold
};

// A named tensor whose storage outlives any program. `bytes` holds exactly the type's bytes.
struct PlanTensor {
  std::string name;
  TensorType type;  // static
  Role role = Role::param;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner = nullptr;  // keeps `bytes` alive where Plan::owners does not
};

// One line of training history. No wall time: equal runs give equal files.
struct HistoryEntry {
  std::int64_t epoch = 0, step = 0;
  double learning_rate = 0, train_loss = 0;
  std::vector<std::pair<std::string, double>> metrics;  // on the validation data: "accuracy", …
  bool kept = false;  // the plan's weights are of this epoch, or a mean in which it takes part
};

// A note of a pass: what it did or declined to do to a program, and why: `pass: not applied: …`. If
// no program is named, a note about the plan: where its word vectors come from.
struct PlanNote {
  std::string program, text;
};

struct Plan {
  std::string description;  // the model description it was compiled from, as written
  std::string settings;     // JSON: overrides, data order, anything the trainer needs to go on
  TextSettings text;
  VocabularyView vocabulary;
  std::vector<std::string> labels;
  Task task = Task::single_label;
  double threshold = 0.5;    // of multi_label
  double temperature = 1.0;  // logits are divided by it before softmax or sigmoid
  // By name; ir/plan/program_interface.h says what those of each name take and give.
  std::vector<Graph> programs;
  // Params and states of all programs, by unique name; without the states of `computed="load"` that
  // the program @load writes.
  std::vector<PlanTensor> tensors;
  std::vector<HistoryEntry> history;
  std::vector<PlanNote> notes;

  // Keeps what the views and spans above point into alive: the mapping, or vectors of the maker.
  std::vector<std::shared_ptr<const void>> owners;

  const Graph* program(std::string_view name) const;
  const PlanTensor* tensor(std::string_view name) const;
};

// Error if the plan breaks a rule of its own: an empty or repeated label, a vocabulary that does
// not add up, a program that does not verify, lacks what its callers bind, or whose params and
// states are not the tensors.
void check_plan(const Plan&);

// Error, naming the file and the remedy, if it is missing, cut short, damaged or made by a newer
// weft.
Plan load_plan(const std::string& path);
// The same from memory, which must outlive the plan. Bytes that are not aligned to 64 are copied.
Plan decode_plan(std::span<const std::byte> bytes, std::string_view name = "<memory>");

// Checks the plan, writes it to a temporary file beside `path`, syncs and renames: `path` always
// holds a whole plan, the old one or the new. Error if the disk is full or the folder cannot be
// written. The same plan gives the same bytes.
void save_plan(const Plan&, const std::string& path);
std::vector<std::byte> encode_plan(const Plan&);

}  // namespace weft
