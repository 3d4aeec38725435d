#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/plan/plan.h"

namespace omap {

/// The canonical JSON of a plan that `verify` accepts: one text for one plan (docs/plan-format.md).
[[nodiscard]] std::string write_plan(const Plan& plan);

/// A plan that `verify` accepts, from a text that nobody vouches for. `subject` names the text in errors.
[[nodiscard]] Result<Plan> read_plan(std::string_view text, std::string_view subject);

/// What a plan may name in `requires`: a program without it would convert something else.
inline constexpr std::string_view values_feature = "values";  ///< `ops`, `as`, `fill`
inline constexpr std::string_view same_feature = "same";      ///< `sames`
inline constexpr std::string_view ignored_params_feature =
    "ignored_params";  ///< config lines that ignore a param's paths
/// Those that a plan needs, sorted.
[[nodiscard]] std::vector<std::string_view> required_features(const Plan& plan);

/// `format` and the greatest `version` that is read, and the one that is written.
inline constexpr std::string_view plan_format = "omap.plan";
inline constexpr std::int64_t plan_version = 1;

}  // namespace omap
