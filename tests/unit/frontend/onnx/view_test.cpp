// Numbers that depend on the batch, and views of rows: what exporters compute on shapes.
#include "frontend/onnx/view.h"

#include <doctest/doctest.h>

#include "frontend/onnx/number.h"

namespace weft::onnx {
namespace {

const Number kBatch = Number::named("batch"), kLength = Number::named("length");

TEST_CASE("onnx numbers: sums and products of sizes") {
  CHECK(Number(2) + Number(3) == Number(5));
  CHECK(kLength + Number(2) - Number(2) == kLength);
  CHECK(kLength - kLength == Number(0));
  CHECK(kBatch * kLength == kLength * kBatch);
  CHECK((kBatch * kLength) * Number(2) == Number(2) * kLength * kBatch);
  CHECK((kLength - Number(1)) * Number(1) == kLength - Number(1));
  CHECK((kLength - Number(1)) * kBatch == kBatch * (kLength - Number(1)));
  CHECK(kLength * Number(0) == Number(0));
  CHECK(to_string(kLength * Number(2) - Number(1)) == "2 length - 1");
}

TEST_CASE("onnx numbers: quotients are whole where integers are divided") {
  CHECK(divide(7, 2, true) == Number(3));
  CHECK(divide(-7, 2, true) == Number(-3));
  CHECK(divide(7, 2, false) == Number(3.5));
  CHECK(divide(kLength, kLength, true) == Number(1));
  CHECK(divide(kLength * Number(4), 2, true) == kLength * Number(2));
  CHECK(divide(kLength, 2, true) == divide(kLength, 2, true));
  CHECK(divide(kLength, 2, true) != divide(kLength, 3, true));
}

TEST_CASE("onnx numbers: comparisons that hold for all sizes, which are at least 1") {
  CHECK(is_less(1, 2) == true);
  CHECK(is_less(2, 2) == false);
  CHECK(is_less(0, kLength) == true);
  CHECK(is_less(kLength, 1) == false);
  CHECK(is_less(kLength, kLength + Number(1)) == true);
  CHECK_FALSE(is_less(1, kLength).has_value());
  CHECK_FALSE(is_less(kLength, 5).has_value());
  CHECK(is_equal(kLength, -1) == false);
  CHECK(is_equal(kLength, kLength) == true);
  CHECK_FALSE(is_equal(kLength, kBatch).has_value());
}

TEST_CASE("onnx numbers: a long chain of arithmetic has a short text") {
  Number n = kLength + Number(1);
  for (int i = 0; i < 100; ++i) n = n * n;
  CHECK(to_string(n).size() < 1000);
  Number product = kLength;
  for (int i = 0; i < 100; ++i) product = product * product;
  CHECK(product.symbol.size() < 1000);
}

std::string reshaped(const View& from, const std::vector<Number>& shape) {
  View to;
  return reshape(from, shape, to) ? to_string(to) : "refused";
}

TEST_CASE("onnx views: heads are cut from features, and joined again") {
  const View rows = {batch_axis(kBatch), time_axis(kLength), feature_axis(12)};
  View heads;
  REQUIRE(reshape(rows, {kBatch, kLength, 3, 4}, heads));
  CHECK(heads[2] == feature_axis(3, 4));
  CHECK(heads[3] == feature_axis(4));
  View again;
  REQUIRE(reshape(heads, {kBatch, kLength, -1}, again));
  CHECK(is_whole(again[2], 12));
  std::swap(heads[2], heads[3]);  // [batch, length, 4, 3]: other columns side by side
  REQUIRE(reshape(heads, {kBatch, kLength, 12}, again));
  CHECK_FALSE(is_whole(again[2], 12));
}

TEST_CASE("onnx views: batch and heads are one dimension for a while") {
  const View view = {batch_axis(kBatch), feature_axis(3, 4), time_axis(kLength), feature_axis(4)};
  View joined, back;
  REQUIRE(reshape(view, {kBatch * Number(3), kLength, 4}, joined));
  REQUIRE(reshape(joined, {kBatch, 3, kLength, 4}, back));
  CHECK(back == view);
  REQUIRE(reshape(view, {-1, kLength, 4}, joined));
  CHECK(to_string(joined) == "[3 batch, length, 4]");
}

TEST_CASE("onnx views: sizes of 1 come and go, and lengths are never mixed with features") {
  const View rows = {batch_axis(1), time_axis(9), feature_axis(12)};
  CHECK(reshaped(rows, {9, 12}) == "[9, 12]");
  CHECK(reshaped(rows, {1, 9, 1, 12}) == "[1, 9, 1, 12]");
  CHECK(reshaped(rows, {-1}) == "[108]");  // no op takes such an axis for features
  CHECK(reshaped(rows, {9, 5}) == "refused");
  CHECK(reshaped(rows, {3, 3, 12}) == "refused");
  CHECK(reshaped({batch_axis(kBatch), time_axis(kLength)}, {kBatch, 9}) == "refused");
  View flat;
  REQUIRE(reshape(rows, {1, -1}, flat));
  CHECK_FALSE(is_whole(flat[1], 12));
  CHECK_FALSE(is_only(flat[1], Factor::Kind::feature));
}

}  // namespace
}  // namespace weft::onnx
