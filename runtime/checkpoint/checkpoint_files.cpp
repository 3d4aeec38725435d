#include "runtime/checkpoint/checkpoint_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "diagnostics/nearest.h"
#include "runtime/checkpoint/distributed/distributed_names.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/torch/torch_names.h"
#include "runtime/checkpoint/written_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// Where OLMo-core puts the files of an unsharded checkpoint, if there are several.
constexpr std::string_view unsharded_folder = "model";
/// What the files of a rank begin with where each wrote its own.
constexpr std::string_view rank_prefix = "shard-";

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
  return std::move(missing).help("give a checkpoint's file, its index, or the directory that it is in");
}

/// The format that a checkpoint has to be in, if one is asked for.
using Wanted = std::optional<CheckpointFormat>;

bool is_wanted(const Wanted& wanted, CheckpointFormat format) { return !wanted || *wanted == format; }

/// Where pieces of a distributed checkpoint lie, in a directory or in the part of a step's that has tensors.
std::optional<fs::path> pieces_in(const fs::path& directory) {
  const auto is_piece = [](const std::string& name) { return name.ends_with(distributed_suffix); };
  for (const fs::path& place : {directory, directory / model_and_optim}) {
    std::error_code ignored;
    if (std::ranges::any_of(names_in(place, ignored), is_piece)) return place;
  }
  return std::nullopt;
}

Diagnostic no_checkpoint_in(const fs::path& directory, const Wanted& wanted) {
  const bool may_be_distributed = is_wanted(wanted, CheckpointFormat::dcp);
  if (const auto pieces = may_be_distributed ? pieces_in(directory) : std::nullopt) {
    return Diagnostic(Code::not_a_checkpoint, "`{}` has `*{}` files, but no `{}`", pieces->string(), distributed_suffix,
                      distributed_metadata_file)
        .note("that file is written last: without it, the run that saved the checkpoint did not finish")
        .help("copy `{}` too, or take a checkpoint that is complete", distributed_metadata_file);
  }
  if (wanted) {
    return Diagnostic(Code::not_a_checkpoint, "there is no {} checkpoint in `{}`", name(*wanted), directory.string())
        .help("leave the format out (`--from-format`): what a checkpoint is, its files say");
  }
  return Diagnostic(Code::not_a_checkpoint, "there is no checkpoint in `{}`", directory.string())
      .help("looked for `{}`, `{}/{}`, `{}`, `{}`, and any `*{}`, `*{}`", distributed_metadata_file, model_and_optim,
            distributed_metadata_file, safetensors_index_file, torch_index_file, safetensors_suffix,
            fmt::join(torch_suffixes, "`, `*"));
}

/// Without an index, the names alone tell how many shards there have to be; not of ranks, which may have nothing to
/// write.
std::optional<Diagnostic> shards_missing(const fs::path& directory, const std::vector<fs::path>& files) {
  std::map<std::tuple<std::string, std::string, std::uint64_t>, std::uint64_t> counts;
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (name.starts_with(rank_prefix)) continue;
    if (const auto shard = shard_name_of(name)) {
      ++counts[{std::string(shard->stem), std::string(shard->suffix), shard->shards}];
    }
  }
  for (const auto& [shard, count] : counts) {
    const auto& [stem, suffix, shards] = shard;
    if (count == shards) continue;
    return Diagnostic(Code::not_a_checkpoint, "`{}` has {} of the {} files `{}-*-of-*{}`", directory.string(), count,
                      shards, stem, suffix)
        .help("the checkpoint is not complete: copy or write it again");
  }
  return std::nullopt;
}

