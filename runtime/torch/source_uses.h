#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "runtime/bind/copy_program.h"

namespace omap {

/// The source tensors of a run, each held until the last destination that reads it is done, if they are to be released
/// at all. For several threads.
class SourceUses {
 public:
  SourceUses(const CopyProgram& program, std::vector<at::Tensor> sources, bool release);

  /// While a destination that reads it is not done.
  [[nodiscard]] const at::Tensor& tensor(std::uint32_t source) const { return sources_[source]; }
  [[nodiscard]] std::size_t size() const { return sources_.size(); }
  /// The sources that a destination reads, each once.
  [[nodiscard]] const std::vector<std::uint32_t>& of(std::size_t destination) const { return read_by_[destination]; }

  /// Whether a destination may have the memory of a source for its own: the source is to be released, its memory is
  /// LibTorch's own and nobody else holds it, and no other destination reads it.
  [[nodiscard]] bool can_take(std::uint32_t source) const;

  /// Destination number `destination` reads nothing any more. What is released goes back to the system, also where the
  /// allocator would keep it: for memory that a state of a model's size leaves, nothing else of a program may ever ask.
  void done(std::size_t destination);

 private:
  std::vector<at::Tensor> sources_;
  std::vector<std::vector<std::uint32_t>> read_by_;
  bool release_;
  std::mutex mutex_;
  std::vector<std::uint32_t> uses_;
  /// Bytes released since memory was last given back.
  std::uint64_t released_ = 0;
};

}  // namespace omap
