// The flags of commands that measure how long a plan takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/cli/command.h"
#include "runtime/resources/threads.h"

namespace weft {

// `settings` has the members batch, threads and seconds; `of`: what takes so many seconds.
template <class Settings>
void declare_measurement(CLI::App& app, std::string& plan, std::vector<std::string>& data,
                         Settings& settings, const std::string& of) {
  app.add_option("PLAN", plan, "a plan")->required();
  declare_data(app, "--data", data, "labelled texts to measure on")->required();
  app.add_option("--batch", settings.batch, "texts in a request")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 20));
  app.add_option("--threads", settings.threads,
                 "threads of a request; 0: all that this process may use")
      ->check(CLI::Range(0, kMaxThreads))
      ->capture_default_str();
  app.add_option("--seconds", settings.seconds, "time of each " + of)
      ->capture_default_str()
      ->check(within(0.001, 3600.0));
}

}  // namespace weft
