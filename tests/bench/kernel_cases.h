#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "runtime/copy/computation.h"

namespace omap {

/// A view of a tensor of `shape`, of which a dense tensor is made.
struct CopyCase {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::function<at::Tensor(const at::Tensor&)> view;
};

/// Each of them moves about so many bytes.
[[nodiscard]] std::vector<CopyCase> copy_cases(std::int64_t bytes);

struct ComputeCase {
  std::string name;
  Computation computation;
  at::ScalarType from, to;
  std::int64_t elements = 0;
  /// What a program that has LibTorch alone would write.
  std::function<void(const at::Tensor& from, const at::Tensor& to)> peer;
};

[[nodiscard]] std::vector<ComputeCase> compute_cases(std::int64_t bytes);

}  // namespace omap
