// The rules of every plan, in memory and in a file; loading and saving.
#include "ir/plan/plan.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <new>
#include <set>

#include "ir/control_characters.h"
#include "ir/file.h"
#include "ir/finite.h"
#include "ir/op.h"
#include "ir/plan/format.h"
#include "ir/plan/program_interface.h"
#include "ir/verify.h"

namespace weft {
namespace {

constexpr const char* kRemedy = "compile or train the model again";

[[noreturn]] void broken(const std::string& rule) { throw Error(rule, kRemedy); }

void check_vocabulary(const VocabularyView& vocabulary) {
  std::uint32_t begin = 0;
  for (const std::uint32_t end : vocabulary.ends) {
    if (end < begin) broken("the vocabulary's words overlap");
    begin = end;
  }
  if (begin != vocabulary.words.size()) broken("the vocabulary does not end with its last word");
}

// What a text becomes, or a pair: each of its texts once, between special tokens.
void check_template(const std::vector<TemplatePart>& parts, std::int32_t texts,
                    std::int64_t words) {
  constexpr std::size_t kMostParts = 64;
  constexpr std::int32_t kMostTypes = 1 << 16;
  if (parts.size() > kMostParts) {
    broken(fmt::format("a template of tokens has {} parts; {} are the most", parts.size(),
                       kMostParts));
  }
  std::array<int, 2> times{};
  for (const TemplatePart& part : parts) {
    if (part.type < 0 || part.type >= kMostTypes) {
      broken(fmt::format("a template of tokens has the type {}", part.type));
    }
    if (part.id < -1 || part.id >= words) {
      broken(fmt::format("a template of tokens has the id {} of {}", part.id, words));
    }
    if (part.id >= 0) continue;
    if (part.which < 0 || part.which >= texts) {
      broken(fmt::format("a template of tokens for {} texts takes text {}", texts, part.which));
    }
    ++times[static_cast<std::size_t>(part.which)];
  }
  if (times[0] != 1 || times[1] != texts - 1) {
    broken("a template of tokens does not take each text once");
  }
}

void check_special_tokens(const std::vector<SpecialToken>& tokens, std::int64_t words) {
  constexpr std::size_t kLongest = 1024;  // bytes: at each place in a text, one may begin
  std::set<std::string_view> texts;
  std::set<std::int32_t> ids;
  for (const SpecialToken& token : tokens) {
    if (token.id < 0 || token.id >= words) {
      broken(
          fmt::format("the special token `{}` has the id {} of {}", token.text, token.id, words));
    }
    if (token.text.empty() || token.text.size() > kLongest) {
      broken(fmt::format("the special token {} is {} bytes long; 1 to {} are possible", token.id,
                         token.text.size(), kLongest));
    }
    if (!texts.insert(token.text).second || !ids.insert(token.id).second) {
      broken(fmt::format("the special token `{}` is there twice", token.text));
    }
  }
}

void check_subwords(const SubwordSettings& subwords, const VocabularyView& vocabulary) {
  const auto words = static_cast<std::int64_t>(vocabulary.ends.size());
  constexpr std::int64_t kLongestWord = 1000;  // finding its pieces may take the square of that
  constexpr std::size_t kLongestPrefix = 64;
  if (subwords.unknown_id < -1 || subwords.unknown_id >= words) {
    broken(fmt::format("the unknown token has the id {} of {}", subwords.unknown_id, words));
  }
  if (subwords.max_word < 1 || subwords.max_word > kLongestWord) {
    broken(fmt::format("max_word is {}; 1 to {} are possible", subwords.max_word, kLongestWord));
  }
  if (subwords.prefix.size() > kLongestPrefix) broken("the prefix of word pieces is too long");
  check_special_tokens(subwords.special_tokens, words);
  if (!subwords.single.empty()) check_template(subwords.single, 1, words);
  if (!subwords.pair.empty()) check_template(subwords.pair, 2, words);
  if (vocabulary.merges.size() % 2 != 0) broken("the merges end within one");
  for (const std::int32_t id : vocabulary.merges) {
    if (id < 0 || id >= words) broken(fmt::format("a merge has the id {} of {}", id, words));
  }
}

void check_kept_buckets(const TextSettings& text, const VocabularyView& vocabulary) {
  std::int64_t last = -1;
  for (const std::int32_t bucket : vocabulary.kept_buckets) {
    if (bucket <= last || bucket >= text.buckets) {
      broken(fmt::format("the bucket {} that is kept does not follow {} among {}", bucket, last,
                         text.buckets));
    }
    last = bucket;
  }
}

// Sizes of which sums and products stay in range, and how texts that are too long for them are cut.
void check_lengths(const TextSettings& text) {
  constexpr std::int64_t kMaxWindows = 1 << 16;
  if (text.max_tokens < 1) broken("max_tokens is below 1");
  if (text.max_windows < 1 || text.max_windows > kMaxWindows) {
    broken(fmt::format("max_windows is {}; 1 to {} are possible", text.max_windows, kMaxWindows));
  }
  const std::int64_t most = text.max_windows == 1 ? 0 : text.max_tokens - 1;
  if (text.overlap < 0 || text.overlap > most) {
    broken(fmt::format("windows overlap by {}; 0 to {} are possible", text.overlap, most));
  }
  if (text.max_windows > 1 && text.pair) broken("pairs of texts have no windows");
}

void check_labels(const Plan& plan) {
  if (plan.labels.empty()) broken("there are no labels");
  std::set<std::string_view> seen;
  for (const std::string& label : plan.labels) {
    if (label.empty()) broken("a label is empty");
    if (holds_control_character(label)) broken("a label holds a control character");
    if (!seen.insert(label).second) broken(fmt::format("the label `{}` is there twice", label));
  }
  if (!(plan.threshold >= 0 && plan.threshold <= 1)) {
    broken(fmt::format("the threshold {} is no probability", plan.threshold));
  }
  if (!(plan.temperature > 0 && std::isfinite(plan.temperature))) {
    broken(fmt::format("the temperature {} is not above 0", plan.temperature));
  }
}

// Comments are printed as they are: each must be one line.
void check_comments(const Graph& graph) {
  const auto check = [&](const std::vector<std::string>& comments) {
    if (std::ranges::none_of(comments, holds_control_character)) return;
    broken(fmt::format("a comment of program @{} holds a control character", graph.name));
  };
  check(graph.comments);
  check(graph.closing_comments);
  for (const Value& value : graph.values) check(value.comments);
  for (const Node& node : graph.nodes) check(node.comments);
}

using TensorsByName = std::map<std::string_view, const PlanTensor*>;

TensorsByName checked_tensors(const Plan& plan) {
  TensorsByName tensors;
  for (const PlanTensor& tensor : plan.tensors) {
    if (tensor.role != Role::param && tensor.role != Role::state) {
      broken(fmt::format("the tensor %{} is neither a param nor a state", tensor.name));
    }
    if (!tensors.emplace(tensor.name, &tensor).second) {
      broken(fmt::format("the tensor %{} is there twice", tensor.name));
    }
    if (!tensor.type.ragged_dim.empty()) {
      broken(fmt::format("the tensor %{} is {}: offsets do not last", tensor.name,
                         to_string(tensor.type)));
    }
    std::int64_t size = size_of(tensor.type.dtype);
    for (const Dim& dim : tensor.type.shape) {
      if (!dim.is_static() || dim.value < 0 || __builtin_mul_overflow(size, dim.value, &size)) {
        broken(fmt::format("the tensor %{} is {}, which is no size", tensor.name,
                           to_string(tensor.type)));
      }
    }
    if (static_cast<std::uint64_t>(size) != tensor.bytes.size()) {
      broken(fmt::format("the tensor %{} is {}, which takes {} bytes, but has {}", tensor.name,
                         to_string(tensor.type), size, tensor.bytes.size()));
    }
  }
  return tensors;
}

using TypesByName = std::map<std::string_view, const TensorType*>;

// The states that the program @load writes.
TypesByName written_at_load(const Plan& plan) {
  TypesByName types;
  if (const Graph* const load = plan.program(programs::kLoad)) {
    for (const Write& write : load->writes) {
      const Value& target = (*load)[write.target];
      types.emplace(target.name, &target.type);
    }
  }
  return types;
}

// A state marked `computed="load"` need not be stored if it is one of those.
bool is_computed(const Value& value, const TypesByName& at_load) {
  const auto mark = value.attrs.find("computed");
  if (mark == value.attrs.end() || mark->second != Attr("load")) return false;
  const auto found = at_load.find(value.name);
  return found != at_load.end() && *found->second == value.type;
}

// Every param and state of the program is a tensor of its role and type, or written at load.
void check_program(const Graph& graph, const TensorsByName& tensors, const TypesByName& at_load) {
  for (const Value& value : graph.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    const auto found = tensors.find(value.name);
    if (found == tensors.end() && is_computed(value, at_load)) continue;
    if (found == tensors.end()) {
      broken(fmt::format("program @{} needs %{}, which is not there", graph.name, value.name));
    }
    if (found->second->type != value.type || found->second->role != value.role) {
      broken(fmt::format("program @{} takes %{} as {}, but it is {}", graph.name, value.name,
                         to_string(value.type), to_string(found->second->type)));
    }
  }
}

// verify() also takes a graph without any storage, which may be planned later.
void check_storage(const Graph& graph) {
  const std::vector<bool> left_out = unused_outputs(graph);
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Value& value = graph.values[i];
    if (value.storage || value.persists() || left_out[i]) continue;
    broken(fmt::format("program @{}: %{} has no storage", graph.name, value.name));
  }
}

// How many numbers tell a text's labels apart: one each; or one, where it tells two apart.
std::int64_t logit_width(const Plan& plan, const Graph& graph) {
  const Value* const logits = graph.find_value(programs::kLogits);
  const bool two = plan.task == Task::single_label && plan.labels.size() == 2;
  const bool one_number =
      logits != nullptr && logits->type.shape.size() == 2 && logits->type.shape.back() == Dim(1);
  return two && one_number ? 1 : static_cast<std::int64_t>(plan.labels.size());
}

// Who runs a program that reads %rows makes them by @encode.
void check_rows(const Plan& plan, const Graph& reader) {
  const Graph* const encode = plan.program(programs::kEncode);
  if (encode == nullptr) {
    broken(fmt::format("program @{} reads %{}, but no program @{} makes them", reader.name,
                       programs::kRows, programs::kEncode));
  }
  const Value* const made = encode->find_value(programs::kRows);
  const Value& read = *reader.find_value(programs::kRows);
  if (made == nullptr || made->type != read.type) {
    broken(fmt::format("program @{} reads %{} as {}, but program @{} makes others", reader.name,
                       programs::kRows, to_string(read.type), encode->name));
  }
}

// So that no buffer is smaller than those who bind it by name take it to be.
void check_callers(const Plan& plan, const Graph& graph) {
  const ProgramInterface* const interface = find_program_interface(graph.name);
  if (interface == nullptr) return;
  if (graph.name == programs::kTrain && plan.task == Task::multi_label &&
      has_input(graph, programs::kLabels)) {
    broken(fmt::format("program @{}: it takes one label per text, but the plan gives several",
                       graph.name));
  }
  check_interface(*interface, graph, logit_width(plan, graph));
  if (has_input(graph, programs::kRows)) check_rows(plan, graph);
  const bool reads_texts = has_input(graph, programs::kOffsets);
  if (has_input(graph, programs::kWindows) != (reads_texts && plan.text.max_windows > 1)) {
    broken(fmt::format("program @{} does not take the windows that texts have", graph.name));
  }
  if (has_input(graph, programs::kTypes) && !plan.text.pair) {
    broken(fmt::format("program @{} takes types of tokens, but texts are no pairs", graph.name));
  }
}

}  // namespace

