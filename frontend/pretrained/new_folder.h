// A folder that is written as a whole: it is there with all its files, or not at all.
#pragma once

#include <filesystem>
#include <string>

namespace weft {

// Until `commit` returns nothing is at `path` that was not there before: files go to a temporary
// folder beside it, which commit renames, and which is gone if commit is never reached.
class NewFolder {
 public:
  // Error, naming the path and the remedy, unless there is nothing or an empty folder and the
  // folder that it is in can be written.
  explicit NewFolder(std::string path);
  ~NewFolder();
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  std::string place() const { return temporary_.string(); }  // where to write the files
  void commit();

 private:
  std::string path_;                 // as given, for messages
  std::filesystem::path target_;     // with symbolic links followed
  std::filesystem::path temporary_;  // empty: committed
  int lock_ = -1;                    // of the temporary folder
};

}  // namespace weft
