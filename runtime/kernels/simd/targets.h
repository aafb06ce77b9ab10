// For which instruction sets the loops are compiled. Each file of loops includes this before
// <hwy/foreach_target.h>.
#pragma once

// Loops keep vectors in arrays and structs. Those of SVE and RVV have no known size and cannot be
// there: 64-bit ARM has NEON. SSSE3 is left out as processors without SSE4 are rare.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
