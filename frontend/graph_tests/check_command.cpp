// A shell in a process group of its own, so that all it started can be ended.
#include "frontend/graph_tests/check_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "ir/diagnostic.h"
#include "ir/file.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kLongestPause{20'000};

std::string quoted(const std::string& path) {
  std::string text = "'";
  for (const char c : path) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

std::string with_file(const std::string& command, const std::string& file) {
  std::string text = command;
  const std::string path = quoted(file);
  std::size_t at = text.find("{}");
  if (at == std::string::npos) return text + " " + path;
  for (; at != std::string::npos; at = text.find("{}", at + path.size())) {
    text.replace(at, 2, path);
  }
  return text;
}

[[noreturn]] void run_shell(const std::string& command, const std::string& output) {
  ::setpgid(0, 0);
  const int nothing = ::open("/dev/null", O_RDONLY);
  const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (nothing < 0 || out < 0) _exit(126);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  _exit(126);
}

// The status of waitpid; -1: the time was up.
int wait_for(pid_t child, double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  int status = 0;
  for (auto pause = std::chrono::microseconds(200);; pause = std::min(pause * 2, kLongestPause)) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) {
      throw Error(fmt::format("cannot wait for the command: {}", std::strerror(errno)));
    }
    if (Clock::now() > end) {
      ::kill(-child, SIGKILL);
      while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
      }
      return -1;
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

bool still_fails(const CheckCommand& check, const std::string& file) {
  const std::string command = with_file(check.command, file), output = file + ".out";
  const pid_t child = ::fork();
  if (child < 0) throw Error(fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0) run_shell(command, output);
  const int status = wait_for(child, check.seconds);
  if (status == -1) return false;
  const std::string said = read_text_file(output);
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)) {
    throw Error(
        fmt::format("the shell cannot run `{}`: {}", command, said.substr(0, said.find('\n'))),
        "give a command that takes the path of a graph: --check 'weft check {}'");
  }
  const bool failed = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
  return failed && said.find(check.says) != std::string::npos;
}

}  // namespace weft
