// `weft opt` and `weft passes`: the passes from the command line.
#pragma once

#include <string>
#include <string_view>

#include "passes/pass.h"

namespace weft {

// Runs the comma list of passes over every program of an IR text and returns the text of the
// results, the passes' notes above each as `// note: …`. Error for a bad text, list or program.
std::string optimize_text(std::string_view text, std::string_view file, std::string_view passes,
                          const PipelineOptions& = {});

// The tables of passes and pipelines, one line each.
std::string describe_passes();

}  // namespace weft
