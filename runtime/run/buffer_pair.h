#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace omap {

/// Two buffers of one worker, one allocation, not initialised.
class BufferPair {
 public:
  BufferPair(std::uint64_t first, std::uint64_t second)
      : bytes_(std::make_unique_for_overwrite<std::byte[]>(first + second)),
        first_(bytes_.get(), first),
        second_(bytes_.get() + first, second) {}

  [[nodiscard]] std::span<std::byte> first() const { return first_; }
  [[nodiscard]] std::span<std::byte> second() const { return second_; }

 private:
  std::unique_ptr<std::byte[]> bytes_;
  std::span<std::byte> first_;
  std::span<std::byte> second_;
};

/// One pair for each of `workers`.
[[nodiscard]] inline std::vector<BufferPair> buffer_pairs(unsigned workers, std::uint64_t first, std::uint64_t second) {
  std::vector<BufferPair> pairs;
  for (unsigned worker = 0; worker < workers; ++worker) pairs.emplace_back(first, second);
  return pairs;
}

}  // namespace omap
