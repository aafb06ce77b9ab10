// Bytes -> Plan, where the bytes may be anything: each is checked before it is believed.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "ir/aligned_bytes.h"
#include "ir/op.h"
#include "ir/plan/format.h"
#include "ir/plan/header.h"
#include "ir/plan/plan_generated.h"
#include "ir/plan/segments.h"
#include "ir/plan/sizes.h"
#include "ir/plan/structure.h"

namespace weft {
namespace {

using plan_format::damaged;
using plan_format::Header;
using plan_format::kMaxDimensions;
using plan_format::kMaxElements;
using plan_format::require;
using plan_format::require_zeros;
using plan_format::SegmentEntry;
using plan_format::Segments;

template <class Enum>
Enum checked_enum(auto value, auto last) {
  require(value <= last, "a code is out of range");
  return static_cast<Enum>(value);
}

SegmentEntry entry_of(const fbs::Segment* segment) {
  require(segment != nullptr, "a segment is missing");
  return {segment->offset(), segment->size(), segment->checksum()};
}

class Decoder {
 public:
  // Each part of a FlatBuffer may be referred to many times over; what comes out of it may not be
  // larger than what went in.
  explicit Decoder(std::span<const std::byte> structure)
      : structure_(structure), budget_(structure.size()) {}

  Plan decode(const fbs::Plan& from, Segments segments) {
    Plan plan;
    plan.description = text(from.description());
    plan.settings = text(from.settings());
    plan.text = text_settings(from.text());
    plan.vocabulary = vocabulary(from, segments);
    plan.labels = texts(from.labels());
    plan.task = checked_enum<Task>(from.task(), fbs::Task::MAX);
    plan.threshold = from.threshold();
    plan.temperature = from.temperature();
    each(from.programs(), [&](const auto& p) { plan.programs.push_back(program(p)); });
    each(from.tensors(), [&](const auto& t) { plan.tensors.push_back(tensor(t, segments)); });
    if (leaves_out_zeros) add_zeros(plan);
    plan.vocabulary.merges = numbers(from.merges(), segments, "the merges");
    plan.vocabulary.kept_buckets = numbers(from.kept_buckets(), segments, "the kept buckets");
    require(segments.at_end(), "it holds more than its structure says");
    segments.check_unseen();
    each(from.history(), [&](const auto& h) { plan.history.push_back(history_entry(h)); });
    each(from.notes(), [&](const auto& n) {
      plan.notes.push_back({text(n.program()), text(n.text())});
    });
    return plan;
  }

  bool leaves_out_zeros = false;

 private:
  void spend(std::uint64_t bytes) {
    require(bytes <= budget_, "its structure refers to itself");
    budget_ -= bytes;
  }

  std::string text(const flatbuffers::String* string) {
    if (string == nullptr) return {};
    spend(string->size());
    return string->str();
  }

  void each(const auto* items, auto use) {
    if (items == nullptr) return;
    spend(items->size() * sizeof(flatbuffers::uoffset_t));
    for (const auto* item : *items) use(*item);
  }

  template <class T>
  std::vector<T> numbers(const flatbuffers::Vector<T>* items) {
    if (items == nullptr || items->size() == 0) return {};
    // The verifier sees to the alignment of everything but this.
    require(reinterpret_cast<std::uintptr_t>(items->Data()) % sizeof(T) == 0,
            "a list is not aligned");
    spend(items->size() * sizeof(T));
    return {items->begin(), items->end()};
  }

  std::vector<std::string> texts(const auto* strings) {
    std::vector<std::string> out;
    each(strings, [&](const flatbuffers::String& s) { out.push_back(text(&s)); });
    return out;
  }

  std::vector<std::string> comments(const flatbuffers::Vector<std::uint32_t>* offsets) {
    std::vector<std::string> out;
    if (offsets == nullptr) return out;
    spend(offsets->size() * sizeof(std::uint32_t));
    for (const std::uint8_t* at = offsets->Data(); out.size() < offsets->size(); at += 4) {
      const std::string_view comment = plan_format::string_at(structure_, at);
      spend(comment.size());
      out.emplace_back(comment);
    }
    return out;
  }

