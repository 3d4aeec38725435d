#include "compiler/driver/passed_over.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/torch/torch_names.h"

namespace omap::driver {
namespace {

namespace fs = std::filesystem;

/// Of pickled files only those that are called like weights: training leaves others beside them.
bool holds_weights(std::string_view name) {
  constexpr std::string_view stem = torch_single_file.substr(0, torch_single_file.rfind('.'));
  return name.ends_with(safetensors_suffix) || name == torch_model_file ||
         (name.starts_with(stem) && is_torch_file_name(name));
}

}  // namespace

std::optional<Diagnostic> files_passed_over(const CheckpointReader& reader) {
  if (!reader.directory()) return std::nullopt;
  std::set<std::string> read;
  for (const fs::path& file : reader.index().files()) read.insert(file.filename().string());
  std::vector<std::string> others;
  std::error_code error;
  for (fs::directory_iterator entry(*reader.directory(), error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (holds_weights(name) && !read.contains(name)) others.push_back(std::move(name));
  }
  if (others.empty()) return std::nullopt;
  std::ranges::sort(others);
  const std::string first = (*reader.directory() / others.front()).string();
  constexpr std::size_t shown = 3;
  const std::size_t more = others.size() > shown ? others.size() - shown : 0;
  if (more > 0) others.resize(shown);
  return Diagnostic(Code::files_passed_over, "not read, though beside what is read: `{}`{}", fmt::join(others, "`, `"),
                    more > 0 ? fmt::format(" and {} more", more) : "")
      .in(reader.directory()->string())
      .help("where such a file is meant, name it: `{}`", first);
}

}  // namespace omap::driver
