#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/tensor_index.h"
#include "runtime/plan/plan.h"

namespace omap {

/// What the keys of a side begin with in a checkpoint of a format, and keys in rules do not.
[[nodiscard]] std::string root_in(const SideDeclaration& side, std::string_view format);

/// The keys of a checkpoint as rules see them: those under the side's root, without it.
/// Refers to the index, which has to outlive it.
class SourceKeys {
 public:
  SourceKeys(const TensorIndex& index, std::string root) : index_(&index), root_(std::move(root)) {}

  [[nodiscard]] const TensorIndex& index() const { return *index_; }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view key) const;
  /// The key of a tensor as rules see it, or nothing if it lies outside the root.
  [[nodiscard]] std::optional<std::string_view> key(std::uint32_t tensor) const;

 private:
  const TensorIndex* index_;
  std::string root_;
};

}  // namespace omap