  TextSettings text_settings(const fbs::TextSettings* from) {
    require(from != nullptr, "the text settings are missing");
    return {text(from->tokenizer()), from->lowercase(),   from->nfkc(),
            from->max_tokens(),      from->buckets(),     subwords(from->subwords()),
            from->max_windows(),     from->overlap(),     from->pair(),
            from->unify_marks(),     from->word_ngrams(), from->min_letters(),
            from->max_letters()};
  }

  SubwordSettings subwords(const fbs::SubwordSettings* from) {
    if (from == nullptr) return {};
    SubwordSettings out;
    out.unknown_id = from->unknown_id();
    out.prefix = text(from->prefix());
    out.clean_text = from->clean_text();
    out.split_chinese = from->split_chinese();
    out.strip_accents = from->strip_accents();
    out.max_word = from->max_word();
    out.add_prefix_space = from->add_prefix_space();
    out.trim_offsets = from->trim_offsets();
    each(from->special_tokens(), [&](const fbs::SpecialToken& t) {
      out.special_tokens.push_back({t.id(), text(t.text()), t.takes_space_before(),
                                    t.takes_space_after(), t.whole_word(), t.normalized()});
    });
    each(from->single(), [&](const auto& p) { out.single.push_back(template_part(p)); });
    each(from->pair(), [&](const auto& p) { out.pair.push_back(template_part(p)); });
    return out;
  }

  static TemplatePart template_part(const fbs::TemplatePart& from) {
    return {from.id(), from.which(), from.type()};
  }

  static std::span<const std::int32_t> numbers(const fbs::Segment* from, Segments& segments,
                                               std::string_view what) {
    if (from == nullptr) return {};
    const auto found = segments.next(entry_of(from), what);
    require(found.size() % sizeof(std::int32_t) == 0, fmt::format("{} end within one", what));
    return {reinterpret_cast<const std::int32_t*>(found.data()),
            found.size() / sizeof(std::int32_t)};
  }

  static VocabularyView vocabulary(const fbs::Plan& from, Segments& segments) {
    const auto words = segments.next(entry_of(from.words()), "the vocabulary");
    const auto ends = segments.next(entry_of(from.word_ends()), "the vocabulary");
    require(ends.size() % sizeof(std::uint32_t) == 0, "the vocabulary ends within a word");
    return {
        {reinterpret_cast<const char*>(words.data()), words.size()},
        {reinterpret_cast<const std::uint32_t*>(ends.data()), ends.size() / sizeof(std::uint32_t)}};
  }

  TensorType type(const fbs::Type* from) {
    require(from != nullptr, "a type is missing");
    TensorType type;
    type.dtype = checked_enum<DType>(from->dtype(), fbs::DType::MAX);
    each(from->shape(), [&](const fbs::Dim& dim) {
      require(dim.value() >= -kMaxElements && dim.value() <= kMaxElements,
              "a dimension is out of range");
      type.shape.emplace_back(text(dim.symbol()), dim.value());
    });
    require(type.shape.size() <= kMaxDimensions, "a type has too many dimensions");
    type.ragged_dim = text(from->partitions());
    return type;
  }

  Role role(fbs::Role from) { return checked_enum<Role>(from, fbs::Role::MAX); }

  PlanTensor tensor(const fbs::Tensor& from, Segments& segments) {
    PlanTensor tensor{text(from.name()), type(from.type()), role(from.role()), {}};
    if (from.data() == nullptr) {
      leaves_out_zeros = true;
    } else {
      tensor.bytes =
          segments.next_unseen(entry_of(from.data()), tensor.type.dtype, '%' + tensor.name);
    }
    return tensor;
  }

