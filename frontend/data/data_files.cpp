// Folders are listed and sorted, so that the order of files does not depend on the machine.
#include "frontend/data/data_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "frontend/data/data_format.h"
#include "frontend/data/line_reader.h"
#include "ir/diagnostic.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

// What one folder holds, sorted by name.
struct Listing {
  Names files, folders;
};

Listing list(const std::string& folder) {
  Listing listing;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code unknown;
    (at->is_directory(unknown) ? listing.folders : listing.files).push_back(std::move(name));
  }
  if (error) throw Error(fmt::format("cannot read {}: {}", folder, error.message()));
  std::ranges::sort(listing.files);
  std::ranges::sort(listing.folders);
  return listing;
}

std::string in(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

std::string shortened(const Names& names) {
  constexpr std::size_t kMaxNames = 5;
  const std::size_t shown = std::min(names.size(), kMaxNames);
  std::string text = fmt::format("{}", fmt::join(std::span(names).first(shown), ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

bool is_data_file(const std::string& path, const ReadOptions& options) {
  if (options.format != nullptr || format_by_extension(path) != nullptr) return true;
  LineReader lines(path, options.encoding);
  for (std::string_view line; lines.next(line);) {
    if (!line.empty()) return format_by_content(line) != nullptr;
  }
  return false;
}

// `pos.txt` to `pos`, `pos.txt.gz` too.
std::string stem_of(const std::string& name) {
  fs::path path(name);
  for (const std::string_view packed : kPackedExtensions) {
    if (path.extension() == packed) path = path.stem();
  }
  return path.stem().string();
}

class Folder {
 public:
  Folder(const std::string& name, const ReadOptions& options, std::vector<DataFile>& out)
      : name_(name), options_(options), out_(out), listing_(list(name)) {}

  std::string read() {
    if (!listing_.folders.empty()) return classes_by_folder();
    if (listing_.files.empty()) {
      throw Error(fmt::format("{} is an empty folder", name_), "Put data files into it.");
    }
    Names data, others;
    for (const std::string& file : listing_.files) {
      (is_data_file(in(name_, file), options_) ? data : others).push_back(file);
    }
    if (data.empty()) return classes_by_file();
    if (!others.empty()) {
      throw Error(fmt::format("cannot tell how to read the folder {}: {} is a data file, {} is not",
                              name_, data.front(), others.front()),
                  "Name the data files themselves, each after a --data.");
    }
    for (const std::string& file : data) out_.push_back({in(name_, file)});
    return fmt::format("{} file{}: {}", data.size(), data.size() == 1 ? "" : "s", shortened(data));
  }

  const Names& left_out() const { return left_out_; }

 private:
  std::string classes_by_folder() {
    left_out_ = listing_.files;
    std::size_t texts = 0;
    for (const std::string& label : listing_.folders) {
      const std::string folder = in(name_, label);
      const Listing inside = list(folder);
      for (const std::string& deeper : inside.folders) left_out_.push_back(in(label, deeper));
      for (const std::string& file : inside.files) {
        out_.push_back({in(folder, file), DataFile::Kind::whole, label});
      }
      texts += inside.files.size();
    }
    if (texts == 0) {
      throw Error(fmt::format("the folders in {} hold no files", name_),
                  "A folder for each class holds a text in each file.");
    }
    return fmt::format("a folder for each class, a text in each file: {}",
                       shortened(listing_.folders));
  }

  std::string classes_by_file() {
    Names labels;
    for (const std::string& file : listing_.files) labels.push_back(stem_of(file));
    const bool same = std::ranges::count(labels, labels.front()) > 1;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::string& file = listing_.files[i];
      // `rt-polarity.pos` and `rt-polarity.neg` differ in what stands for an extension.
      const std::string ending = fs::path(file).extension().string();
      if (same && ending.size() > 1) labels[i] = ending.substr(1);
      out_.push_back({in(name_, file), DataFile::Kind::lines, labels[i]});
    }
    return fmt::format("a file for each class, a text on each line: {}", shortened(labels));
  }

  const std::string& name_;
  const ReadOptions& options_;
  std::vector<DataFile>& out_;
  Listing listing_;
  Names left_out_;
};

}  // namespace

std::vector<DataFile> data_files(std::span<const std::string> names, const ReadOptions& options,
                                 Names& notes, Names& remarks) {
  std::vector<DataFile> files;
  for (const std::string& name : names) {
    std::error_code unknown;
    if (name == "-" || !fs::is_directory(name, unknown)) {
      files.push_back({name});
      continue;
    }
    Folder folder(name, options, files);
    notes.push_back(fmt::format("{}: {}", name, folder.read()));
    if (!folder.left_out().empty()) {
      remarks.push_back(fmt::format("{}: not read: {}", name, shortened(folder.left_out())));
    }
  }
  std::set<std::string_view> paths;
  std::set<std::pair<dev_t, ino_t>> seen;  // of regular files, whatever their names
  for (const DataFile& file : files) {
    struct stat status = {};
    const bool regular = ::stat(file.path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    const bool fresh = paths.insert(file.path).second;
    if (fresh && (!regular || seen.emplace(status.st_dev, status.st_ino).second)) continue;
    throw Error(fmt::format("{} is given twice", file.path == "-" ? "standard input" : file.path),
                "Give each file once.");
  }
  return files;
}

}  // namespace weft
