// Tables that are kept as codes, and fastText's sigmoid: numbers worked out by hand.
#include <doctest/doctest.h>

#include <cmath>

#include "ir/diagnostic.h"
#include "tests/support/sample.h"

namespace weft {
namespace {

// Number d of code c is c * 10 + d.
Numbers codebook(int width) {
  Numbers book;
  for (int code = 0; code < 256; ++code) {
    for (int d = 0; d < width; ++d) book.push_back(code * 10 + d);
  }
  return book;
}

const std::string kTable =
    "input %ids : i32[T]\n input %table : i8[3, 3]\n input %book : f32[256, 5]\n";

TEST_CASE("quantized_embedding: each part of a row is a vector of the code book") {
  // The codes are counted from -128: row 0 is 0, 1, 255; row 1 is 128, 2, 3; row 2 is 7, 7, 7.
  const Numbers table{-128, -127, 127, 0, -126, -125, -121, -121, -121};
  const SampleSizes sizes{{2}};
  check_numbers(run_sample(kTable + "%y = quantized_embedding(%ids, %table, %book, _, _) part=2",
                           {sizes, {{"ids", {1, 0}}, {"table", table}, {"book", codebook(5)}}})[0],
                {1280, 1281, 22, 23, 34, 0, 1, 12, 13, 2554});
  Numbers factors(256, 1.0);
  factors[0] = 0.5, factors[255] = -2;
  check_numbers(run_sample(kTable + "input %norms : i8[3]\n input %factors : f32[256]\n"
                                    "%y = quantized_embedding(%ids, %table, %book, %norms, "
                                    "%factors) part=2",
                           {sizes,
                            {{"ids", {2, 1}},
                             {"table", table},
                             {"book", codebook(5)},
                             {"norms", {0, -128, 127}},
                             {"factors", factors}}})[0],
                {-140, -142, -144, -146, -148, 640, 640.5, 11, 11.5, 17});
  check_numbers(run_sample("input %table : i8[2, 2]\n input %book : f32[256, 4]\n"
                           "%y = dequantize(%table, %book, _, _) part=3",
                           {{}, {{"table", {-127, -126, -125, -128}}, {"book", codebook(4)}}})[0],
                {10, 11, 12, 23, 30, 31, 32, 3});
}

TEST_CASE("quantized_embedding: tables and code books that do not fit are named") {
  const auto refuses = [](const std::string& line, const char* message) {
    CHECK_THROWS_WITH_AS(sample_program(kTable + line), doctest::Contains(message), Error);
  };
  refuses("%y = quantized_embedding(%ids, %table, %book, _, _) part=3",
          "table is i8[3, 3] and part=3, but codebook is f32[256, 5]");
  refuses("%y = quantized_embedding(%ids, %table, %book, _, _) part=0", "part");
  refuses("%y = quantized_embedding(%ids, %table, %book, _, _) part=6", "part=6");
  refuses("input %n : i8[3]\n%y = quantized_embedding(%ids, %table, %book, %n, _) part=2",
          "norms and their code book go together");
  refuses(
      "input %n : i8[2]\n input %f : f32[256]\n"
      "%y = quantized_embedding(%ids, %table, %book, %n, %f) part=2",
      "norms is i8[2]");
  refuses("input %b : f32[255, 5]\n%y = quantized_embedding(%ids, %table, %b, _, _) part=2",
          "codebook is f32[255, 5]");
}

TEST_CASE("table_sigmoid: in steps of a 32nd, and certain beyond 8") {
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  check_numbers(run_sample("input %x : f32[N, 1]\n %y = table_sigmoid(%x)",
                           {{{}, 8}, {{"x", {0, 0.03, 0.04, -0.01, 8, 8.01, -8, -8.01}}}})[0],
                {0.5, 0.5, sigmoid(1.0 / 32), sigmoid(-1.0 / 32), sigmoid(8), 1, sigmoid(-8), 0});
}

}  // namespace
}  // namespace weft
