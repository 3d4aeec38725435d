#pragma once

#include <filesystem>

#include "diagnostics/diagnostic.h"

namespace omap::driver {

/// A directory of its own under $TMPDIR, or /tmp, that is removed with all that is in it.
class TemporaryDirectory {
 public:
  [[nodiscard]] static Result<TemporaryDirectory> make();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace omap::driver
