#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace omap {

/// Has the storage begin on what was written before all of it is: a file is seen as windows, and each is handed over as
/// soon as it is full. What is left to wait for at the end is then the last windows, not the file.
/// Only advice: it makes nothing durable, and where a file system does not take it, nothing is lost.
/// `wrote` may be called from many threads at once.
class WriteBehind {
 public:
  /// `size` is the file's, in bytes.
  explicit WriteBehind(std::uint64_t size);

  /// Bytes [offset, offset + size) of the file `fd` are written now, each byte for the first time.
  void wrote(int fd, std::uint64_t offset, std::uint64_t size);

 private:
  /// Bytes that windows still wait for.
  std::vector<std::atomic<std::uint64_t>> missing_;
};

}  // namespace omap
