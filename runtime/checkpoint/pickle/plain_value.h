#pragma once

#include <optional>

#include "runtime/checkpoint/pickle/pickle.h"
#include "runtime/json/value.h"

namespace omap {

/// The value that a pickle holds, where JSON has it: none, booleans, integers of 64 bits, floats, texts, lists, tuples
/// (as lists), and dicts of these by texts or integers (as objects, of names in decimal). Floats without a number are
/// the texts `inf`, `-inf` and `nan`, as Python spells them. Nothing for other values, and for those that nest or hold
/// more than the settings of a training run do: values may be shared, or contain themselves.
[[nodiscard]] std::optional<Value> plain_value(PickleValue value);

}  // namespace omap
