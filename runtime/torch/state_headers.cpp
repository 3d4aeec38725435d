#include "runtime/torch/state_headers.h"

#include <ATen/ATen.h>

#include "runtime/torch/no_throw.h"
#include "runtime/torch/scalar_type.h"

namespace omap {
namespace {

Result<TensorInfo> header_of(const std::string& key, const at::Tensor& tensor) {
  if (tensor.layout() != c10::Layout::Strided || tensor.is_quantized() || tensor.is_nested()) {
    return fail(Diagnostic(Code::tensor_unsupported, "`{}` is not strided memory, but {}", key,
                           tensor.is_quantized() ? "quantised" : "sparse, nested or opaque")
                    .help("convert it to a dense tensor first: `to_dense()`, `dequantize()`"));
  }
  TensorInfo info;
  info.key = key;
  info.dtype = dtype_of(tensor.scalar_type());
  info.shape = tensor.sizes().vec();
  if (!tensor.is_contiguous()) info.strides = tensor.strides().vec();
  info.bytes = {0, 0, static_cast<std::uint64_t>(tensor.nbytes())};
  return info;
}

}  // namespace

TensorIndex keys_of(const StateDict& state) {
  std::vector<TensorInfo> tensors(state.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].key = state.entries()[i].first;
  return TensorIndex({"state dict"}, std::move(tensors));
}

at::Tensor plain(const at::Tensor& tensor) {
  at::Tensor made = tensor.detach();
  if (made._is_zerotensor()) return at::zeros_like(made);
  return made.resolve_conj().resolve_neg();
}

const std::byte* elements_of(const at::Tensor& tensor) {
  const auto pointer = [](const auto& t) -> const void* {
    if constexpr (requires { t.const_data_ptr(); }) {
      return t.const_data_ptr();
    } else {
      return t.data_ptr();
    }
  };
  return static_cast<const std::byte*>(pointer(tensor));
}

Result<TensorIndex> headers_of(const StateDict& state) {
  return no_throw([&]() -> Result<TensorIndex> {
    std::vector<TensorInfo> tensors;
    tensors.reserve(state.size());
    Diagnostics problems;
    for (const auto& [key, tensor] : state) {
      auto header = header_of(key, tensor);
      if (header) {
        tensors.push_back(std::move(*header));
      } else {
        problems.insert(problems.end(), header.error().begin(), header.error().end());
      }
    }
    if (!problems.empty()) return fail(std::move(problems));
    return TensorIndex({"state dict"}, std::move(tensors));
  });
}

}  // namespace omap
