// Runs the text tests of files, and rewrites what they expect.
#pragma once

#include <string>
#include <vector>

namespace weft {

struct TestOptions {
  bool update = false;  // writes what is found over what is expected, but for errors
  bool colour = false;  // in differences
  std::string filter;   // runs those whose name holds it
};

struct TestResult {
  std::string file;
  std::string name;  // the file's, for its text or its errors; FILE:LINE for a block of values
  double seconds = 0;
  std::string failure;  // what differs; empty: passed
};

// The files among `paths`, and all *.ir below the folders among them, in the order of their names.
// UsageError for a path that does not exist, and for a folder without any.
std::vector<std::string> test_files(const std::vector<std::string>& paths);

// A result for each test of a file. A file that is no test, and everything that programs and passes
// refuse, is a failure. Error if the file cannot be read or, for an update, not be written: then it
// is as it was.
std::vector<TestResult> run_test_file(const std::string& file, const TestOptions&);

// The results in the XML of JUnit, which build servers read.
std::string junit_xml(const std::vector<TestResult>&);

}  // namespace weft