Diagnostic two_checkpoints(const fs::path& directory, std::string_view first, std::string_view second) {
  return Diagnostic(Code::not_a_checkpoint, "`{}` holds two checkpoints: `{}` and `{}`", directory.string(), first,
                    second)
      .help("name the one that is meant: `{}` or `{}`", (directory / first).string(), (directory / second).string());
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// `.metadata`, in the directory or in the part of a step's directory that has tensors: its name there.
std::optional<std::string> find_metadata(const fs::path& directory) {
  for (const fs::path& name :
       {fs::path(distributed_metadata_file), fs::path(model_and_optim) / distributed_metadata_file}) {
    if (is_there(directory / name)) return name.string();
  }
  return std::nullopt;
}

/// A checkpoint by its `.metadata`. The configs of `model_and_optim` alone are beside it.
CheckpointFiles distributed_at(const fs::path& metadata, const fs::path& directory) {
  // In a working directory that was removed, what is given is all that is known.
  std::error_code error;
  fs::path absolute = fs::absolute(directory, error);
  absolute = (error ? directory : absolute).lexically_normal();
  const fs::path folder = absolute.has_filename() ? absolute : absolute.parent_path();
  const bool is_part = folder.filename() == model_and_optim && !is_there(directory / config_file_name);
  return {{}, {}, metadata, is_part ? folder.parent_path() : directory};
}

/// Files that Transformers looks for, by their own names.
Result<std::optional<CheckpointFiles>> find_named(const fs::path& directory, const std::vector<std::string>& names,
                                                  const Wanted& wanted) {
  using enum CheckpointFormat;
  const auto has = [&](std::string_view name) {
    const bool is_safetensors = name == safetensors_index_file || name == safetensors_single_file;
    return is_wanted(wanted, is_safetensors ? safetensors : torch) && std::ranges::binary_search(names, name);
  };
  const auto metadata = is_wanted(wanted, dcp) ? find_metadata(directory) : std::nullopt;
  for (const std::string_view file : {safetensors_index_file, safetensors_single_file}) {
    if (metadata && has(file)) return fail(two_checkpoints(directory, *metadata, file));
  }
  if (metadata) return distributed_at(directory / *metadata, directory);
  if (has(safetensors_index_file) && has(safetensors_single_file)) {
    return fail(two_checkpoints(directory, safetensors_single_file, safetensors_index_file));
  }
  for (const std::string_view index : {safetensors_index_file, torch_index_file}) {
    if (has(index)) return CheckpointFiles{{}, directory / index, {}, directory};
    const std::string_view single = index == safetensors_index_file ? safetensors_single_file : torch_single_file;
    if (has(single)) return CheckpointFiles{{directory / single}, {}, {}, directory};
  }
  return std::nullopt;
}

/// Files of one kind, whatever they are called.
Result<std::optional<CheckpointFiles>> find_by_suffix(const fs::path& directory, const std::vector<std::string>& names,
                                                      const Wanted& wanted) {
  CheckpointFiles found{{}, {}, {}, directory};
  for (const std::string& name : names) {
    const bool is_safetensors = name.ends_with(safetensors_suffix);
    if (is_safetensors && is_wanted(wanted, CheckpointFormat::safetensors)) found.files.push_back(directory / name);
  }
  if (auto missing = shards_missing(directory, found.files)) return fail(*std::move(missing));
  if (!found.files.empty()) return found;
  if (!is_wanted(wanted, CheckpointFormat::torch)) return std::nullopt;
  if (std::ranges::binary_search(names, torch_model_file)) {
    found.files.push_back(directory / torch_model_file);
    return found;
  }
  for (const std::string& name : names) {
    if (is_torch_file_name(name)) found.files.push_back(directory / name);
  }
  if (auto missing = shards_missing(directory, found.files)) return fail(*std::move(missing));
  return found.files.empty() ? std::nullopt : std::optional(std::move(found));
}

Result<CheckpointFiles> find_in_directory(const fs::path& directory, const Wanted& wanted) {
  for (const fs::path& place : {directory, directory / unsharded_folder}) {
    std::error_code error;
    const std::vector<std::string> names = names_in(place, error);
    if (error && place == directory) return fail(not_found(directory, error));
    for (const auto& find : {find_named, find_by_suffix}) {
      auto found = find(place, names, wanted);
      if (!found) return fail(std::move(found.error()));
      if (!*found) continue;
      if (place != directory) (*found)->directory = directory;
      return **std::move(found);
    }
  }
  return fail(no_checkpoint_in(directory, wanted));
}

}  // namespace

std::optional<ShardName> shard_name_of(std::string_view file) {
  constexpr std::string_view of = "-of-";
  const std::string_view suffix = file.substr(std::min(file.rfind('.'), file.size()));
  file.remove_suffix(suffix.size());
  const std::size_t at = file.rfind(of);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t dash = file.substr(0, at).rfind('-');
  std::uint64_t shards = 0;
  const char* const last = file.data() + file.size();
  const auto [end, error] = std::from_chars(file.data() + at + of.size(), last, shards);
  if (dash == std::string_view::npos || error != std::errc() || end != last) return std::nullopt;
  return ShardName{file.substr(0, dash), shards, suffix};
}

Result<CheckpointFiles> find_checkpoint_files(const fs::path& path, std::optional<CheckpointFormat> wanted) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return fail(not_found(path, {}));
  if (error) return fail(not_found(path, error));
  if (fs::is_directory(status)) return find_in_directory(path, wanted);

  const std::string name = path.filename().string();
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (name == distributed_metadata_file && is_wanted(wanted, CheckpointFormat::dcp)) {
    return distributed_at(path, directory);
  }
  if (wanted == CheckpointFormat::dcp) {
    return fail(Diagnostic(Code::not_a_checkpoint, "`{}` is a file, and a dcp checkpoint is a directory", path.string())
                    .help("leave the format out (`--from-format`), or give the directory with `{}`",
                          distributed_metadata_file));
  }
  if (name.ends_with(safetensors_index_suffix) || name.ends_with(torch_index_suffix)) {
    return CheckpointFiles{{}, path, {}, directory};
  }
  if (!name.ends_with(distributed_suffix)) return CheckpointFiles{{path}, {}, {}, {}};
  return fail(Diagnostic(Code::not_a_checkpoint, "`{}` is one part of a distributed checkpoint", path.string())
                  .help("give the directory that it is in: `{}`", directory.string()));
}

}  // namespace omap
