#include "compiler/driver/temporary_directory.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace omap::driver {

namespace fs = std::filesystem;

Result<TemporaryDirectory> TemporaryDirectory::make() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  std::string path = (parent / "olmoc-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr) {
    return fail(Diagnostic(Code::write_failed, "cannot make a temporary directory: {}",
                           error ? error.message() : std::strerror(errno))
                    .help("set TMPDIR to a directory that may be written"));
  }
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
  if (path_.empty()) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace omap::driver
