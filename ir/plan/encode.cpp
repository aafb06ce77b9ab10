// Plan -> bytes. Equal plans give equal bytes: nothing depends on addresses, time or hashing.
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <ranges>

#include "ir/aligned_bytes.h"
#include "ir/op.h"
#include "ir/plan/format.h"
#include "ir/plan/plan_generated.h"
#include "ir/plan/program_interface.h"

namespace weft {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
template <class T>
using Vector = Offset<flatbuffers::Vector<Offset<T>>>;

// Lays the segments out in the order they are asked for.
class Segments {
 public:
  Offset<fbs::Segment> add(FlatBufferBuilder& out, std::span<const std::byte> bytes,
                           std::uint64_t checksum) {
    const std::uint64_t offset = plan_format::aligned(end_);
    end_ = offset + bytes.size();
    pieces.push_back(bytes);
    return fbs::CreateSegment(out, offset, bytes.size(), checksum);
  }
  Offset<fbs::Segment> add(FlatBufferBuilder& out, std::span<const std::byte> bytes) {
    return add(out, bytes, plan_format::checksum(bytes));
  }
  // A tensor of zeros needs none.
  Offset<fbs::Segment> add(FlatBufferBuilder& out, const PlanTensor& tensor) {
    constexpr std::size_t kLeast = 4096;  // bytes: less is not worth a newer version of the format
    if (tensor.bytes.size() >= kLeast && all_zero(tensor.bytes)) {
      leaves_out_zeros = true;
      return 0;
    }
    const auto summary = plan_format::summarize(tensor.bytes, tensor.type.dtype);
    if (!summary.finite) {
      throw Error(fmt::format("the tensor %{} holds a value that is not finite", tensor.name),
                  "training diverged: go back to the last plan, with a lower learning rate");
    }
    return add(out, tensor.bytes, summary.checksum);
  }
  std::uint64_t end() const { return end_; }

  std::vector<std::span<const std::byte>> pieces;
  bool leaves_out_zeros = false;

 private:
  std::uint64_t end_ = 0;
};

class Encoder {
 public:
  std::vector<std::byte> encode(const Plan& plan, Segments& segments) {
    const auto words = segments.add(out_, std::as_bytes(std::span(plan.vocabulary.words)));
    const auto ends = segments.add(out_, std::as_bytes(plan.vocabulary.ends));
    const auto tensors = tables<fbs::Tensor>(plan.tensors, [&](const PlanTensor& tensor) {
      const auto name = text(tensor.name);
      const auto shape = type(tensor.type);
      const auto data = segments.add(out_, tensor);
      return fbs::CreateTensor(out_, name, shape, role(tensor.role), data);
    });
    const auto merges = plan.vocabulary.merges.empty()
                            ? 0
                            : segments.add(out_, std::as_bytes(plan.vocabulary.merges));
    const auto kept_buckets = plan.vocabulary.kept_buckets.empty()
                                  ? 0
                                  : segments.add(out_, std::as_bytes(plan.vocabulary.kept_buckets));
    const std::vector<std::string> named = plan_format::needs_of(plan);
    const auto needs = named.empty() ? 0 : texts(named);
    const auto settings = text_settings(plan.text);
    const auto programs =
        tables<fbs::Program>(plan.programs, [&](const Graph& g) { return program(g); });
    const auto history = tables<fbs::HistoryEntry>(
        plan.history, [&](const HistoryEntry& entry) { return history_entry(entry); });
    const auto notes = tables<fbs::Note>(plan.notes, [&](const PlanNote& note) {
      const auto of = text(note.program);
      return fbs::CreateNote(out_, of, text(note.text));
    });
    const auto description = text(plan.description);
    const auto more = text(plan.settings);
    const auto labels = texts(plan.labels);
    out_.Finish(fbs::CreatePlan(out_, description, more, settings, words, ends, labels,
                                static_cast<fbs::Task>(plan.task), plan.threshold, programs,
                                tensors, history, notes, plan.temperature, merges, needs,
                                kept_buckets));
    const auto bytes = std::as_bytes(std::span(out_.GetBufferPointer(), out_.GetSize()));
    return {bytes.begin(), bytes.end()};
  }

 private:
  // Children are made one statement after another: the order of arguments' evaluation is the
  // compiler's choice, and would show in the bytes.
  Offset<flatbuffers::String> text(const std::string& string) { return out_.CreateString(string); }

  Offset<flatbuffers::Vector<Offset<flatbuffers::String>>> texts(
      const std::vector<std::string>& strings) {
    return tables<flatbuffers::String>(strings, [&](const std::string& s) { return text(s); });
  }

