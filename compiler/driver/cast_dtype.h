#pragma once

#include <optional>
#include <string_view>

#include "runtime/dtype/dtype.h"

namespace omap::driver {

/// The dtype that `--dtype` names, in any spelling that mappings know: a float that can be cast to.
[[nodiscard]] std::optional<Dtype> parse_cast_dtype(std::string_view text);

/// What `--dtype` takes.
inline constexpr const char* cast_dtype_usage = "--dtype takes bf16, f16, f32, f64, f8_e4m3 or f8_e5m2";

}  // namespace omap::driver
