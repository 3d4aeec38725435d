#include "runtime/checkpoint/written_names.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "runtime/checkpoint/durable_files.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

bool is_weight_folder(std::string_view name) { return std::ranges::find(weight_folders, name) != weight_folders.end(); }

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `STEM.SUFFIX`, or a shard of it: `STEM-00001-of-00003.SUFFIX`, with any numbers.
bool is_file_or_shard(std::string_view name, std::string_view stem, std::string_view suffix) {
  constexpr std::string_view of = "-of-";
  if (name.size() < stem.size() + suffix.size() || !name.starts_with(stem) || !name.ends_with(suffix)) return false;
  const std::string_view middle = name.substr(stem.size(), name.size() - stem.size() - suffix.size());
  if (middle.empty()) return true;
  const std::size_t at = middle.find(of);
  return middle.front() == '-' && at != std::string_view::npos && at > 0 && is_number(middle.substr(1, at - 1)) &&
         is_number(middle.substr(at + of.size()));
}

bool is_distributed_file(std::string_view name) { return name.starts_with("__") && name.ends_with(distributed_suffix); }

/// Folder and name of a file; the folder is empty if it is in none.
std::pair<std::string_view, std::string_view> split(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos) return {{}, name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

Result<void> add_names(const fs::path& directory, const std::string& prefix, std::vector<std::string>& names) {
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) return {};
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::string name = prefix + entry->path().filename().string();
    std::error_code ignored;
    if (is_weight_folder(name) && fs::is_directory(entry->symlink_status(ignored))) {
      if (auto added = add_names(entry->path(), name + "/", names); !added) return added;
    } else {
      names.push_back(std::move(name));
    }
  }
  if (error) return fail(write_failure(error.value(), "read", directory));
  return {};
}

}  // namespace

bool is_index_file_name(std::string_view name) {
  return std::ranges::find(index_file_names, name) != index_file_names.end();
}

bool is_weight_file_name(std::string_view name) {
  const auto [folder, file] = split(name);
  if (is_weight_folder(folder)) return is_distributed_file(file);
  if (!folder.empty()) return false;
  return is_file_or_shard(file, "model", safetensors_suffix) || is_file_or_shard(file, "pytorch_model", ".bin") ||
         is_distributed_file(file);
}

Result<std::vector<std::string>> names_below(const fs::path& directory) {
  std::vector<std::string> names;
  if (auto added = add_names(directory, "", names); !added) return fail(std::move(added.error()));
  std::ranges::sort(names);
  return names;
}

}  // namespace omap
