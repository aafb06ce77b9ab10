// Files and folders that are not complete yet, beside what they are to replace: their names, and
// what is done about those of processes that were killed.
#pragma once

#include <string>

namespace weft {

// A name for a temporary file or folder beside `path`: short, whatever the name of `path`, and
// different between processes. Where it is taken, the next attempt has another.
std::string temporary_beside(const std::string& path, int attempt);

// Says, as long as `file` is open, that the process at work on this temporary lives.
void lock_temporary(int file);
// Whether `name` is a name of the open file: of a temporary that was locked too late it is not, if
// another process has taken it for left over.
bool is_named(int file, const std::string& name);

// Removes those beside `path` whose processes were killed. Where a file system has no locks, none.
void remove_left_over(const std::string& path);

}  // namespace weft
