// The inputs and results of a plan's programs, by name: the one place that spells these names.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace weft {

namespace programs {

inline constexpr std::string_view kPredict = "predict";
inline constexpr std::string_view kTrain = "train";
inline constexpr std::string_view kLoad = "load";      // completes the states of `computed="load"`
inline constexpr std::string_view kFlush = "flush";    // completes what training has put off
inline constexpr std::string_view kEncode = "encode";  // makes the rows that @train and @head read
inline constexpr std::string_view kHead = "head";      // predicts from those rows, while training

// Symbols: how many texts and how many tokens a batch has; and windows, where long texts have them.
inline constexpr std::string_view kTexts = "B", kTokens = "T", kWindowCount = "W";

// Inputs. A program with %windows i32[B+1 -> W] has %offsets i32[W+1 -> T], of its windows.
inline constexpr std::string_view kIds = "ids", kOffsets = "offsets", kWindows = "windows",
                                  kTypes = "types", kRate = "rate", kLabels = "labels",
                                  kTargets = "targets";
// What a frozen encoder makes of texts, a row for each text or for each token: a result of @encode,
// and in the place of texts an input of @train and @head.
inline constexpr std::string_view kRows = "rows";
// Results.
inline constexpr std::string_view kLogits = "logits", kProbabilities = "probabilities",
                                  kLoss = "loss";
// Behind the name of a param: its gradient.
inline constexpr std::string_view kGradient = ".grad";

}  // namespace programs

enum class Presence : std::uint8_t {
  required,
  optional,     // a program that has no use for it leaves it out
  one_of,       // a program has exactly one of the inputs that are marked so
  unless_rows,  // required, but optional in a program that reads %rows
};

// An input or a result. In its type the symbol `K` stands for the number of logits of a text. The
// type of %rows is any f32[T, C] or f32[B, C].
struct ProgramPort {
  std::string_view name;
  TensorType type;
  Presence presence = Presence::required;
};

struct ProgramInterface {
  std::string_view name;
  std::vector<ProgramPort> inputs, results;
  bool writes = false;  // to params and states; those that answer write nothing
};

std::span<const ProgramInterface> program_interfaces();
const ProgramInterface* find_program_interface(std::string_view name);  // null: no caller knows it

// The type that the table gives an input of a graph, beside the inputs that it has: %windows comes
// before %offsets; and an input of that name and type declared in it. `width`: what `K` is.
TensorType input_type(const Graph&, std::string_view name, std::int64_t width = 1);
ValueId declare_input(Graph&, std::string_view name, std::int64_t width = 1);

bool has_input(const Graph&, std::string_view name);

// Error if the program lacks what its callers bind or read, has it of another type, or has an input
// or a symbol that nobody gives a value.
void check_interface(const ProgramInterface&, const Graph&, std::int64_t width);

}  // namespace weft
