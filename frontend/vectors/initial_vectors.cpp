// Files of word vectors, matched to the embeddings by name or by width.
#include "frontend/vectors/initial_vectors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "ir/diagnostic.h"

namespace weft {
namespace {

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

InitialVectors::InitialVectors(const std::string& description, VectorsOptions options)
    : folder_(std::filesystem::path(description).parent_path().string()),
      options_(std::move(options)) {
  if (!options_.file.empty()) open(options_.file, options_.file);
}

InitialVectors::File& InitialVectors::open(const std::string& named, const std::string& path) {
  for (const auto& file : files_) {
    if (file->path == path) return *file;
  }
  files_.push_back(std::make_unique<File>());
  File& file = *files_.back();
  file.named = named;
  file.path = path;
  file.file = std::make_unique<VectorsFile>(path);
  return file;
}

std::string InitialVectors::found(const std::string& named) const {
  const std::filesystem::path beside = std::filesystem::path(folder_) / named;
  std::error_code ignored;
  return std::filesystem::exists(beside, ignored) ? beside.string() : named;
}

std::int64_t InitialVectors::claim(const std::string& layer, const std::string& named,
                                   std::int64_t width) {
  const bool by_width = named.empty();
  if (named != "none" && !(by_width && options_.file.empty())) {
    const File& file = by_width ? *files_.front() : open(named, found(named));
    const auto file_width = static_cast<std::int64_t>(file.file->width());
    if (width == 0) {
      width = file_width;
      gave_width_ = true;
    }
    if (width == file_width) {
      claims_[layer] = &file;
    } else if (!by_width) {
      throw Error(fmt::format("the vectors of {} have {} numbers, but the width is {}",
                              file.file->short_name(), file_width, width),
                  fmt::format("--set {}.width={}, or leave the width out", layer, file_width));
    }
  }
  const auto known = std::ranges::find(widths_, layer, [](const auto& w) { return w.first; });
  if (known == widths_.end()) widths_.emplace_back(layer, width);
  return width;
}

std::vector<std::string> InitialVectors::layers_of(const File& file) const {
  std::vector<std::string> layers;
  for (const auto& [layer, claimed] : claims_) {
    if (claimed == &file) layers.push_back(layer);
  }
  return layers;
}

void InitialVectors::fail_unclaimed(const File& file) const {
  std::vector<std::string> others;
  for (const auto& [layer, width] : widths_) {
    if (!claims_.contains(layer)) others.push_back(fmt::format("{} has {}", layer, width));
  }
  if (others.empty()) {
    throw Error(fmt::format("{}: there is no embedding for these vectors", file.path),
                "every embedding names its own, or there is none");
  }
  const std::size_t width = file.file->width();
  throw Error(fmt::format("{}: its vectors have {} numbers, but {}", file.path, width,
                          fmt::join(others, ", ")),
              fmt::format("--set embedding.width={}, or leave the width out", width));
}

void InitialVectors::read(const File& file, WordVectors& into) const {
  file.file->read(into, [&](double share) {
    if (options_.watch) options_.watch(file.file->short_name(), share);
  });
}

void InitialVectors::check_claimed() const {
  for (const auto& file : files_) {
    if (layers_of(*file).empty()) fail_unclaimed(*file);
  }
}

WordList InitialVectors::read(WordList words, const std::vector<std::uint64_t>& counts,
                              const TextSettings& text, std::size_t max_added) {
  check_claimed();
  const std::size_t max = words.size() + max_added;
  // Rounded up, so that the store can serve models whose data has some words more or fewer.
  const std::size_t enough = std::bit_ceil(max_added);
  std::string key = fmt::format("{} {} {} {} {}", text.tokenizer, text.lowercase, text.nfkc,
                                text.unify_marks, enough);
  VectorsStore::Vectors all;
  for (const auto& file : files_) {
    const std::size_t room = max - words.size();
    const std::size_t width = file->file->width();
    file->vectors = std::make_unique<WordVectors>(std::move(words), counts, text, room, width);
    if (options_.store) {
      key += "\n" + file->path;
      all = options_.store->get(key, [&] {
        auto vectors =
            std::make_shared<WordVectors>(all ? all->words() : options_.store->words(text),
                                          std::vector<std::uint64_t>{}, text, enough, width);
        read(*file, *vectors);
        return vectors;
      });
      file->vectors->take_from(*all);
    } else {
      read(*file, *file->vectors);
    }
    words = file->vectors->words();
    const VectorCoverage c = file->vectors->coverage();
    if (c.words > 0 && c.exact + c.other_case + c.composed == 0) {
      throw Error(fmt::format("{} has none of the {} words of the data", file->path, c.words),
                  "vectors must be of the data's language, and of words cut as by its tokenizer");
    }
  }
  return words;
}

void InitialVectors::fill(const std::string& layer, std::uint64_t seed, std::string_view name,
                          std::span<float> table) const {
  claims_.at(layer)->vectors->fill(seed, name, table);
}

std::vector<std::pair<std::string, std::int64_t>> InitialVectors::widths() const {
  return gave_width_ ? widths_ : decltype(widths_){};
}

std::vector<std::pair<std::string, std::string>> InitialVectors::names() const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& file : files_) names.emplace_back(file->named, file->file->short_name());
  return names;
}

std::string InitialVectors::report_of(const File& file) const {
  const VectorCoverage c = file.vectors->coverage();
  const std::size_t found = c.exact + c.other_case + c.composed;
  std::string text = fmt::format(
      "{}: {} ({}, {} numbers) has {} of the data's {} words, {:.1f} %, and {:.1f} % of their "
      "occurrences",
      fmt::join(layers_of(file), ", "), file.file->short_name(), file.file->format(),
      file.file->width(), found, c.words, percent(found, c.words), 100 * c.occurrences);
  if (c.other_case > 0) text += fmt::format("; {} in another case", c.other_case);
  if (c.composed > 0) text += fmt::format("; {} composed of letter groups", c.composed);
  if (c.added > 0) text += fmt::format("; {} words added", c.added);
  if (c.broken > 0) text += fmt::format("; {} words of it, not UTF-8, left out", c.broken);
  if (!file.file->remark().empty()) text += "; " + file.file->remark();
  return text;
}

std::vector<std::string> InitialVectors::report() const {
  std::vector<std::string> lines;
  for (const auto& file : files_) lines.push_back(report_of(*file));
  return lines;
}

}  // namespace weft
