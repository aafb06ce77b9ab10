// Labelled texts as a caller in C gives them, checked: labels by number or by name.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <type_traits>

#include "runtime/weft_session.h"

namespace weft::c {

template <class Label>  // int32_t or const char*
struct LabelledTexts {
  Texts texts, pairs;  // pairs.texts null: there are none
  size_t count;
  const Label* labels;
  const int64_t* offsets;  // null: each text has one label

  TextInput input(size_t i) const {
    TextInput input{texts.at(i)};
    if (pairs.texts != nullptr) input.pair = pairs.at(i);
    return input;
  }

  std::span<const Label> labels_of(size_t i) const {
    if (offsets == nullptr) return {labels + i, 1};
    return {labels + offsets[i], labels + offsets[i + 1]};
  }

  weft_status check() const {
    weft_status status = check_texts(texts, pairs.texts == nullptr ? nullptr : &pairs, count);
    if (status == WEFT_OK && offsets != nullptr) status = check_offsets(offsets, count, "labels");
    if (status != WEFT_OK) return status;
    const size_t all = offsets == nullptr ? count : static_cast<size_t>(offsets[count]);
    if (all == 0) return WEFT_OK;
    if (labels == nullptr) return fail(WEFT_BAD_ARGUMENT, "there are no labels");
    if constexpr (std::is_pointer_v<Label>) {
      const auto* const null = std::find(labels, labels + all, nullptr);
      if (null != labels + all) {
        return fail(WEFT_BAD_ARGUMENT, fmt::format("labels[{}] is null", null - labels));
      }
    }
    return WEFT_OK;
  }
};

}  // namespace weft::c