const Graph* Plan::program(std::string_view name) const {
  const auto at = std::ranges::find(programs, name, &Graph::name);
  return at == programs.end() ? nullptr : &*at;
}

const PlanTensor* Plan::tensor(std::string_view name) const {
  const auto at = std::ranges::find(tensors, name, &PlanTensor::name);
  return at == tensors.end() ? nullptr : &*at;
}

void check_plan(const Plan& plan) {
  if (holds_control_character(plan.text.tokenizer)) {
    broken("the tokenizer's name holds a control character");
  }
  check_lengths(plan.text);
  check_vocabulary(plan.vocabulary);
  check_subwords(plan.text.subwords, plan.vocabulary);
  check_kept_buckets(plan.text, plan.vocabulary);
  check_labels(plan);
  const TensorsByName tensors = checked_tensors(plan);
  const TypesByName at_load = written_at_load(plan);
  std::set<std::string_view> names;
  for (const Graph& graph : plan.programs) {
    if (!names.insert(graph.name).second) {
      broken(fmt::format("program @{} is there twice", graph.name));
    }
    verify(graph);
    check_comments(graph);
  }
  for (const Graph& graph : plan.programs) {
    check_program(graph, tensors, at_load);
    check_callers(plan, graph);
  }
  for (const Graph& graph : plan.programs) check_storage(graph);
}

