// The entry point of the test binary; every tests/unit/*_test.cpp registers itself.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
