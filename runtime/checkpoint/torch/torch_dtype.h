#pragma once

#include <optional>
#include <string_view>

#include "runtime/dtype/dtype.h"

namespace omap {

/// The element type of `torch.bfloat16`, if checkpoints here can hold it. `float4_e2m1fn_x2` is `f4`: a byte of two.
[[nodiscard]] std::optional<Dtype> dtype_of_torch(std::string_view name);

/// The element type of `torch.BFloat16Storage`, as `torch.save` names the types that are older than PyTorch 2.1.
[[nodiscard]] std::optional<Dtype> dtype_of_storage(std::string_view name);

/// How PyTorch names an element type: `torch.NAME`, and `torch.STORAGEStorage` if it has a class of storages.
struct TorchType {
  std::string_view name;
  /// `BFloat16Storage`; empty for types that are newer than these classes.
  std::string_view storage;
};
/// Nothing for element types that PyTorch does not have.
[[nodiscard]] std::optional<TorchType> torch_type_of(Dtype dtype);

/// A storage whose size is in bytes: its tensors say what they hold.
inline constexpr std::string_view untyped_storage = "torch.storage.UntypedStorage";

/// Whether PyTorch has a dtype or a class of storages of this name, known here or not.
[[nodiscard]] bool is_torch_dtype(std::string_view name);
[[nodiscard]] bool is_torch_storage(std::string_view name);

}  // namespace omap
