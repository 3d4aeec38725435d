#pragma once

#include <cstddef>
#include <cstdint>

namespace omap {

/// `memcpy` past the caches, but for the lines that the bytes do not fill. For destinations that no cache holds and
/// that nobody reads soon; what is written is ordered with other stores after `end_stream`.
void stream_bytes(std::uint64_t bytes, const std::byte* src, std::byte* dst);
void end_stream();

}  // namespace omap
