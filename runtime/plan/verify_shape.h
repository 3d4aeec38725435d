#pragma once

#include "diagnostics/source_range.h"
#include "runtime/plan/place.h"
#include "runtime/plan/shape.h"
#include "runtime/plan/verification.h"

namespace omap {

void verify_shape(Verification& verification, const Shape& shape, SourceRange range, const Place& place);

}  // namespace omap