std::uint64_t plan_format::checksum(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint64_t plan_format::checksum(const Header& header) {
  return checksum(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, header_checksum)));
}

// A piece at a time, so that the second look finds it in the cache.
plan_format::TensorSummary plan_format::summarize(std::span<const std::byte> bytes, DType type) {
  constexpr std::size_t kPiece = std::size_t{1} << 16U;
  if (type != DType::f32) return {checksum(bytes), true};
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  if (state == nullptr) throw std::bad_alloc();
  XXH3_64bits_reset(state.get());
  bool finite = true;
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(kPiece, bytes.size()))) {
    const auto piece = bytes.first(std::min(kPiece, bytes.size()));
    XXH3_64bits_update(state.get(), piece.data(), piece.size());
    finite = finite && all_finite(piece);
  }
  return {XXH3_64bits_digest(state.get()), finite};
}

Plan load_plan(const std::string& path) {
  // As it is used: what is no plan may be huge.
  const auto file = std::make_shared<const MappedFile>(path, /*ahead=*/false);
  Plan plan = decode_plan(file->bytes(), path);
  plan.owners.push_back(file);
  return plan;
}

void save_plan(const Plan& plan, const std::string& path) {
  const plan_format::Image image = plan_format::make_image(plan);
  AtomicFile file(path);
  for (const auto& piece : image.pieces()) file.write(piece);
  file.commit();
}

}  // namespace weft
