// Checks of messages: what a call throws, and whether it says what it should.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "ir/diagnostic.h"

namespace weft {

// Of the Error that it throws, or "accepted".
std::string message_of(auto call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace weft

#define CHECK_CONTAINS(text, part)                 \
  do {                                             \
    const std::string whole_ = (text);             \
    INFO(whole_);                                  \
    CHECK(whole_.find(part) != std::string::npos); \
  } while (false)
