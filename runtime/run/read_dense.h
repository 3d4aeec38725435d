#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_reader.h"

namespace omap {

/// Fills `out` with the bytes of a tensor from `offset` on, as if it were dense and in one piece.
[[nodiscard]] Result<void> read_dense(const CheckpointReader& reader, const TensorInfo& tensor, std::uint64_t offset,
                                      std::span<std::byte> out);

}  // namespace omap
