// Text to ids, as predicting and training both read it: what each tokenizer makes of a plan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace weft {

struct TextSettings;  // ir/plan/plan.h
struct VocabularyView;

// The bytes of the original text that a token stands for.
struct TextSpan {
  std::uint32_t begin, end;
  bool operator==(const TextSpan&) const = default;
};
constexpr TextSpan text_span(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

// Bytes of a text that are read at most: NFKC makes 11 of one, and spans have 32 bits.
inline constexpr std::size_t kLongestText = std::size_t{1} << 28;

// A text, or two that are read together.
struct TextInput {
  std::string_view text;
  std::optional<std::string_view> pair = std::nullopt;
  std::uint32_t pair_begin = 0;  // what spans in the pair count from
};

// The two texts that a line holds, with a tab between them; without one, the text alone.
TextInput split_pair(std::string_view line);

// The vectors to which tokens are appended. Null: not asked for.
struct EncodedText {
  std::vector<std::int32_t>& ids;
  std::vector<TextSpan>* spans = nullptr;      // in its own text each; 0, 0: in none
  std::vector<std::int32_t>* types = nullptr;  // which of two texts it is of, as the model tells it
};

// The working memory of one thread, kept from text to text. Any encoder takes any buffer.
class TokenBuffer {
 public:
  // The memory of the calling encoder: made anew if the last encoder's was of another type.
  template <class Memory>
  Memory& memory() {
    if (type_ != &kType<Memory>) {
      memory_ = std::make_shared<Memory>();
      type_ = &kType<Memory>;
    }
    return *static_cast<Memory*>(memory_.get());
  }

 private:
  template <class Memory>
  static constexpr char kType = 0;  // its address tells types apart

  std::shared_ptr<void> memory_;  // shared_ptr, because that knows how to delete it
  const char* type_ = nullptr;
};

// A tokenizer at work, with the vocabulary it needs.
class Encoder {
 public:
  virtual ~Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;

  // Appends the tokens of the input and returns how many there are; an empty text has none, or
  // special tokens only. Safe from many threads, a buffer for each.
  virtual std::size_t encode(const TextInput& input, TokenBuffer& buffer,
                             const EncodedText& out) const = 0;
  std::size_t encode(std::string_view text, TokenBuffer& buffer, std::vector<std::int32_t>& ids,
                     std::vector<TextSpan>* spans = nullptr) const {
    return encode(TextInput{text}, buffer, {ids, spans});
  }

  std::int64_t id_count() const { return id_count_; }  // ids are 0 .. id_count() - 1
  std::int64_t max_ids() const { return max_ids_; }    // of one input, in all its windows
  bool reads_pairs() const { return reads_pairs_; }    // its model takes the types of tokens, too
  // The id of what is not in the vocabulary; none where every text can be told by known tokens.
  std::optional<std::int32_t> unknown_id() const { return unknown_id_; }

 protected:
  Encoder(std::int64_t id_count, std::int64_t max_ids, std::optional<std::int32_t> unknown_id)
      : id_count_(id_count), max_ids_(max_ids), unknown_id_(unknown_id) {}

 private:
  friend std::unique_ptr<Encoder> make_encoder(const TextSettings&, const VocabularyView&);

  std::int64_t id_count_, max_ids_;
  bool reads_pairs_ = false;
  std::optional<std::int32_t> unknown_id_;
};

}  // namespace weft
