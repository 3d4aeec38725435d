#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/bind/copy_program.h"

namespace omap {

/// A destination in memory, and what it is made of.
struct MemoryFill {
  const CopyProgram& program;
  const Destination& destination;
  /// The first element of each source tensor, by place in the TensorIndex; of one that has none, nothing is read.
  std::span<const std::byte* const> sources;
};

/// What computed elements pass through, at least.
inline constexpr std::size_t min_staging_bytes = 4096;

/// Makes the bytes [begin, end) of a destination from sources in memory; `out` is where `begin` goes. `staging` is for
/// elements that are computed. What is only moved is written past the caches: the destination is as large as a model,
/// and its memory mostly fresh. Intervals of one destination may be filled at once, by several threads, each with its
/// own staging.
void fill_interval(const MemoryFill& fill, std::uint64_t begin, std::uint64_t end, std::byte* out,
                   std::span<std::byte> staging);

}  // namespace omap
