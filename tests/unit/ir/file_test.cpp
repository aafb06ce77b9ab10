// Files replaced in one step hold what was written, in whatever pieces, or what was there before.
#include "ir/file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "ir/diagnostic.h"
#include "ir/temporary.h"
#include "tests/support/temporary_file.h"
#include "tests/support/temporary_folder.h"

namespace weft {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20U;

TEST_CASE("parts of any length are read back") {
  // Sizes of alternating parts of ones and zeros.
  for (const std::vector<std::size_t>& parts :
       {std::vector<std::size_t>{5, 3 * kMegabyte + 7, kMegabyte, 2 * kMegabyte},
        std::vector<std::size_t>{0, kMegabyte}, std::vector<std::size_t>{0, kMegabyte - 1},
        std::vector<std::size_t>{kMegabyte, 0, 1, 4 * kMegabyte, 1}}) {
    const TemporaryFile place("parts", "old");
    std::vector<std::byte> expected;
    AtomicFile file(place.path());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::vector<std::byte> part(parts[i], i % 2 == 0 ? std::byte{1} : std::byte{0});
      file.write(part);
      expected.insert(expected.end(), part.begin(), part.end());
    }
    file.commit();
    const MappedFile read(place.path());
    CHECK(read.bytes().size() == expected.size());
    CHECK(std::ranges::equal(read.bytes(), expected));
  }
}

TEST_CASE("a write that does not finish leaves the old file and nothing else") {
  const TemporaryFolder folder;
  put(folder / "x.txt", "old");
  {
    AtomicFile file(folder / "x.txt");
    file.write("new");
    CHECK(content(folder / "x.txt") == "old");
  }
  CHECK(content(folder / "x.txt") == "old");
  CHECK(folder.files() == 1);

  AtomicFile file(folder / "x.txt");
  file.write("new");
  file.commit();
  CHECK(content(folder / "x.txt") == "new");
  CHECK(folder.files() == 1);
}

// A disk that fills up half-way: the limit on a file's size fails in the same call, with EFBIG.
TEST_CASE("a write that fails half-way leaves the old file and nothing else") {
  const TemporaryFolder folder;
  put(folder / "x.txt", "old");
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, limit.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string message;
  try {
    write_file(folder / "x.txt", std::string(10000, 'x'));
  } catch (const Error& error) {
    message = error.what();
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  std::signal(SIGXFSZ, handler);
  CHECK_MESSAGE(message.find("x.txt: cannot be written: File too large") != std::string::npos,
                message);
  CHECK_MESSAGE(message.find("a file that was there before is as it was") != std::string::npos,
                message);
  CHECK(content(folder / "x.txt") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("what killed processes have left is removed by the next write, and nothing else") {
  const TemporaryFolder folder;
  const std::vector<std::string> kept = {".weft-7-1.tmp", ".weft-7.tmp",    ".weft--1.tmp",
                                         ".weft-7-a.tmp", "x.weft-7-2.tmp", ".weft-7-2.tmp~",
                                         ".weft-spill-x", ".weft-7-2-3.tmp"};
  for (const std::string& name : kept) put(folder / name, "kept");
  put(folder / ".weft-7-2.tmp", "left over");
  std::filesystem::create_directory(folder / ".weft-8-0.tmp");
  put(folder / ".weft-8-0.tmp/config.json", "left over");
  const int living = ::open((folder / kept[0]).c_str(), O_RDONLY);
  REQUIRE(living >= 0);
  lock_temporary(living);

  AtomicFile first(folder / "x.txt");
  write_file(folder / "y.txt", "while another is being written");
  first.write("new");
  first.commit();
  CHECK(content(folder / "x.txt") == "new");
  for (const std::string& name : kept) CHECK_MESSAGE(content(folder / name) == "kept", name);
  CHECK(folder.files() == kept.size() + 2);

  ::close(living);
  write_file(folder / "x.txt", "newer");
  CHECK_FALSE(std::filesystem::exists(folder / kept[0]));
}

TEST_CASE("a file below a folder is read by no link and from no other folder") {
  const TemporaryFolder folder;
  namespace fs = std::filesystem;
  fs::create_directories(folder / "in/deep");
  write_file(folder / "in/deep/file", "inside");
  write_file(folder / "outside", "outside");
  fs::create_symlink("../outside", folder / "in/link");
  fs::create_symlink("deep", folder / "in/linked");
  const auto bytes = [&](const std::string& below) {
    const MappedFile file(folder / "in", below, true);
    return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  };
  CHECK(bytes("deep/file") == "inside");
  for (const std::string below :
       {"link", "linked/file", "../outside", "deep/../../outside", "deep/missing", "deep/file/x",
        "deep", "deep/", "", "/etc/passwd"}) {
    CAPTURE(below);
    CHECK_THROWS_AS(bytes(below), Error);
  }
}

TEST_CASE("a regular file begins with bytes, and nothing else does") {
  const TemporaryFolder folder;
  write_file(folder / "file", "begin");
  CHECK(first_bytes(folder / "file", 3) == "beg");
  CHECK(first_bytes(folder / "file", 100) == "begin");
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const char* none : {"pipe", "missing", "."}) CHECK(first_bytes(folder / none, 3).empty());
  CHECK(first_bytes("/dev/zero", 3).empty());
}

TEST_CASE("a pipe is written if it is read from, and else refused") {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THROWS_WITH_AS(write_file(pipe, "new"), doctest::Contains("is a pipe that nobody reads"),
                       Error);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  write_file(pipe, "new");
  std::string read(8, '\0');
  CHECK(::read(reader, read.data(), read.size()) == 3);
  CHECK(read.substr(0, 3) == "new");
  ::close(reader);
}

TEST_CASE("a symbolic link stays one: the file it names is replaced, and keeps its mode") {
  const TemporaryFolder folder;
  put(folder / "real.txt", "old");
  std::filesystem::permissions(folder / "real.txt", std::filesystem::perms::owner_read |
                                                        std::filesystem::perms::owner_write);
  std::filesystem::create_symlink("real.txt", folder / "link.txt");
  write_file(folder / "link.txt", "new");
  CHECK(std::filesystem::is_symlink(folder / "link.txt"));
  CHECK(content(folder / "real.txt") == "new");
  CHECK(std::filesystem::status(folder / "real.txt").permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::create_symlink("made.txt", folder / "dangling.txt");
  write_file(folder / "dangling.txt", "new");
  CHECK(content(folder / "dangling.txt") == "new");
}

}  // namespace
}  // namespace weft
