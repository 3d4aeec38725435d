#pragma once

#include <optional>

#include "runtime/bind/source_keys.h"
#include "runtime/dtype/dtype.h"

namespace omap {

/// The dtype of a model: the float that most bytes of its floating-point tensors have, of those under the side's root;
/// of several with as many bytes the narrowest. Nothing if no tensor has a float that casts know.
[[nodiscard]] std::optional<Dtype> model_dtype(const SourceKeys& source);

/// A conversion's cast of the whole model: a tensor that would be written as `from`, the model's dtype, becomes `to`.
/// What differs from the model (float32 routers or norms in a bf16 model, integers), and what says its own dtype by
/// `as`, is left as it is.
struct ModelCast {
  Dtype from = Dtype::f32;
  Dtype to = Dtype::f32;
};

/// What a tensor that would be written as `dtype`, without an `as` of its own, is written as.
[[nodiscard]] inline Dtype cast_of(const std::optional<ModelCast>& cast, Dtype dtype) {
  return cast && cast->from == dtype ? cast->to : dtype;
}

}  // namespace omap
