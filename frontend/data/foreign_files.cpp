// One row for each kind of file: where its magic number stands, and what to do with it.
#include "frontend/data/foreign_files.h"

#include <algorithm>
#include <array>

namespace weft {
namespace {

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  ForeignFile file;
};

using namespace std::string_view_literals;  // magic numbers hold zeros

constexpr ForeignFile kPickle = {"a Python pickle",
                                 "Write it as text: to_csv for a table, save_word2vec_format for "
                                 "word vectors."};
constexpr ForeignFile kOffice = {"an office document", "Save its sheet as CSV (UTF-8)."};
constexpr ForeignFile kArrow = {"an Arrow table",
                                "Convert it: pandas.read_feather(FILE).to_csv(NEW_FILE, "
                                "index=False), or to_csv of the data set itself."};
constexpr ForeignFile kRData = {"an R data file", "Write it in R: write.csv(x, row.names = FALSE)"};
constexpr ForeignFile kRObject = {"an R object", kRData.remedy};

// An earlier row is the more exact one.
constexpr std::array kMagic = {
    Magic{30, "[Content_Types].xml"sv, kOffice},
    Magic{30, "mimetypeapplication/vnd.oasis.opendocument"sv, kOffice},
    Magic{0, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv, kOffice},
    Magic{0, "PK\x03\x04"sv, {"a zip archive", "Unzip it, and name the file inside."}},
    Magic{0, "PK\x05\x06"sv, {"an empty zip archive", "Pack it again, with the file inside."}},
    Magic{0, "\xFD\x37zXZ\0"sv, {"compressed by xz", "Decompress it: xz -d FILE"}},
    Magic{0, "\x04\x22\x4D\x18"sv, {"compressed by lz4", "Decompress it: lz4 -d FILE NEW_FILE"}},
    Magic{0, "7z\xBC\xAF\x27\x1C"sv, {"a 7z archive", "Unpack it, and name the file inside."}},
    Magic{0, "Rar!\x1A\x07"sv, {"a RAR archive", "Unpack it, and name the file inside."}},
    Magic{257, "ustar"sv, {"a tar archive", "Unpack it: tar -xf FILE; then name the file inside."}},
    Magic{
        0,
        "PAR1\x15"sv,
        {"a Parquet table", "Convert it: pandas.read_parquet(FILE).to_csv(NEW_FILE, index=False)"}},
    Magic{0, "ARROW1\0"sv, kArrow},
    Magic{0, "FEA1\0"sv, kArrow},
    Magic{0, "\xFF\xFF\xFF\xFF"sv, kArrow},  // a stream, as the `datasets` library caches it
    Magic{0, "Obj\x01"sv, {"an Avro table", "Convert it to CSV or JSON lines."}},
    Magic{0,
          "\x89HDF\r\n\x1A\n"sv,
          {"an HDF5 file", "Convert it: pandas.read_hdf(FILE).to_csv(NEW_FILE, index=False)"}},
    Magic{0, "SQLite format 3\0"sv, {"an SQLite database", "Export the table: sqlite3 -csv"}},
    Magic{0, "\x93NUMPY"sv, {"a NumPy array", "Write it with its words or labels, as text."}},
    Magic{0, "RDX2\n"sv, kRData},
    Magic{0, "RDX3\n"sv, kRData},
    Magic{0, "X\n\0\0\0\x02"sv, kRObject},
    Magic{0, "X\n\0\0\0\x03"sv, kRObject},
    Magic{0, "\x80\x02"sv, kPickle},
    Magic{0, "\x80\x03"sv, kPickle},
    Magic{0, "\x80\x04"sv, kPickle},
    Magic{0, "\x80\x05"sv, kPickle},
    Magic{0, "%PDF-1."sv, {"a PDF document", "Save its text: pdftotext FILE"}},
    Magic{0,
          "version https://git-lfs.github.com/spec/"sv,
          {"a Git LFS pointer, not the data itself", "Fetch the data: git lfs pull"}},
};

}  // namespace

const ForeignFile* foreign_file(std::string_view begin) {
  // A magic number that stands later could be a word of a text.
  const bool binary = begin.substr(0, 257).find('\0') != std::string_view::npos;
  const auto found = std::ranges::find_if(kMagic, [&](const Magic& magic) {
    return begin.size() > magic.offset && (magic.offset == 0 || binary) &&
           begin.substr(magic.offset).starts_with(magic.bytes);
  });
  return found == kMagic.end() ? nullptr : &found->file;
}

}  // namespace weft
