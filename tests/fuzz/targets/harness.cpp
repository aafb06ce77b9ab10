// The entry of libFuzzer, the files of inputs, and the mending of checksums.
#include "tests/fuzz/targets/harness.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/plan/format.h"
#include "ir/plan/plan_generated.h"
#include "runtime/session.h"

namespace weft::fuzz {
namespace {

using nlohmann::json;
using plan_format::Header;

// A folder in memory that goes when the process ends in order.
class Folder {
 public:
  Folder() {
    std::filesystem::path parent = "/dev/shm";
    if (::access(parent.c_str(), W_OK) != 0) parent = std::filesystem::temp_directory_path();
    path_ = parent / fmt::format("weft-fuzz-{}", ::getpid());
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const Folder& shared_folder() {
  static const Folder folder;
  return folder;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Makes the checksum in `segment`, a table of the file that begins at `file`, that of what it
// points at, in the copy of that file. Tables may lie upon one another: the file itself must stay
// as it was when it was verified.
void mend(const weft::fbs::Segment* segment, std::string_view segments, const char* file,
          std::string& copy) {
  if (segment == nullptr || segment->offset() > segments.size() ||
      segment->size() > segments.size() - segment->offset()) {
    return;
  }
  const auto* const field = reinterpret_cast<const flatbuffers::Table*>(segment)->GetAddressOf(
      weft::fbs::Segment::VT_CHECKSUM);
  if (field == nullptr) return;
  const std::uint64_t checksum =
      plan_format::checksum(bytes_of(segments.substr(segment->offset(), segment->size())));
  std::memcpy(copy.data() + (reinterpret_cast<const char*>(field) - file), &checksum,
              sizeof checksum);
}

}  // namespace

std::string folder() { return shared_folder().path().string(); }

std::string file_with(std::string_view content, std::string_view name) {
  const std::string path = (shared_folder().path() / name).string();
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string mended_plan(std::string_view file) {
  if (file.size() < sizeof(Header)) return std::string(file);
  // Aligned as the structure's reader needs it.
  std::vector<std::uint64_t> aligned((file.size() + 7) / 8);
  std::memcpy(aligned.data(), file.data(), file.size());
  const char* const begin = reinterpret_cast<const char*>(aligned.data());
  std::string mended(file);
  Header header;
  std::memcpy(&header, begin, sizeof header);
  std::memcpy(header.magic, plan_format::kMagic.data(), sizeof header.magic);
  header.file_size = file.size();
  header.structure_size =
      std::min<std::uint64_t>(header.structure_size, file.size() - sizeof header);
  const auto* const structure = reinterpret_cast<const std::uint8_t*>(begin) + sizeof header;
  flatbuffers::Verifier verifier(structure, header.structure_size);
  const std::uint64_t segments = std::min<std::uint64_t>(
      plan_format::aligned(sizeof header + header.structure_size), file.size());
  const std::string_view rest(begin + segments, file.size() - segments);
  if (verifier.VerifyBuffer<weft::fbs::Plan>(nullptr)) {
    const auto* const plan = flatbuffers::GetRoot<weft::fbs::Plan>(structure);
    for (const auto* segment :
         {plan->words(), plan->word_ends(), plan->merges(), plan->kept_buckets()}) {
      mend(segment, rest, begin, mended);
    }
    if (plan->tensors() != nullptr) {
      for (const auto* tensor : *plan->tensors()) mend(tensor->data(), rest, begin, mended);
    }
  }
  header.structure_checksum = plan_format::checksum(
      bytes_of(std::string_view(mended).substr(sizeof header, header.structure_size)));
  header.header_checksum = plan_format::checksum(header);
  std::memcpy(mended.data(), &header, sizeof header);
  return mended;
}

std::string mended_checkpoint(std::string_view file) {
  unsigned long long size = 0;
  const std::size_t line = file.substr(0, 100).find('\n');
  if (line == std::string_view::npos || std::sscanf(std::string(file.substr(0, line)).c_str(),
                                                    "weft checkpoint 1 %llu", &size) != 1) {
    return std::string(file);
  }
  std::string_view head = file.substr(line + 1).substr(0, size);
  std::size_t at = line + 1 + head.size();
  json contents = json::parse(head, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> segments;
  if (contents.is_object() && contents.contains("segments") && contents["segments"].is_array()) {
    for (json& segment : contents["segments"]) {
      if (!segment.is_object() || !segment.contains("bytes")) continue;
      const json& bytes = segment["bytes"];
      at = std::min<std::size_t>(plan_format::aligned(at), file.size());
      if (!bytes.is_number_unsigned() || bytes.get<std::size_t>() > file.size() - at) continue;
      segments.push_back(mended_plan(file.substr(at, bytes.get<std::size_t>())));
      at += segments.back().size();
      segment["checksum"] =
          fmt::format("{:016x}", plan_format::checksum(bytes_of(segments.back())));
    }
  }
  const std::string body = contents.is_discarded() ? std::string(head) : contents.dump();
  std::string mended = fmt::format("weft checkpoint 1 {} {:016x}\n{}", body.size(),
                                   plan_format::checksum(bytes_of(body)), body);
  for (const std::string& segment : segments) {
    mended.resize(plan_format::aligned(mended.size()), '\0');
    mended += segment;
  }
  return mended;
}

void use(const Plan& plan) {
  constexpr std::int64_t kMax = 1 << 20;  // bytes: what is merely large is not of interest here
  for (const Graph& graph : plan.programs) {
    if (graph.arena_bytes > kMax || plan.text.max_tokens > kMax) return;
  }
  const bool trains = plan.program("train") != nullptr;
  Session session(plan, {.threads = 1, .train = trains});
  constexpr std::array<std::string_view, 5> texts{"a", "", "the 电影 a", "an a the the a", "a"};
  Predictions out;
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, texts.size()}) {
    session.predict(std::span(texts).first(count), out);
    WEFT_CHECK(out.size() == count);
  }
  if (!trains) return;
  const std::vector<std::int32_t> labels{1, 0};
  session.train_step(std::span(texts).first(2), {labels}, 0.01);
  session.snapshot();
}

}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    weft::fuzz::fuzz({reinterpret_cast<const char*>(data), size});
  } catch (const weft::Error& error) {
    WEFT_CHECK(*error.what() != '\0');
  }
  return 0;
}
