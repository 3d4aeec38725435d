#include "compiler/driver/cast_dtype.h"

#include "runtime/dtype/element.h"

namespace omap::driver {

std::optional<Dtype> parse_cast_dtype(std::string_view text) {
  const auto dtype = dtype_from_text(text);
  return dtype && can_encode(*dtype) ? dtype : std::nullopt;
}

}  // namespace omap::driver
