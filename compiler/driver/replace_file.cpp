#include "compiler/driver/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <span>

#include "runtime/checkpoint/durable_files.h"
#include "runtime/checkpoint/posix_file.h"

namespace omap::driver {
namespace {

namespace fs = std::filesystem;

Result<void> write_partial(const fs::path& partial, std::string_view text, mode_t permissions) {
  const FileDescriptor fd(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return fail(write_failure(errno, "open", partial));
  if (::fchmod(fd.get(), permissions) != 0) return fail(write_failure(errno, "set the permissions of", partial));
  if (const int error = write_at(fd.get(), 0, std::as_bytes(std::span(text))); error != 0) {
    return fail(write_failure(error, "write", partial));
  }
  return sync_file(fd.get(), partial);
}

}  // namespace

Result<void> replace_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  struct stat status {};
  if (error || ::stat(target.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(Diagnostic(Code::write_failed, "this is no regular file, so it cannot be rewritten").in(path.string()));
  }
  const fs::path partial = target.string() + ".partial";
  auto written = write_partial(partial, text, status.st_mode & 07777);
  if (written) written = rename_over(partial, target);
  if (!written) {
    (void)remove_file(partial);
    return written;
  }
  return sync_directory(target.parent_path());
}

}  // namespace omap::driver
