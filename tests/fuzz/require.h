#pragma once

#include <string_view>

namespace omap::fuzz {

/// Ends the program where something does not hold that holds for every input: to a fuzzer that is a crash, and to a
/// test a failure.
void require(bool holds, std::string_view what);

}  // namespace omap::fuzz
