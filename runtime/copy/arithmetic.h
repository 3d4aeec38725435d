#pragma once

#include <span>

#include "runtime/copy/computation.h"

namespace omap {

/// values[i] = values[i] op operands[i], each rounded to the type. `operands` are as many.
void apply(ValueStep::Op op, std::span<float> values, std::span<const float> operands);
void apply(ValueStep::Op op, std::span<double> values, std::span<const double> operands);
/// values[i] = values[i] op operand.
void apply(ValueStep::Op op, std::span<float> values, float operand);
void apply(ValueStep::Op op, std::span<double> values, double operand);

}  // namespace omap
