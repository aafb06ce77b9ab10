// The most fp32 multiply-adds that one core of this machine does.
#pragma once

namespace weft {

double multiply_add_peak();  // operations in a second, two to a multiply-add; the best of some runs

}  // namespace weft
