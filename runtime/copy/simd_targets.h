#pragma once

/// Which instruction sets the kernels are compiled for; Highway picks one of them when the program runs. Include it
/// before Highway.
///
/// Not those whose vectors have no size when they are compiled, as the kernels keep arrays of them: such processors
/// take NEON. Nor SSE4, which has nothing that the kernels would use beyond SSSE3.
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
