// The entry point of the test binary; every *_test.cpp registers itself.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <string_view>

#include "tests/support/golden.h"

bool& weft::update_golden() {
  static bool update = false;
  return update;
}

int main(int argc, char** argv) {
  // `weft_tests --update-golden` writes what descriptions make now over the expected text.
  weft::update_golden() =
      std::any_of(argv, argv + argc, [](std::string_view a) { return a == "--update-golden"; });
  return doctest::Context(argc, argv).run();
}
