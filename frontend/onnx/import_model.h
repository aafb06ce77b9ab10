// An ONNX file of a text classifier as a plan.
#pragma once

#include <string>
#include <vector>

#include "ir/plan/plan.h"
#include "passes/compile.h"

namespace weft {

struct OnnxOptions {
  std::string tokenizer = {};            // a folder with its files; empty: texts are ids, `12 7 45`
  std::vector<std::string> labels = {};  // empty: label0, label1 …
  std::string output = {};   // of the graph, that holds the logits; empty: `logits` or the first
  bool pair = false;         // texts are pairs, told apart by the input of token types
  bool multi_label = false;  // else so if the model ends with a sigmoid
};

// True for what is called NAME.onnx, in upper or lower case, if it is not a folder, and for a file
// of another name that begins as exporters begin an ONNX file.
bool is_onnx_file(const std::string& path);

// A plan that predicts as the model does for a batch of one text, without padding: a mask of
// padding among its inputs is taken as full. A note of the plan says what else is assumed. Error,
// naming the file, if it is no ONNX model; one that names all ops, or all nodes, that weft has no
// way to compute.
Plan import_onnx(const std::string& path, const OnnxOptions&, const CompileOptions& = {});

}  // namespace weft
