// A child process for each, which sends back a text.
#include "frontend/graph_tests/each_instruction_set.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "ir/diagnostic.h"
#include "runtime/kernels/instruction_set.h"

namespace weft {
namespace {

void write_all(int pipe, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(pipe, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The child sends this if it had not enough memory for its work or its message.
constexpr std::string_view kNoMemory = "!";

// The text with a `+` before it, or the message of an exception with a `-`.
std::string outcome_of(const std::function<std::string()>& work) {
  try {
    return "+" + work();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return fmt::format("-{}", error.what());
  }
}

[[noreturn]] void run_child(int pipe, const std::string& name,
                            const std::function<std::string()>& work) {
  setenv(kInstructionSetVariable, name.c_str(), 1);
  try {
    write_all(pipe, outcome_of(work));
  } catch (const std::bad_alloc&) {
    write_all(pipe, kNoMemory);
  }
  _exit(0);
}

}  // namespace

std::vector<std::string> usable_instruction_sets() {
  const char* named = std::getenv(kInstructionSetVariable);
  if (named != nullptr && *named != '\0') return {named};
  std::vector<std::string> names;
  for (const std::string_view name : instruction_sets()) names.emplace_back(name);
  return names;
}

std::string on_instruction_set(const std::string& name, const std::function<std::string()>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  const pid_t child = ::fork();
  if (child < 0) throw Error(fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) {
    ::close(ends[0]);
    run_child(ends[1], name, work);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t read = ::read(ends[0], buffer.data(), buffer.size());
    if (read < 0 && errno == EINTR) continue;
    if (read <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(read));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    throw Error(fmt::format("{}: the kernels ended by signal {} ({})", name, WTERMSIG(status),
                            strsignal(WTERMSIG(status))));
  }
  if (text.empty()) throw Error(fmt::format("{}: the kernels' process sent nothing", name));
  if (text == kNoMemory) throw std::bad_alloc();
  std::string rest = text.substr(1);
  if (text.front() == '-') throw Error(fmt::format("{}: {}", name, rest));
  return rest;
}

}  // namespace weft