  template <class Table>
  Vector<Table> tables(const auto& items, auto make) {
    std::vector<Offset<Table>> made;
    made.reserve(items.size());
    for (const auto& item : items) made.push_back(make(item));
    return out_.CreateVector(made);
  }

  Offset<fbs::TextSettings> text_settings(const TextSettings& settings) {
    const auto tokenizer = text(settings.tokenizer);
    const auto more = subwords(settings.subwords);
    return fbs::CreateTextSettings(
        out_, tokenizer, settings.lowercase, settings.nfkc, settings.max_tokens, settings.buckets,
        more, settings.max_windows, settings.overlap, settings.pair, settings.unify_marks,
        settings.word_ngrams, settings.min_letters, settings.max_letters);
  }

  Offset<fbs::SubwordSettings> subwords(const SubwordSettings& subwords) {
    if (subwords == SubwordSettings{}) return 0;
    const auto prefix = text(subwords.prefix);
    const auto special_tokens =
        tables<fbs::SpecialToken>(subwords.special_tokens, [&](const SpecialToken& token) {
          return fbs::CreateSpecialToken(out_, token.id, text(token.text), token.takes_space_before,
                                         token.takes_space_after, token.whole_word,
                                         token.normalized);
        });
    const auto written = [&](const TemplatePart& part) {
      return fbs::CreateTemplatePart(out_, part.id, part.which, part.type);
    };
    const auto single = tables<fbs::TemplatePart>(subwords.single, written);
    const auto pair = tables<fbs::TemplatePart>(subwords.pair, written);
    return fbs::CreateSubwordSettings(out_, subwords.unknown_id, prefix, subwords.clean_text,
                                      subwords.split_chinese, subwords.strip_accents,
                                      subwords.max_word, subwords.add_prefix_space,
                                      subwords.trim_offsets, special_tokens, single, pair);
  }

  static fbs::Role role(Role role) { return static_cast<fbs::Role>(role); }

  Offset<fbs::Type> type(const TensorType& type) {
    const auto shape = tables<fbs::Dim>(type.shape, [&](const Dim& dim) {
      const auto symbol = dim.is_static() ? 0 : text(dim.symbol);
      return fbs::CreateDim(out_, symbol, dim.value);
    });
    const auto ragged_dim = type.ragged_dim.empty() ? 0 : text(type.ragged_dim);
    return fbs::CreateType(out_, static_cast<fbs::DType>(type.dtype), shape, ragged_dim);
  }

  Offset<fbs::Attr> attr(const std::string& name, const Attr& value) {
    const auto label = text(name);
    const auto kind = static_cast<fbs::AttrKind>(value.index());
    const auto* integer = std::get_if<std::int64_t>(&value);
    const auto* number = std::get_if<double>(&value);
    const auto* string = std::get_if<std::string>(&value);
    const auto* integers = std::get_if<std::vector<std::int64_t>>(&value);
    const auto* numbers = std::get_if<AttrNumbers>(&value);
    const auto string_at = string != nullptr ? text(*string) : 0;
    const auto integers_at = integers != nullptr ? out_.CreateVector(*integers) : 0;
    const auto numbers_at = numbers != nullptr ? out_.CreateVector(*numbers) : 0;
    return fbs::CreateAttr(out_, label, kind, integer != nullptr ? *integer : 0,
                           number != nullptr ? *number : 0, string_at, integers_at, numbers_at);
  }

  Vector<fbs::Attr> attrs(const Attrs& attrs) {
    return tables<fbs::Attr>(attrs, [&](const auto& a) { return attr(a.first, a.second); });
  }

  Offset<flatbuffers::Vector<std::uint32_t>> ids(const std::vector<ValueId>& ids) {
    std::vector<std::uint32_t> numbers;
    for (const ValueId id : ids) numbers.push_back(static_cast<std::uint32_t>(id));
    return out_.CreateVector(numbers);
  }

  // A list of strings, as the list of offsets that it is.
  Offset<flatbuffers::Vector<std::uint32_t>> comment_list(const std::vector<std::string>& lines) {
    return {texts(lines).o};
  }

  Offset<fbs::Value> value(const Value& value) {
    const auto name = text(value.name);
    const auto shape = type(value.type);
    const auto settings = attrs(value.attrs);
    const auto comments = comment_list(value.comments);
    Offset<fbs::Storage> storage;
    if (value.storage) {
      storage = fbs::CreateStorage(out_, static_cast<std::uint32_t>(value.storage->base),
                                   value.storage->offset);
    }
    return fbs::CreateValue(out_, name, shape, role(value.role), settings, storage, comments);
  }

