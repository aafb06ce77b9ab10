// Rows that a frozen encoder made of the texts of a data set: each text is encoded once, when it is
// first asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frontend/train/dataset.h"
#include "frontend/train/nameless_file.h"
#include "runtime/session.h"

namespace weft {

// Whether stored or computed again, the rows of a text are the same bit for bit: how much room
// there is changes nothing but the time.
class StoredRows {
 public:
  struct Room {
    std::int64_t memory = 0;  // bytes; what is more goes to a file without a name
    std::string folder = {};  // of that file; empty: the system's folder for temporary files
    // Told once, where that file cannot be written: texts without room are encoded each time.
    std::function<void(const std::string&)> warn = {};
  };

  // Both must outlive this. The session trains, and its row_size() is not 0.
  StoredRows(Session& session, const Dataset& data, Room room);

  // The rows of those examples end to end; valid until the next call.
  std::span<const float> of(std::span<const std::uint32_t> examples);
  // The same of count examples from `first` on.
  std::span<const float> of(std::size_t first, std::size_t count);

  std::int64_t bytes() const;  // of all examples

 private:
  std::size_t place(std::size_t example) const;  // of its first number among those of all
  std::size_t size(std::size_t example) const { return place(example + 1) - place(example); }
  bool read(std::size_t example, std::span<float> rows) const;
  bool write(std::size_t example, std::span<const float> rows);
  void encode_missing(std::span<const std::uint32_t> examples);

  Session& session_;
  const Dataset& data_;
  Room room_;
  Session::RowSize row_size_;
  std::size_t in_memory_;               // numbers of examples before this place lie in memory
  std::unique_ptr<float[]> memory_;     // NOLINT(*-avoid-c-arrays): untouched until it is written
  std::unique_ptr<NamelessFile> file_;  // null until it is needed
  bool file_failed_ = false;
  std::vector<bool> stored_;  // by example
  std::vector<float> made_, batch_;
  std::vector<std::uint32_t> missing_, range_;
};

// The bytes that a training run may keep rows in: of a quarter of the free memory as large a share
// as it has of the machine's threads, for others may run beside it.
std::int64_t memory_for_rows(int threads);

}  // namespace weft
