// A file's text first, then its blocks of values, each a test of its own.
#include "frontend/graph_tests/run_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

#include "frontend/format/escape_controls.h"
#include "frontend/format/escape_markup.h"
#include "frontend/format/line_diff.h"
#include "frontend/format/usage_error.h"
#include "frontend/graph_tests/check_values.h"
#include "frontend/graph_tests/test_file.h"
#include "frontend/graph_tests/test_programs.h"
#include "ir/file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

bool matches(const ExpectedError& expected, const Diagnostic& found) {
  const bool anywhere = expected.location.line == 0;
  return (anywhere || expected.location == found.location) &&
         found.message.find(expected.text) != std::string::npos;
}

// Every error expected, every error found has its counterpart.
std::string check_errors(const std::vector<ExpectedError>& expected, const Error& error) {
  std::string failure;
  for (const ExpectedError& e : expected) {
    const auto matched = [&](const Diagnostic& found) { return matches(e, found); };
    if (std::ranges::any_of(error.diagnostics(), matched)) continue;
    failure += e.location.line == 0 ? fmt::format("no error holds `{}`\n", e.text)
                                    : fmt::format("no error at {}:{} holds `{}`\n", e.location.line,
                                                  e.location.column, e.text);
  }
  for (const Diagnostic& found : error.diagnostics()) {
    const auto matched = [&](const ExpectedError& e) { return matches(e, found); };
    if (std::ranges::any_of(expected, matched)) continue;
    failure += fmt::format("not expected: {}:{}: {}\n", found.location.line, found.location.column,
                           found.message);
  }
  return failure;
}

class FileTests {
 public:
  FileTests(std::string path, const TestOptions& options)
      : path_(std::move(path)), options_(options), original_(read_text_file(path_)) {}

  std::vector<TestResult> run() && {
    try {
      file_ = parse_test_file(original_, path_);
    } catch (const Error& error) {
      add(path_, [&] { return std::string(error.what()); });
      return std::move(results_);
    }
    if (!file_.errors.empty()) add(path_, [&] { return errors(); });
    if (file_.errors.empty() && has_text()) add(path_, [&] { return text(); });
    for (TestSection& section : file_.sections) {
      if (!section.is_values()) continue;
      add(fmt::format("{}:{}", path_, section.line), [&] { return values(section); });
    }
    const std::string updated = file_.text();
    if (updated != original_) write_file(path_, updated);
    return std::move(results_);
  }

 private:
  void add(const std::string& name, const std::function<std::string()>& test) {
    if (name.find(options_.filter) == std::string::npos) return;
    const auto start = std::chrono::steady_clock::now();
    TestResult result{path_, name, 0, {}};
    try {
      result.failure = test();
    } catch (const Error& error) {
      result.failure = escape_controls(error.what());
    }
    if (result.failure.ends_with('\n')) result.failure.pop_back();
    result.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    results_.push_back(std::move(result));
  }

  std::vector<TestSection>::iterator expected() {
    return std::ranges::find_if(file_.sections, &TestSection::is_expected);
  }
  // Without an expected text, values alone may be tested.
  bool has_text() {
    return expected() != file_.sections.end() ||
           std::ranges::none_of(file_.sections, &TestSection::is_values);
  }

  std::string errors() const {
    try {
      made_text(file_, path_);
    } catch (const Error& error) {
      return check_errors(file_.errors, error);
    }
    return "an error is expected, but there is none";
  }

  std::string text() {
    const std::string found = made_text(file_, path_);
    const auto section = expected();
    if (options_.update) {
      if (section != file_.sections.end()) {
        section->text = found;
        return {};
      }
      TestSection& graphs = file_.sections.front();
      if (!graphs.text.ends_with('\n')) graphs.text += '\n';
      file_.sections.insert(file_.sections.begin() + 1, {0, "// ---- expected\n", found});
      return {};
    }
    if (section == file_.sections.end()) {
      return "there is no line `// ---- expected`: `weft test --update` writes it and what follows";
    }
    return line_diff(section->text, found, options_.colour);
  }

  std::string values(TestSection& section) const {
    return check_values(file_, path_, section.text, options_.update);
  }

  std::string path_;
  const TestOptions& options_;
  std::string original_;
  TestFile file_;
  std::vector<TestResult> results_;
};

// Without characters that XML cannot hold: they, and bytes that are no UTF-8, become escapes.
std::string xml_text(std::string_view text) { return escape_markup(escape_controls(text)); }

}  // namespace

std::vector<std::string> test_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code none;
    if (!fs::is_directory(path, none)) {
      if (!fs::exists(path, none)) {
        throw UsageError(fmt::format("cannot read {}: there is no such file", path));
      }
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.path().extension() == ".ir") found.push_back(entry.path().string());
    }
    if (found.empty()) {
      throw UsageError(fmt::format("there is no file *.ir in {}", path));
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::vector<TestResult> run_test_file(const std::string& file, const TestOptions& options) {
  return FileTests(file, options).run();
}

std::string junit_xml(const std::vector<TestResult>& results) {
  double seconds = 0;
  for (const TestResult& result : results) seconds += result.seconds;
  const auto failed =
      std::ranges::count_if(results, [](const auto& r) { return !r.failure.empty(); });
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" time=\"{:.3f}\"",
                  results.size(), failed, seconds);
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n"
      "  <testsuite name=\"weft\" {0}>\n",
      counts);
  for (const TestResult& result : results) {
    xml += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                       xml_text(result.file), xml_text(result.name), result.seconds);
    if (result.failure.empty()) {
      xml += "/>\n";
      continue;
    }
    const std::string first = result.failure.substr(0, result.failure.find('\n'));
    xml += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                       xml_text(first), xml_text(result.failure));
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace weft
