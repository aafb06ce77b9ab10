// Matches a folder's tensors with the family's table, and assembles weights from them.
#include "frontend/pretrained/pretrained_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>

#include "frontend/format/suggest.h"
#include "frontend/pretrained/stored_floats.h"
#include "ir/diagnostic.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::size_t kMostNamed = 20;  // diagnostics of one kind
constexpr std::int64_t kGrain = 1 << 16;

using TensorsByName = std::map<std::string, const StoredTensor*, std::less<>>;

// Old files call the weight and bias of a normalisation gamma and beta.
std::string current_name(std::string name) {
  const auto rename = [&](std::string_view old, std::string_view now) {
    if (name.ends_with(old)) name.replace(name.size() - old.size(), old.size(), now);
  };
  rename(".gamma", ".weight");
  rename(".beta", ".bias");
  return name;
}

TensorsByName by_name(const SafetensorsFolder& files, const std::string& folder) {
  TensorsByName tensors;
  for (const StoredTensor& tensor : files.tensors()) {
    if (!tensors.emplace(current_name(tensor.name), &tensor).second) {
      throw Error(fmt::format("{}: `{}` is there twice, under an old name and a new one", folder,
                              current_name(tensor.name)),
                  "remove one of them");
    }
  }
  return tensors;
}

// The family's prefix or none, whichever finds more of the encoder's tensors.
std::string prefix_of(const Family& family, const PretrainedConfig& config,
                      const TensorsByName& stored) {
  const auto found = [&](std::string_view prefix) {
    return std::ranges::count_if(tensors_of(family, config, prefix, true),
                                 [&](const auto& t) { return stored.contains(t.name); });
  };
  return found(family.prefix) > found("") ? std::string(family.prefix) : std::string();
}

// The faults of a folder's tensors.
class Mismatches {
 public:
  Mismatches(const std::string& folder, const std::string& family)
      : folder_(folder), family_(family) {}

  void missing(const std::string& name) { missing_.push_back(name); }
  void extra(const std::string& name) { extra_.push_back(name); }
  void compare(const StoredTensor& stored, const Extents& shape) {
    if (stored.shape != shape) {
      wrong_.push_back({{},
                        fmt::format("{}: `{}` has the shape [{}]", folder_, stored.name,
                                    fmt::join(stored.shape, ", ")),
                        fmt::format("by config.json it would be [{}]", fmt::join(shape, ", "))});
    } else if (!find_stored_float(stored.type)) {
      wrong_.push_back({{},
                        fmt::format("{}: `{}` is stored as {}", folder_, stored.name, stored.type),
                        "weights are read as F32, F16 or BF16"});
    }
  }

  void throw_if_any() const {
    std::vector<Diagnostic> all;
    report(missing_, "is missing", extra_, "the files have `{}` instead", all);
    report(extra_, fmt::format("belongs to no {} model of this config.json", family_), missing_,
           "is it `{}`?", all);
    limit(wrong_, all);
    if (!all.empty()) throw Error(std::move(all));
  }

 private:
  void report(const std::vector<std::string>& names, std::string_view what,
              const std::vector<std::string>& others, std::string_view hint,
              std::vector<Diagnostic>& all) const {
    std::vector<Diagnostic> found;
    for (const std::string& name : names) {
      // Names beyond the limit are only counted: looking for the nearest takes time.
      const std::string near = found.size() < kMostNamed ? nearest(name, others) : std::string();
      found.push_back({{},
                       fmt::format("{}: `{}` {}", folder_, name, what),
                       near.empty() ? std::string() : fmt::format(fmt::runtime(hint), near)});
    }
    limit(found, all);
  }

  void limit(const std::vector<Diagnostic>& found, std::vector<Diagnostic>& all) const {
    const std::size_t named = std::min(found.size(), kMostNamed);
    all.insert(all.end(), found.begin(), found.begin() + static_cast<std::ptrdiff_t>(named));
    if (named == found.size()) return;
    all.push_back({{},
                   fmt::format("{}: and {} more like the last", folder_, found.size() - named),
                   "see that config.json and the weights are of one model"});
  }

  const std::string& folder_;
  const std::string& family_;
  std::vector<std::string> missing_, extra_;
  std::vector<Diagnostic> wrong_;
};

// Writes rows [begin, end) of a stored [rows, columns] as columns of `into`, which has rows of
// `stride` floats. By tiles of 16 rows: their columns are lines of the cache. False if some value
// is not finite.
bool transpose(const StoredTensor& stored, StoredFloat kind, std::int64_t begin, std::int64_t end,
               float* into, std::int64_t stride) {
  constexpr std::int64_t kTile = 16;
  const std::int64_t columns = stored.shape[1];
  std::vector<float> tile(static_cast<std::size_t>(kTile * columns));
  bool finite = true;
  for (; begin < end; begin += kTile) {
    const std::int64_t rows = std::min(kTile, end - begin);
    const auto first = static_cast<std::size_t>(begin * columns);
    finite &= to_floats(kind, stored.bytes.data() + first * size_of(kind),
                        std::span(tile).first(static_cast<std::size_t>(rows * columns)));
    for (std::int64_t c = 0; c < columns; ++c) {
      float* const to = into + c * stride + begin;
      for (std::int64_t r = 0; r < rows; ++r) to[r] = tile.data()[r * columns + c];
    }
  }
  return finite;
}

