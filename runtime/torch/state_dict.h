#pragma once

#include <ATen/core/Dict.h>
#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"

namespace omap {

/// Tensors by key, in the order in which they came. Keys are unique. It holds handles: copying it copies no elements,
/// and a tensor that somebody else holds too is shared with them. A value; threads may read one at the same time.
class StateDict {
 public:
  using Entry = std::pair<std::string, at::Tensor>;

  StateDict() = default;
  /// A key that stands twice is an error (OM7001), and so is an undefined tensor (OM7002).
  [[nodiscard]] static Result<StateDict> from(std::vector<Entry> entries);
  /// In the order of the dictionary.
  [[nodiscard]] static Result<StateDict> from(const c10::Dict<std::string, at::Tensor>& dict);

  /// Puts a tensor behind the others.
  [[nodiscard]] Result<void> insert(std::string key, at::Tensor tensor);

  /// The tensor of a key, or null. Valid until the dictionary changes.
  [[nodiscard]] const at::Tensor* find(std::string_view key) const;
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

  /// Throws std::bad_alloc, as copying the dictionary may.
  [[nodiscard]] c10::Dict<std::string, at::Tensor> to_dict() const;
  /// The entries themselves; the dictionary is empty afterwards.
  [[nodiscard]] std::vector<Entry> take_entries() &&;

 private:
  [[nodiscard]] Result<void> insert_or_throw(std::string key, at::Tensor tensor);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> by_key_;
};

}  // namespace omap
