#include "runtime/checkpoint/checkpoint_files.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "diagnostics/nearest.h"
#include "runtime/checkpoint/safetensors_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// Names in a directory, sorted; as many as can be read.
std::vector<std::string> names_in(const fs::path& directory, std::error_code& error) {
  std::vector<std::string> names;
  fs::directory_iterator entry(directory, error);
  while (!error && entry != fs::directory_iterator()) {
    names.push_back(entry->path().filename().string());
    entry.increment(error);
  }
  std::ranges::sort(names);
  return names;
}

Diagnostic not_found(const fs::path& path, const std::error_code& error) {
  Diagnostic missing = error ? Diagnostic(Code::not_found, "`{}` cannot be opened: {}", path.string(), error.message())
                             : Diagnostic(Code::not_found, "`{}` does not exist", path.string());
  const fs::path named = path.has_filename() ? path : path.parent_path();
  const fs::path parent = named.has_parent_path() ? named.parent_path() : fs::path(".");
  std::error_code unreadable;
  const std::vector<std::string> siblings = names_in(parent, unreadable);
  if (unreadable)
    return std::move(missing).help("`{}` cannot be read either: {}", parent.string(), unreadable.message());
  const std::optional<std::string> meant = nearest(named.filename().string(), siblings);
  if (!error && meant) return std::move(missing).help("did you mean `{}`?", (named.parent_path() / *meant).string());
  return std::move(missing).help("give a `.safetensors` file, its index, or the directory that it is in");
}

/// What a directory without `.safetensors` files holds instead, if its names tell.
std::string_view other_format(const std::vector<std::string>& names) {
  const auto any_ends = [&](std::string_view suffix) {
    return std::ranges::any_of(names, [&](const std::string& name) { return name.ends_with(suffix); });
  };
  if (any_ends(".distcp") || std::ranges::binary_search(names, ".metadata")) {
    return "PyTorch distributed checkpoint files (`.distcp`)";
  }
  if (any_ends(".pt") || any_ends(".pth") || any_ends(".bin")) return "pickled PyTorch files (`.pt`, `.pth`, `.bin`)";
  return {};
}

Diagnostic no_checkpoint_in(const fs::path& directory, const std::vector<std::string>& names) {
  Diagnostic none = Diagnostic(Code::not_a_checkpoint, "there is no checkpoint in `{}`", directory.string())
                        .help("looked for `{}`, `{}` and any `*{}`", safetensors_index_file, safetensors_single_file,
                              safetensors_suffix);
  const std::string_view other = other_format(names);
  if (other.empty()) return none;
  return std::move(none).note("it has {}, a format that this version cannot read yet", other);
}

/// `model-00002-of-00003.safetensors` taken apart.
struct ShardName {
  std::string_view stem;
  std::uint64_t shards = 0;
};

std::optional<ShardName> shard_name_of(std::string_view file) {
  constexpr std::string_view of = "-of-";
  file.remove_suffix(safetensors_suffix.size());
  const std::size_t at = file.rfind(of);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t dash = file.substr(0, at).rfind('-');
  std::uint64_t shards = 0;
  const char* const last = file.data() + file.size();
  const auto [end, error] = std::from_chars(file.data() + at + of.size(), last, shards);
  if (dash == std::string_view::npos || error != std::errc() || end != last) return std::nullopt;
  return ShardName{file.substr(0, dash), shards};
}

/// Without an index, the names alone tell how many shards there have to be.
std::optional<Diagnostic> shards_missing(const fs::path& directory, const std::vector<fs::path>& files) {
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> counts;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (const auto shard = shard_name_of(name)) ++counts[{std::string(shard->stem), shard->shards}];
  }
  for (const auto& [shard, count] : counts) {
    if (count == shard.second) continue;
    return Diagnostic(Code::not_a_checkpoint, "`{}` has {} of the {} files `{}-*-of-*{}`", directory.string(), count,
                      shard.second, shard.first, safetensors_suffix)
        .help("the checkpoint is not complete: copy or write it again");
  }
  return std::nullopt;
}

Result<CheckpointFiles> find_in_directory(const fs::path& directory) {
  std::error_code error;
  std::vector<std::string> names = names_in(directory, error);
  if (error) return fail(not_found(directory, error));
  const bool has_index = std::ranges::binary_search(names, safetensors_index_file);
  const bool has_single = std::ranges::binary_search(names, safetensors_single_file);
  if (has_index && has_single) {
    return fail(Diagnostic(Code::not_a_checkpoint, "`{}` holds two checkpoints: `{}` and `{}`", directory.string(),
                           safetensors_single_file, safetensors_index_file)
                    .help("name the one that is meant: `{}` or `{}`", (directory / safetensors_single_file).string(),
                          (directory / safetensors_index_file).string()));
  }
  if (has_index) return CheckpointFiles{{}, directory / safetensors_index_file, directory};
  if (has_single) return CheckpointFiles{{directory / safetensors_single_file}, {}, directory};

  CheckpointFiles found{{}, {}, directory};
  for (const std::string& name : names) {
    if (name.ends_with(safetensors_suffix)) found.files.push_back(directory / name);
  }
  if (found.files.empty()) return fail(no_checkpoint_in(directory, names));
  if (auto missing = shards_missing(directory, found.files)) return fail(*std::move(missing));
  return found;
}

}  // namespace

Result<CheckpointFiles> find_checkpoint_files(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return fail(not_found(path, {}));
  if (error) return fail(not_found(path, error));
  if (fs::is_directory(status)) return find_in_directory(path);

  const std::string name = path.filename().string();
  if (fs::is_regular_file(status) && name.ends_with(safetensors_index_suffix)) {
    return CheckpointFiles{{}, path, path.has_parent_path() ? path.parent_path() : fs::path(".")};
  }
  if (fs::is_regular_file(status) && name.ends_with(safetensors_suffix)) return CheckpointFiles{{path}, {}, {}};
  return fail(
      Diagnostic(Code::not_a_checkpoint, "`{}` is not a checkpoint that this version can read", path.string())
          .help("it reads `*{}` files, `*{}`, and directories of them", safetensors_suffix, safetensors_index_suffix));
}

}  // namespace omap
