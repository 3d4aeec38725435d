#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind.h"
#include "runtime/checkpoint/checkpoint_format.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap::driver {

/// What a run writes, and where.
struct Output {
  std::filesystem::path path;
  bool is_directory = true;
  CheckpointLayout layout;
};

/// The format of the one file that a path names by its suffix; nothing for the path of a directory.
[[nodiscard]] std::optional<CheckpointFormat> format_of_file(const std::filesystem::path& path);

/// The suffixes of the files that are written.
[[nodiscard]] std::vector<std::string_view> written_suffixes();

/// The suffix of a path that looks like a file of weights, but of a format that is not written: what it would be is
/// a directory, which nobody means by it. Nothing where the path ends in `/`, or is a directory already.
[[nodiscard]] std::optional<std::string> foreign_suffix(const std::filesystem::path& path);

/// Lays out what `bound` makes: a file where `format_of_file` has a format, which is `format`; else a directory, which
/// gets the mapping's configs too. A distributed checkpoint with a `config.json` becomes the directory of a step.
/// `root` is what keys begin with in this format.
[[nodiscard]] Result<Output> lay_out_output(const BoundMapping& bound, const std::filesystem::path& path,
                                            CheckpointFormat format, std::string_view root,
                                            std::uint64_t max_shard_bytes);

}  // namespace omap::driver
