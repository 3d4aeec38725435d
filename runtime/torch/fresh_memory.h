#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omap {

/// A dense tensor on the CPU, not initialised. Where memory is fresh, its pages cost more than the bytes that go into
/// them: the system clears each when it is first touched. So one of 2 MiB and more lies on huge pages as far as it
/// fills them; up to 64 MiB it begins on one, for which its memory is not the allocator's own: LibTorch will not resize
/// it. Huge pages are advice: where the system does not take it, everything works the same.
[[nodiscard]] at::Tensor empty_on_huge_pages(const std::vector<std::int64_t>& shape, const at::TensorOptions& options,
                                             std::uint64_t bytes);

}  // namespace omap
