// What the fuzz targets share. A target defines `fuzz`, which may return or throw weft's Error:
// whatever else leaves it, or stops the process, is a fault of weft.
#pragma once

#include <string>
#include <string_view>

#include "ir/plan/plan.h"

namespace weft::fuzz {

void fuzz(std::string_view input);  // by each target

// A file that holds the input: one for each process, in memory, written anew by each call.
std::string file_with(std::string_view content, std::string_view name = "input");
std::string folder();  // in which these lie

// The same plan file with the checksums of its header, its structure and its segments made right,
// so that what lies behind them is reached. Too short a file stays as it is.
std::string mended_plan(std::string_view file);
// A checkpoint likewise, and the plans in it.
std::string mended_checkpoint(std::string_view file);

// Predicts no, one and many texts and trains a step, where the plan is of a size that tests take.
void use(const Plan& plan);

}  // namespace weft::fuzz
