// Adds up what programs take, and reads from the system's files what there is.
#include "frontend/train/memory_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include "ir/op.h"

namespace weft {
namespace {

constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();

// A file of one number; a limit that is not set is a word or too large to be read.
std::int64_t number_in(const std::string& path) {
  std::int64_t bytes = 0;
  return std::ifstream(path) >> bytes ? bytes : kUnknown;
}

// The number behind `name` in a file of such lines: `VmRSS:   1234 kB`, `inactive_file 5678`.
std::int64_t named_number(const std::string& path, const std::string& name, std::int64_t missing) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream rest(line.substr(name.size()));
    std::int64_t number = 0;
    std::string unit;
    if (!(rest >> number)) return missing;
    rest >> unit;
    return unit == "kB" ? number * 1024 : number;
  }
  return missing;
}

std::int64_t status(const std::string& name) {
  return named_number("/proc/self/status", name + ":", 0);
}

// What a control group has left: its limit, less what it uses, but for files that the system keeps
// in memory while there is room.
std::int64_t left_in(const std::string& group, bool version2) {
  const std::int64_t limit =
      number_in(group + (version2 ? "/memory.max" : "/memory.limit_in_bytes"));
  const std::int64_t used =
      number_in(group + (version2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (limit == kUnknown || used == kUnknown) return limit;
  const std::int64_t files =
      named_number(group + "/memory.stat", version2 ? "inactive_file" : "total_inactive_file", 0);
  return std::max<std::int64_t>(0, limit - used + std::min(files, used));
}

// The least of this process's group up to the root, of control groups version 2 or 1.
std::int64_t left_in_groups() {
  std::int64_t min = kUnknown;
  std::ifstream groups("/proc/self/cgroup");  // 0::/a/b or 4:memory:/a/b
  for (std::string line; std::getline(groups, line);) {
    const std::size_t colon = line.find(':');
    const std::size_t path = line.find(':', colon + 1);
    if (path == std::string::npos) continue;
    const std::string controllers = line.substr(colon + 1, path - colon - 1);
    if (!controllers.empty() && controllers != "memory") continue;
    const std::string root = controllers.empty() ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    for (std::filesystem::path group = line.substr(path + 1);; group = group.parent_path()) {
      min = std::min(min, left_in(root + group.string(), controllers.empty()));
      if (!group.has_relative_path()) break;
    }
  }
  return min;
}

// What `ulimit` leaves of a resource, of which the process uses `used`.
template <class Resource>
std::int64_t left_of(Resource resource, std::int64_t used) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return kUnknown;
  if (limit.rlim_cur >= static_cast<rlim_t>(kUnknown)) return kUnknown;
  return std::max<std::int64_t>(0, static_cast<std::int64_t>(limit.rlim_cur) - used);
}

std::string gigabytes(std::int64_t bytes) {
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace

std::int64_t available_memory() {
  const std::int64_t machine = named_number("/proc/meminfo", "MemAvailable:", kUnknown);
  return std::min({machine, left_in_groups(), left_of(RLIMIT_AS, status("VmSize")),
                   left_of(RLIMIT_DATA, status("VmData"))});
}

std::int64_t resident_memory() { return status("VmRSS"); }

void trim_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

namespace {

// The largest value of the programs, in words, and its bytes.
std::pair<std::string, std::int64_t> largest_value(std::span<const Graph> programs) {
  std::pair<std::string, std::int64_t> largest;
  for (const Graph& program : programs) {
    for (const Value& value : program.values) {
      const std::int64_t bytes = capacity_bytes(program, value.type);
      if (bytes <= largest.second) continue;
      largest = {fmt::format("%{}, {}", value.name, to_string(value.type)), bytes};
    }
  }
  return largest;
}

}  // namespace

void expect_memory(std::span<const Graph> programs, const MemoryUse& use, std::int64_t available) {
  const double needed = memory_of(programs, use);
  if (needed <= static_cast<double>(available)) return;
  const auto [name, bytes] = largest_value(programs);
  throw Error(fmt::format("the model takes {:.1f} GB of memory, but there are {}", needed / 1e9,
                          gigabytes(available)),
              fmt::format("its largest tensor is {}, of {}: make it smaller by a smaller width, "
                          "vocabulary, max_tokens, batch or number of buckets",
                          name, gigabytes(bytes)));
}

}  // namespace weft
