#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace omap {

/// An open file, closed at the end of its life.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What an `errno` means: `No such file or directory`.
[[nodiscard]] std::string errno_text(int error);

/// Reads until `out` is full or the file ends: the bytes read, or an `errno`.
[[nodiscard]] tl::expected<std::size_t, int> read_at(int fd, std::uint64_t offset, std::span<std::byte> out);
/// Writes all of `bytes`: 0, or an `errno`.
[[nodiscard]] int write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace omap
