#include "runtime/checkpoint/write_behind.h"

#include <fcntl.h>

#include <algorithm>

namespace omap {
namespace {

/// Large enough for a disk to be busy with, small enough not to wait for at the end.
constexpr std::uint64_t window = 8 << 20;
/// A window counts as full without so many bytes: headers and padding do not come by here.
constexpr std::uint64_t slack = 64 << 10;

}  // namespace

WriteBehind::WriteBehind(std::uint64_t size) : missing_((size + window - 1) / window) {
  for (std::size_t i = 0; i < missing_.size(); ++i) missing_[i] = std::min(window, size - i * window);
}

void WriteBehind::wrote(int fd, std::uint64_t offset, std::uint64_t size) {
  while (size > 0) {
    const std::uint64_t at = offset / window;
    const std::uint64_t here = std::min(size, (at + 1) * window - offset);
    const std::uint64_t before = missing_[at].fetch_sub(here);
    if (before > slack && before - here <= slack) {
      ::sync_file_range(fd, static_cast<off_t>(at * window), static_cast<off_t>(window), SYNC_FILE_RANGE_WRITE);
    }
    offset += here;
    size -= here;
  }
}

}  // namespace omap
