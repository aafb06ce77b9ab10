// Adds up what programs take, and reads from the system's files what there is.
#include "frontend/train/memory_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <string>

#include "ir/op.h"

namespace weft {
namespace {

constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();

// A file of one number; a limit that is not set is a word or too large to be read.
std::int64_t number_in(const std::string& path) {
  std::int64_t bytes = 0;
  return std::ifstream(path) >> bytes ? bytes : kUnknown;
}

// The tightest limit from this process's group up to the root, of control groups version 2 or 1.
std::int64_t group_limit() {
  std::int64_t min = kUnknown;
  std::ifstream groups("/proc/self/cgroup");  // 0::/a/b or 4:memory:/a/b
  for (std::string line; std::getline(groups, line);) {
    const std::size_t colon = line.find(':');
    const std::size_t path = line.find(':', colon + 1);
    if (path == std::string::npos) continue;
    const std::string controllers = line.substr(colon + 1, path - colon - 1);
    if (!controllers.empty() && controllers != "memory") continue;
    const std::string root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const char* file = controllers.empty() ? "/memory.max" : "/memory.limit_in_bytes";
    for (std::filesystem::path group = line.substr(path + 1);; group = group.parent_path()) {
      min = std::min(min, number_in(root + group.string() + file));
      if (!group.has_relative_path()) break;
    }
  }
  return min;
}

std::string gigabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace

std::int64_t available_memory() {
  std::int64_t available = kUnknown;
  std::ifstream machine("/proc/meminfo");
  for (std::string line; std::getline(machine, line);) {
    if (line.starts_with("MemAvailable:")) available = std::stoll(line.substr(13)) * 1024;
  }
  return std::min(available, group_limit());
}

void expect_memory(std::span<const Graph> programs, std::int64_t available) {
  double needed = 0;  // a sum that cannot overflow
  std::int64_t largest_bytes = 0;
  std::string largest;
  std::set<std::string> seen;
  for (const Graph& program : programs) {
    needed += static_cast<double>(program.arena_bytes);
    for (const Value& value : program.values) {
      const bool kept = value.role == Role::param || value.role == Role::state;
      const std::int64_t bytes = capacity_bytes(program, value.type);
      if (kept && !value.attrs.contains("computed") && seen.insert(value.name).second) {
        needed += static_cast<double>(bytes);
      } else if (kept) {
        continue;  // counted, or made row by row as it is read
      }
      if (bytes <= largest_bytes) continue;
      largest_bytes = bytes;
      largest = fmt::format("%{}, {}", value.name, to_string(value.type));
    }
  }
  if (needed <= static_cast<double>(available)) return;
  throw Error(fmt::format("the model takes {:.1f} GB of memory, but there are {}", needed / 1e9,
                          gigabytes(available)),
              fmt::format("its largest tensor is {}, of {}: make it smaller by a smaller width, "
                          "vocabulary, max_tokens, batch or number of buckets",
                          largest, gigabytes(largest_bytes)));
}

}  // namespace weft
