#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "compiler/driver/commands.h"
#include "compiler/driver/sides.h"

namespace omap::driver {

/// The arguments of `olmoc run`, understood.
struct RunRequest {
  SidePath from, to;
  /// What `to` is by its suffix, if it is a file.
  std::optional<CheckpointFormat> file_format;
  RunOptions options;
  std::uint64_t max_shard_bytes = 0;
  std::optional<Dtype> dtype;
};

/// The error is what is wrong with them, for `Console::refuse_usage`. No file is looked at.
[[nodiscard]] tl::expected<RunRequest, std::string> run_request(const RunArguments& arguments);

}  // namespace omap::driver