  // To the tensors that are left out: one block for all of them, of which nothing is touched.
  static void add_zeros(Plan& plan) {
    std::size_t largest = 0;
    const auto each_left_out = [&](auto use) {
      for (PlanTensor& tensor : plan.tensors) {
        if (tensor.bytes.data() == nullptr) use(tensor, bytes_of(tensor.type));
      }
    };
    each_left_out([&](const PlanTensor&, std::size_t size) { largest = std::max(largest, size); });
    try {
      const auto zeros = std::make_shared<const AlignedBytes>(largest);
      each_left_out(
          [&](PlanTensor& tensor, std::size_t size) { tensor.bytes = zeros->span().first(size); });
      plan.owners.push_back(zeros);
    } catch (const std::bad_alloc&) {
      damaged(fmt::format("a tensor takes {} bytes, more than there are", largest));
    }
  }

  static std::size_t bytes_of(const TensorType& type) {
    std::int64_t elements = 1;
    for (const Dim& dim : type.shape) {
      require(dim.is_static() && dim.value >= 0 &&
                  !__builtin_mul_overflow(elements, dim.value, &elements) &&
                  elements <= kMaxElements,
              "a tensor is out of range");
    }
    return static_cast<std::size_t>(elements * size_of(type.dtype));
  }

  Attr attr(const fbs::Attr& from) {
    switch (from.kind()) {
      case fbs::AttrKind::integer:
        return from.integer();
      case fbs::AttrKind::number:
        return from.number();
      case fbs::AttrKind::text:
        return text(from.text());
      case fbs::AttrKind::integers:
        return numbers(from.integers());
      case fbs::AttrKind::numbers:
        return numbers(from.numbers());
    }
    damaged("an attribute is of no known kind");
  }

  Attrs attrs(const flatbuffers::Vector<flatbuffers::Offset<fbs::Attr>>* from) {
    Attrs out;
    each(from, [&](const fbs::Attr& a) {
      require(out.emplace(text(a.name()), attr(a)).second, "an attribute is given twice");
    });
    return out;
  }

  static ValueId id(std::uint32_t number, const Graph& graph) {
    require(number < graph.values.size(), "a program refers to a value that it lacks");
    return ValueId{number};
  }

  static ValueId optional_id(std::uint32_t number, const Graph& graph) {
    return ValueId{number} == kNoValue ? kNoValue : id(number, graph);
  }

  Value value(const fbs::Value& from) {
    Value value{
        text(from.name()),        type(from.type()), role(from.role()), attrs(from.attrs()), {},
        comments(from.comments())};
    if (const fbs::Storage* storage = from.storage()) {
      value.storage = Storage{Storage::Kind::arena, ValueId{storage->home()}, storage->offset()};
    }
    return value;
  }

  // A file says where a value is stored by its home alone: the arena, a param or state, a matrix.
  static void settle_storage(Graph& graph) {
    for (Value& value : graph.values) {
      if (!value.storage) continue;
      const ValueId home = optional_id(static_cast<std::uint32_t>(value.storage->base), graph);
      if (home == kNoValue) continue;
      value.storage->kind =
          graph[home].persists() ? Storage::Kind::persistent : Storage::Kind::columns;
    }
  }

  // Adds what the op has gained since the file was written: attributes by default, optional
  // operands.
  static void complete(Node& node) {
    for (const AttrDef& def : node.op->attrs) {
      if (def.default_value) node.attrs.emplace(def.name, *def.default_value);
    }
    const auto& ports = node.op->inputs;
    while (node.inputs.size() < ports.size() &&
           ports[node.inputs.size()].arity == Arity::optional) {
      node.inputs.push_back(kNoValue);
    }
  }