// Throws the Error for the first value of the file's tensor that is not finite.
void find_not_finite(const StoredTensor& stored, const std::string& file) {
  std::vector<float> values(static_cast<std::size_t>(stored.elements()));
  try {
    read_values(stored, values);
  } catch (const Error& e) {
    const Diagnostic& found = e.diagnostics().front();
    throw Error(fmt::format("{}: {}", file, found.message), found.note);
  }
}

}  // namespace

std::vector<PretrainedWeight> pretrained_weights(const PretrainedConfig& config, bool with_pooler) {
  const Family* const family = find_family(config.family);
  WEFT_CHECK(family != nullptr);
  std::vector<PretrainedWeight> weights;
  for (const FamilyTensor& tensor : tensors_of(*family, config, "", with_pooler)) {
    // The parts of a weight follow each other.
    if (!weights.empty() && weights.back().name == tensor.weight) continue;
    weights.push_back({tensor.weight, tensor.weight_shape()});
  }
  return weights;
}

PretrainedModel::PretrainedModel(const std::string& folder)
    : config_(read_config(folder)), files_(folder) {
  const Family& family = *find_family(config_.family);
  TensorsByName stored = by_name(files_, folder);
  prefix_ = prefix_of(family, config_, stored);
  const bool with_pooler = (!config_.labels.empty() && family.classifier_takes_pooler) ||
                           std::ranges::any_of(family.pooler, [&](const TensorRow& row) {
                             return stored.contains(prefix_ + std::string(row.tensor));
                           });
  weights_ = pretrained_weights(config_, with_pooler);

  Mismatches mismatches(folder, config_.family);
  for (const FamilyTensor& tensor : tensors_of(family, config_, prefix_, with_pooler)) {
    const auto at = stored.find(tensor.name);
    if (at == stored.end()) {
      mismatches.missing(tensor.name);
      continue;
    }
    mismatches.compare(*at->second, tensor.shape);
    sources_[tensor.weight].push_back({at->second, tensor});
    stored.erase(at);
  }

  std::map<const Ignored*, int> heads;
  for (const auto& entry : stored) {
    const std::string& name = entry.first;
    const auto covers = [&](std::string_view pattern) { return matches(pattern, name); };
    const auto head = std::ranges::find_if(family.heads, covers, &Ignored::pattern);
    if (head != family.heads.end()) {
      ++heads[&*head];
    } else if (std::ranges::none_of(family.buffers, [&](std::string_view buffer) {
                 return name.starts_with(prefix_) && matches(buffer, name.substr(prefix_.size()));
               })) {
      mismatches.extra(entry.second->name);
    }
  }
  mismatches.throw_if_any();
  for (const auto& [head, count] : heads) {
    unused_.push_back(fmt::format("{} ({} tensor{}): {}", head->pattern, count,
                                  count == 1 ? "" : "s", head->what));
  }
}

void PretrainedModel::read(std::string_view name, std::span<float> into, int threads) const {
  const auto found = sources_.find(name);
  WEFT_CHECK(found != sources_.end());
  for (const auto& [stored, tensor] : found->second) {
    const Extents shape = tensor.weight_shape();
    WEFT_CHECK(static_cast<std::int64_t>(into.size()) == elements_of(shape));
    const StoredFloat kind = *find_stored_float(stored->type);
    const bool transposed = tensor.layout == Layout::transposed;
    WEFT_CHECK(transposed || tensor.part == Part::whole || shape.size() == 1);
    float* const to = into.data() + tensor.first_column();
    const std::int64_t row = transposed ? stored->shape[1] : 1;
    std::atomic<bool> finite = true;
    parallel_for(threads, stored->elements() / row, std::max<std::int64_t>(1, kGrain / row),
                 [&, &source = *stored](std::int64_t begin, std::int64_t end, int) {
                   const bool good =
                       transposed ? transpose(source, kind, begin, end, to, shape[1])
                                  : to_floats(kind,
                                              source.bytes.data() +
                                                  static_cast<std::size_t>(begin) * size_of(kind),
                                              {to + begin, static_cast<std::size_t>(end - begin)});
                   if (!good) finite = false;
                 });
    if (!finite) find_not_finite(*stored, files_.file_of(*stored));
  }
}

}  // namespace weft
