#pragma once

#include <string>
#include <string_view>

#include "compiler/driver/console.h"
#include "compiler/driver/exit_code.h"
#include "runtime/run/comparison.h"

namespace omap::driver {

/// Prints how checkpoints differ, which are called `a` and `b`: for people 20 differences of each kind, for tools all.
/// `elements` says as what elements were compared. Returns `done` if they do not differ, else `wrong_input`; that of
/// two without any tensor is an error.
[[nodiscard]] ExitCode print_comparison(const Console& console, const Comparison& found, const std::string& a,
                                        const std::string& b, std::string_view elements = "bits");

}  // namespace omap::driver
