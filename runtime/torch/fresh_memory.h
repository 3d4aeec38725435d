#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omap {

// Where memory is fresh, its pages cost more than the bytes that go into them: the system clears each when it is first
// touched. All of this is advice: where the system does not take it, everything works the same.

/// A dense tensor on the CPU, not initialised. One of 2 MiB and more lies on huge pages as far as it fills them; up to
/// 64 MiB it begins on one, for which its memory is not the allocator's own: LibTorch will not resize it.
[[nodiscard]] at::Tensor empty_on_huge_pages(const std::vector<std::int64_t>& shape, const at::TensorOptions& options,
                                             std::uint64_t bytes);

/// Asks for the pages of what is written next all at once, instead of by a fault for each.
void populate(const std::byte* begin, std::uint64_t bytes);

}  // namespace omap
