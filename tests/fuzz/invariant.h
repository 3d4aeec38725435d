#pragma once

#include <string_view>

#include "runtime/plan/plan.h"

namespace omap::fuzz {

/// Ends the program where something does not hold that holds for every input: to a fuzzer that is a crash, and to a
/// test a failure.
void require(bool holds, std::string_view what);

/// What holds for every plan, wherever it comes from: `verify` accepts it, and the same of its inverse; its JSON is
/// read as the same plan and written as the same text.
void require_sound(const Plan& plan);

}  // namespace omap::fuzz
