// Blocks of the file itself, and what an unpacker makes of them.
#include "frontend/data/byte_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "frontend/data/foreign_files.h"
#include "frontend/data/unpacker.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;

int open_file(const std::string& path, ByteSource::Pipes pipes) {
  if (path == "-") return STDIN_FILENO;
  const bool waits = pipes == ByteSource::Pipes::read;  // for who writes into a pipe
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK));
  if (file < 0) {
    throw Error(fmt::format("cannot open {}: {}", path, std::strerror(errno)), "Check the path.");
  }
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(file);
    throw Error(fmt::format("cannot read {}: it is a directory", path),
                "Give the name of a file in it; --data takes a folder.");
  }
  if (!waits && !S_ISREG(status.st_mode)) {
    ::close(file);
    throw Error(fmt::format("cannot read {}: it is a pipe or device", path),
                "Save it to a file first.");
  }
  return file;
}

// The blocks that bgzip and bzip2's parallel packers cut a file into are packed files in form.
bool is_block(std::string_view packed) {
  return packed.starts_with("BZh") ||
         (packed.size() > 14 && packed.starts_with("\x1F\x8B") &&
          (static_cast<unsigned char>(packed[3]) & 4U) != 0 && packed.substr(12, 2) == "BC");
}

}  // namespace

struct ByteSource::Impl {
  Impl(const std::string& path, Pipes pipes)
      : name(path == "-" ? "standard input" : path), file(open_file(path, pipes)) {}
  ~Impl() {
    if (file != STDIN_FILENO) ::close(file);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::size_t read_raw(char* out, std::size_t size) {
    for (;;) {
      const ssize_t count = ::read(file, out, size);
      if (count >= 0) {
        taken += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) {
        throw Error(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
      }
    }
  }

  // The next block of the file itself; false at its end. Bytes not yet used are kept.
  bool fill() {
    if (used > 0) std::memmove(block.data(), block.data() + used, filled - used);
    filled -= used;
    used = 0;
    const std::size_t count = read_raw(block.data() + filled, block.size() - filled);
    filled += count;
    return count > 0;
  }

  std::string_view rest() const { return {block.data() + used, filled - used}; }

  void begin() {
    begun = true;
    fill();
    while (may_be_packed(rest()) && fill()) continue;
    refuse_foreign(rest());
    unpacker = make_unpacker(rest());
  }

  void refuse_foreign(std::string_view begin) const {
    const ForeignFile* foreign = foreign_file(begin);
    if (foreign == nullptr) return;
    throw Error(fmt::format("{} is {}", name, foreign->what), std::string(foreign->remedy));
  }

  std::size_t read_plain(char* out, std::size_t size) {
    if (rest().empty()) return read_raw(out, size);
    const std::size_t count = rest().copy(out, size);
    used += count;
    return count;
  }

  std::size_t unpack(char* out, std::size_t size) {
    while (!ended) {
      if (rest().empty() && !fill()) {
        throw Error(
            fmt::format("{} is cut short: its {} data does not end", name, unpacker->name()),
            "Copy or download the file again.");
      }
      const Unpacker::Step step = unpack_step(out, size);
      used += step.taken;
      given_member = member;
      if (step.ended) end_member();
      if (step.given == 0) continue;
      if (!given) refuse_foreign({out, step.given});
      given = true;
      return step.given;
    }
    return 0;
  }

  Unpacker::Step unpack_step(char* out, std::size_t size) {
    try {
      return unpacker->step(rest(), out, size);
    } catch (const Unpacker::Damaged& damaged) {
      throw Error(
          fmt::format("{} is damaged: its {} data is not valid ({})", name, unpacker->name(),
                      damaged.reason),
          fmt::format("Copy or download the file again; `{}` tests it.", unpacker->tester()));
    }
  }

  // A packed file is one or more members end to end; zeros may pad the last.
  void end_member() {
    while (!rest().empty() || fill()) {
      if (unpacker->begins(rest())) {
        if (!is_block(rest())) ++member;
        unpacker->restart();
        return;
      }
      if (rest().front() != '\0') {
        throw Error(
            fmt::format("{} is damaged: other bytes follow its {} data", name, unpacker->name()),
            "Copy or download the file again.");
      }
      ++used;
    }
    ended = true;
  }

  std::string name;
  int file;
  bool begun = false;
  bool given = false;  // some of it has been
  bool ended = false;
  std::unique_ptr<Unpacker> unpacker;  // null: the file is plain
  std::size_t member = 1, given_member = 1;
  std::array<char, kBlock> block{};
  std::size_t used = 0;
  std::size_t filled = 0;
  std::uint64_t taken = 0;  // bytes of the file itself
};

ByteSource::ByteSource(const std::string& path, Pipes pipes)
    : impl_(std::make_unique<Impl>(path, pipes)) {}
ByteSource::~ByteSource() = default;

const std::string& ByteSource::name() const { return impl_->name; }
std::size_t ByteSource::member() const { return impl_->given_member; }

double ByteSource::share_read() const {
  struct stat status {};
  if (::fstat(impl_->file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    return 0;
  }
  return static_cast<double>(impl_->taken) / static_cast<double>(status.st_size);
}

std::size_t ByteSource::read(char* out, std::size_t size) {
  if (!impl_->begun) impl_->begin();
  return impl_->unpacker ? impl_->unpack(out, size) : impl_->read_plain(out, size);
}

}  // namespace weft
