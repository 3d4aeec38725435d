#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace omap::fuzz {

/// A folder of the process's own whose files lie in memory: links to what `memfd_create` made. It is removed at the
/// end of the process.
class InputFolder {
 public:
  InputFolder();
  InputFolder(const InputFolder&) = delete;
  InputFolder& operator=(const InputFolder&) = delete;
  ~InputFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Gives `name`, a plain name, these bytes.
  std::filesystem::path write(const std::string& name, std::span<const std::uint8_t> bytes);
  std::filesystem::path write(const std::string& name, std::string_view bytes);
  /// Gives the file `name` another name, until `forget_links`. A name that is taken, or that no file can have, stays
  /// what it is.
  void link(const std::string& name, const std::string& other);
  void forget_links();
  [[nodiscard]] std::size_t links() const { return links_.size(); }

 private:
  std::filesystem::path path_;
  /// Open for the life of the process, by name.
  std::map<std::string, int> files_;
  std::vector<std::filesystem::path> links_;
};

}  // namespace omap::fuzz
