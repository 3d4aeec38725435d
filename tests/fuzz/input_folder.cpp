#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/require.h"

#include <sys/mman.h>
#include <unistd.h>

#include <system_error>

namespace omap::fuzz {
namespace {

namespace fs = std::filesystem;

fs::path target_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace

InputFolder::InputFolder() {
  std::string pattern = (fs::temp_directory_path() / "omap-fuzz-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "a folder can be made");
  path_ = pattern;
}

InputFolder::~InputFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  for (const auto& [name, fd] : files_) ::close(fd);
}

fs::path InputFolder::write(const std::string& name, std::span<const std::uint8_t> bytes) {
  const auto [file, added] = files_.try_emplace(name, -1);
  if (added) {
    file->second = ::memfd_create("input", MFD_CLOEXEC);
    require(file->second >= 0, "a file in memory can be made");
    fs::create_symlink(target_of(file->second), path_ / name);
  }
  require(::ftruncate(file->second, 0) == 0, "a file in memory can be emptied");
  const auto written = ::pwrite(file->second, bytes.data(), bytes.size(), 0);
  require(written == static_cast<ssize_t>(bytes.size()), "a file in memory can be written");
  return path_ / name;
}

fs::path InputFolder::write(const std::string& name, std::string_view bytes) {
  return write(name, std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

void InputFolder::link(const std::string& name, const std::string& other) {
  std::error_code taken;
  fs::create_symlink(target_of(files_.at(name)), path_ / other, taken);
  if (!taken) links_.push_back(path_ / other);
}

void InputFolder::forget_links() {
  for (const fs::path& path : links_) fs::remove(path);
  links_.clear();
}

}  // namespace omap::fuzz