  Node node(const fbs::Node& from, const Graph& graph) {
    Node node;
    const std::string name = text(from.op());
    node.op = find_op(name);
    if (node.op == nullptr) {
      throw Error(fmt::format("uses the op `{}`, which this weft does not have", name),
                  "use the weft that made it, or a later one");
    }
    for (const auto i : numbers(from.inputs())) node.inputs.push_back(optional_id(i, graph));
    for (const auto i : numbers(from.outputs())) node.outputs.push_back(id(i, graph));
    node.attrs = attrs(from.attrs());
    complete(node);
    node.location = {from.line(), from.column()};
    node.comments = comments(from.comments());
    return node;
  }

  Graph program(const fbs::Program& from) {
    Graph graph;
    graph.name = text(from.name());
    graph.attrs = attrs(from.attrs());
    graph.comments = comments(from.comments());
    graph.closing_comments = comments(from.closing_comments());
    each(from.symbols(), [&](const fbs::Symbol& s) {
      require(graph.symbols.size() < kMaxSymbols, "a program has too many symbols");
      graph.symbols.push_back({text(s.name()), s.capacity(), s.derived()});
    });
    each(from.values(), [&](const fbs::Value& v) { graph.values.push_back(value(v)); });
    graph.index_names();
    settle_storage(graph);
    each(from.nodes(), [&](const fbs::Node& n) { graph.nodes.push_back(node(n, graph)); });
    for (const auto i : numbers(from.results())) graph.results.push_back(id(i, graph));
    each(from.writes(), [&](const fbs::Write& w) {
      graph.writes.push_back({id(w.target(), graph), id(w.source(), graph)});
    });
    graph.arena_bytes = from.arena_bytes();
    plan_format::check_sizes(graph);
    return graph;
  }

  HistoryEntry history_entry(const fbs::HistoryEntry& from) {
    HistoryEntry entry{from.epoch(), from.step(), from.rate(), from.train_loss(), {}, from.kept()};
    each(from.metrics(), [&](const fbs::Metric& metric) {
      std::string name = text(metric.name());
      if (name == "kept") {  // as it was written before it was a field
        entry.kept = entry.kept || metric.value() != 0;
      } else {
        entry.metrics.emplace_back(std::move(name), metric.value());
      }
    });
    return entry;
  }

  std::span<const std::byte> structure_;
  std::uint64_t budget_;
};

Plan decode(std::span<const std::byte> bytes) {
  const Header header = plan_format::checked_header(bytes);
  if (header.version > plan_format::kVersion) plan_format::refuse_newer(bytes, header);
  require(header.structure_size <= bytes.size() - sizeof header, "its structure is cut short");
  const auto structure = bytes.subspan(sizeof header, header.structure_size);
  require(plan_format::checksum(structure) == header.structure_checksum,
          "its structure's checksum does not match");
  const std::uint64_t end = sizeof header + structure.size();
  const std::uint64_t segments = plan_format::aligned(end);
  require(segments <= bytes.size(), "its segments are cut short");
  require_zeros(bytes.subspan(end, segments - end));

  const fbs::Plan* const from = plan_format::checked_structure(structure);
  require(from != nullptr, "its structure is no FlatBuffer of a plan, or its tables are shared");
  Decoder decoder(structure);
  Plan plan = decoder.decode(*from, Segments(bytes.subspan(segments)));
  check_plan(plan);
  require(header.version == plan_format::version_of(plan, decoder.leaves_out_zeros),
          "its version is not that of what it holds");
  return plan;
}

}  // namespace

Plan decode_plan(std::span<const std::byte> bytes, std::string_view name) {
  std::shared_ptr<const AlignedBytes> copy;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % plan_format::kAlignment != 0) {
    copy = std::make_shared<const AlignedBytes>(bytes.size());
    std::memcpy(copy->data(), bytes.data(), bytes.size());
    bytes = copy->span();
  }
  try {
    Plan plan = decode(bytes);
    if (copy) plan.owners.push_back(std::move(copy));
    return plan;
  } catch (const Error& error) {
    const Diagnostic& first = error.diagnostics().front();
    throw Error(fmt::format("{}: {}", name, first.message), first.note);
  }
}

}  // namespace weft
