#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "runtime/bind/copy_program.h"

namespace omap {

/// An interval of a destination's bytes, for one thread to fill.
struct DestinationPart {
  std::size_t destination = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Hands out the bytes of destinations to threads, in order, in parts of `part_bytes`: one destination after another,
/// so that no more of them are begun and not done than there are threads, and one more.
class DestinationQueue {
 public:
  using Begin = std::function<std::uint64_t(std::size_t destination)>;
  using Done = std::function<void(std::size_t destination)>;

  /// `order` are places in `program.destinations`. `begin` is called before the first part of a destination is handed
  /// out, one call at a time, and says how many bytes that part has, from 1 to `part_bytes`; `done` after its last part
  /// was finished.
  DestinationQueue(const CopyProgram& program, std::span<const std::size_t> order, std::uint64_t part_bytes,
                   Begin begin, Done done);

  [[nodiscard]] std::optional<DestinationPart> next();
  void finish(const DestinationPart& part);

 private:
  const CopyProgram& program_;
  std::span<const std::size_t> order_;
  std::uint64_t part_bytes_;
  Begin begin_;
  Done done_;
  std::mutex mutex_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
  /// Of the next part.
  std::uint64_t bytes_ = 0;
  /// By destination: parts that are not finished yet.
  std::vector<std::uint64_t> unfinished_;
};

}  // namespace omap