  Offset<fbs::Node> node(const Node& node) {
    const auto op = text(std::string(node.op->name));
    const auto inputs = ids(node.inputs);
    const auto outputs = ids(node.outputs);
    const auto settings = attrs(node.attrs);
    const auto comments = comment_list(node.comments);
    return fbs::CreateNode(out_, op, inputs, outputs, settings, node.location.line,
                           node.location.column, comments);
  }

  Offset<fbs::Program> program(const Graph& graph) {
    const auto name = text(graph.name);
    const auto settings = attrs(graph.attrs);
    const auto comments = comment_list(graph.comments);
    const auto closing = comment_list(graph.closing_comments);
    const auto symbols = tables<fbs::Symbol>(graph.symbols, [&](const Symbol& symbol) {
      return fbs::CreateSymbol(out_, text(symbol.name), symbol.capacity, symbol.derived);
    });
    const auto values = tables<fbs::Value>(graph.values, [&](const Value& v) { return value(v); });
    const auto nodes = tables<fbs::Node>(graph.nodes, [&](const Node& n) { return node(n); });
    const auto results = ids(graph.results);
    const auto writes = tables<fbs::Write>(graph.writes, [&](const Write& write) {
      return fbs::CreateWrite(out_, static_cast<std::uint32_t>(write.target),
                              static_cast<std::uint32_t>(write.source));
    });
    return fbs::CreateProgram(out_, name, settings, comments, closing, symbols, values, nodes,
                              results, writes, graph.arena_bytes);
  }

  Offset<fbs::HistoryEntry> history_entry(const HistoryEntry& entry) {
    const auto metrics = tables<fbs::Metric>(entry.metrics, [&](const auto& metric) {
      return fbs::CreateMetric(out_, text(metric.first), metric.second);
    });
    return fbs::CreateHistoryEntry(out_, entry.epoch, entry.step, entry.learning_rate,
                                   entry.train_loss, metrics, entry.kept);
  }

  FlatBufferBuilder out_;
};

}  // namespace

std::vector<std::string> plan_format::needs_of(const Plan& plan) {
  std::vector<std::string> needs;
  if (plan.text.tokenizer == "fasttext") {
    needs.emplace_back("texts as fastText reads them");
    return needs;
  }
  if (!plan.vocabulary.kept_buckets.empty()) {
    needs.emplace_back("buckets of which some were left out");
  }
  if (plan.text.max_letters > 0) needs.emplace_back("groups of letters of given lengths");
  return needs;
}

std::uint32_t plan_format::version_of(const Plan& plan, bool leaves_out_zeros) {
  if (!needs_of(plan).empty()) return 5;
  if (plan.text.unify_marks || plan.text.word_ngrams > 1) return 4;
  const bool encodes = plan.program(programs::kEncode) != nullptr;
  if (leaves_out_zeros || encodes || plan.text.max_windows > 1 || plan.text.pair) return 3;
  const bool subwords = plan.text.subwords != SubwordSettings{} || !plan.vocabulary.merges.empty();
  return subwords ? 2 : 1;
}

std::span<const std::byte> plan_format::padding(std::uint64_t offset) {
  static constexpr std::array<std::byte, kAlignment> kZeros{};
  return std::span(kZeros).first(aligned(offset) - offset);
}

std::vector<std::span<const std::byte>> plan_format::Image::pieces() const {
  std::vector<std::span<const std::byte>> pieces{std::as_bytes(std::span(&header, 1)), structure};
  std::uint64_t end = sizeof header + structure.size();
  for (const auto& segment : segments) {
    pieces.push_back(padding(end));
    pieces.push_back(segment);
    end = aligned(end) + segment.size();
  }
  return pieces;
}

plan_format::Image plan_format::make_image(const Plan& plan) {
  check_plan(plan);
  Segments segments;
  Image image{};
  image.structure = Encoder().encode(plan, segments);
  image.segments = std::move(segments.pieces);
  std::memcpy(image.header.magic, kMagic.data(), kMagic.size());
  image.header.version = version_of(plan, segments.leaves_out_zeros);
  image.header.structure_size = image.structure.size();
  image.header.structure_checksum = checksum(image.structure);
  image.header.file_size = aligned(sizeof(Header) + image.structure.size()) + segments.end();
  image.header.header_checksum = checksum(image.header);
  return image;
}

std::vector<std::byte> encode_plan(const Plan& plan) {
  const plan_format::Image image = plan_format::make_image(plan);
  std::vector<std::byte> out;
  out.reserve(image.header.file_size);
  for (const auto& piece : image.pieces()) out.insert(out.end(), piece.begin(), piece.end());
  return out;
}

}  // namespace weft
