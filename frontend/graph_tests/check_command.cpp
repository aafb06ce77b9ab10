// A shell in a process group of its own, so that all it started can be ended.
#include "frontend/graph_tests/check_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string_view>

#include "frontend/format/shell_quote.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::microseconds kShortestPause{200}, kLongestPause{20'000};
constexpr int kLastReads = 32;  // of 64 KB: more than a pipe holds

std::string with_file(const std::string& command, const std::string& file) {
  std::string text = command;
  const std::string path = shell_quoted(file);
  std::size_t at = text.find("{}");
  if (at == std::string::npos) return text + " " + path;
  for (; at != std::string::npos; at = text.find("{}", at + path.size())) {
    text.replace(at, 2, path);
  }
  return text;
}

// Keeps the first bytes of a command's output, and whether the output holds a text.
class Output {
 public:
  explicit Output(const std::string& text) : text_(text), found_(text.empty()) {}

  void take(std::string_view bytes) {
    first_ += bytes.substr(0, kFirst - first_.size());
    if (found_) return;
    last_ += bytes;
    found_ = last_.find(text_) != std::string::npos;
    last_.erase(0, last_.size() - std::min(last_.size(), text_.size() - 1));
  }

  bool found() const { return found_; }
  std::string first_line() const { return first_.substr(0, first_.find('\n')); }

 private:
  static constexpr std::size_t kFirst = 4096;

  const std::string& text_;
  bool found_;
  std::string first_, last_;  // last_: where the text may have begun
};

// A shell in a process group of its own. All that is left of the group goes with this.
class Shell {
 public:
  explicit Shell(const std::string& command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
    child_ = ::fork();
    if (child_ == 0) run(command, ends[1]);
    ::close(ends[1]);
    output_ = ends[0];
    if (child_ < 0) {
      ::close(output_);
      fail("cannot start a process");
    }
    ::setpgid(child_, child_);  // the child does too: whoever comes first
    ::fcntl(output_, F_SETFL, O_NONBLOCK);
  }
  ~Shell() {
    end();
    ::close(output_);
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  // The shell is not waited for before `end`, so that its group keeps its number.
  bool has_ended() const {
    siginfo_t info = {};
    const int error =
        ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (error != 0 && errno != EINTR) fail("cannot wait for the command");
    return error == 0 && info.si_pid == child_;
  }

  // Waits for output, at most so long, and takes what there is. False if no more can come.
  bool read(Output& output, std::chrono::microseconds pause) {
    pollfd ready = {open_ ? output_ : -1, POLLIN, 0};
    const timespec time = {0, std::chrono::nanoseconds(pause).count()};
    ::ppoll(&ready, 1, &time, nullptr);
    char bytes[1 << 16];
    const ssize_t count = open_ ? ::read(output_, bytes, sizeof bytes) : 0;
    if (count > 0) output.take({bytes, static_cast<std::size_t>(count)});
    open_ = count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR));
    return open_;
  }

  // Ends what is left of the group. The shell's status, as waitpid has it.
  int end() {
    if (child_ <= 0) return status_;
    ::kill(-child_, SIGKILL);
    while (::waitpid(child_, &status_, 0) < 0 && errno == EINTR) {
    }
    child_ = 0;
    return status_;
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    throw Error(fmt::format("{}: {}", what, std::strerror(errno)));
  }

  [[noreturn]] static void run(const std::string& command, int out) {
    ::setpgid(0, 0);
    const int nothing = ::open("/dev/null", O_RDONLY);
    if (nothing < 0) _exit(126);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(126);
  }

  pid_t child_ = 0;
  int output_ = -1, status_ = 0;
  bool open_ = true;  // the output
};

bool is_set(const std::atomic<bool>* flag) { return flag != nullptr && *flag; }

}  // namespace

CheckOutcome run_check(const CheckCommand& check, const std::string& file) {
  const std::string command = with_file(check.command, file);
  const auto end = Clock::now() + std::chrono::duration<double>(check.seconds);
  Output output(check.says);
  Shell shell(command);
  for (auto pause = kShortestPause; !shell.has_ended();
       pause = std::min(pause * 2, kLongestPause)) {
    if (is_set(check.interrupt)) return CheckOutcome::interrupted;
    if (Clock::now() > end) return CheckOutcome::times_out;
    shell.read(output, pause);
  }
  const int status = shell.end();
  // Reads the rest of the pipe. The bound is for a process that left the group and writes on.
  for (int reads = 0; reads < kLastReads && shell.read(output, {}); ++reads) {
  }
  if (WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127)) {
    throw Error(fmt::format("the shell cannot run `{}`: {}", command, output.first_line()),
                "give a command that takes the path of a graph: --check 'weft check {}'");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return CheckOutcome::succeeds;
  return output.found() ? CheckOutcome::fails : CheckOutcome::says_otherwise;
}

}  // namespace weft
