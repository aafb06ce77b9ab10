// Uncompresses gzip, bzip2 and zstd, which are told by their first bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace weft {

class Unpacker {
 public:
  // Thrown where the packed bytes are not valid.
  struct Damaged {
    std::string reason;
  };
  struct Step {
    std::size_t taken, given;  // bytes of the input and of the output
    bool ended;                // the stream ends here; another may follow
  };

  virtual ~Unpacker() = default;
  virtual std::string_view name() const = 0;    // "gzip"
  virtual std::string_view tester() const = 0;  // the command that tests a file
  virtual Step step(std::string_view packed, char* out, std::size_t size) = 0;
  virtual void restart() = 0;  // for the stream after one that ended
  // True if such a stream begins here.
  virtual bool begins(std::string_view packed) const = 0;
};

// Null where `begin`, the first bytes of a file, is of no packed stream.
std::unique_ptr<Unpacker> make_unpacker(std::string_view begin);
// True if more bytes may make `begin` the beginning of a packed stream.
bool may_be_packed(std::string_view begin);

}  // namespace weft
