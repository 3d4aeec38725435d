#include "compiler/driver/run_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "compiler/driver/byte_size.h"
#include "compiler/driver/cast_dtype.h"
#include "compiler/driver/output.h"
#include "compiler/driver/run_options.h"

namespace omap::driver {
namespace {

/// Transformers 5 splits checkpoints at this size.
constexpr std::uint64_t default_shard_bytes = 50'000'000'000;

}  // namespace

tl::expected<RunRequest, std::string> run_request(const RunArguments& arguments) {
  auto from = parse_side_path(arguments.from);
  auto to = parse_side_path(arguments.to);
  if (!from || !to) return tl::unexpected<std::string>("`--from` and `--to` take SIDE=PATH, such as `--from hf=DIR`");
  from->format = arguments.from_format;
  const std::optional<CheckpointFormat> file_format = format_of_file(to->path);
  if (file_format && arguments.to_format && file_format != arguments.to_format) {
    return tl::unexpected(fmt::format("`--to-format {}` does not go with a path that ends in `{}`",
                                      name(*arguments.to_format), to->path.extension().string()));
  }
  if (const auto suffix = foreign_suffix(to->path)) {
    return tl::unexpected(
        fmt::format("`{}` is no format that is written: a file ends in `{}`, and a directory of this name in `/`",
                    *suffix, fmt::join(written_suffixes(), "`, `")));
  }
  auto options = run_options(arguments.resources);
  if (!options) return tl::unexpected(options.error());
  std::uint64_t max_shard_bytes = default_shard_bytes;
  if (arguments.max_shard_size) {
    const auto bytes = parse_byte_size(*arguments.max_shard_size);
    if (!bytes) return tl::unexpected<std::string>("`--max-shard-size` takes a size such as `5GB` or `512MiB`");
    if (file_format) return tl::unexpected<std::string>("`--max-shard-size` needs a directory to write to");
    max_shard_bytes = *bytes;
  }
  if ((arguments.tokenizer || arguments.config) && file_format)
    return tl::unexpected<std::string>("`--tokenizer` and `--config` need a directory to write to");
  const auto dtype = arguments.dtype ? parse_cast_dtype(*arguments.dtype) : std::nullopt;
  if (arguments.dtype && !dtype) return tl::unexpected<std::string>(cast_dtype_usage);
  return RunRequest{std::move(*from), std::move(*to), file_format, std::move(*options), max_shard_bytes, dtype};
}

}  // namespace omap::driver
