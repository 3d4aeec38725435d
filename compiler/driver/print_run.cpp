#include "compiler/driver/print_run.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "compiler/driver/byte_size.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

/// Bytes of this process in memory now: program, libraries, headers and plan.
std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

void print_dry_run(const Console& console, const RunEstimate& will, const Output& output) {
  console.result(
      fmt::format("would read    {}, and make {} tensors of it\n", spell_bytes(will.bytes_read), will.tensors));
  console.result(fmt::format("would write   {} in {} file{}\n", spell_bytes(will.bytes_written),
                             output.layout.files.size(), output.layout.files.size() == 1 ? "" : "s"));
  for (const OutputFile& file : output.layout.files) {
    const auto path = output.is_directory ? output.path / file.name : output.path;
    console.result(fmt::format("  {}  {}\n", path.string(), spell_bytes(file.size)));
  }
  if (output.layout.index) console.result(fmt::format("  {}\n", (output.path / output.layout.index->name).string()));
  console.result(fmt::format("peak memory   {} ({} of it buffers)\n", spell_bytes(resident_bytes() + will.buffer_bytes),
                             spell_bytes(will.buffer_bytes)));
}

void print_json(const Console& console, const RunEstimate& will, const Output& output, bool written) {
  Value::List files;
  const auto add = [&](const OutputFile& file) {
    const auto path = output.is_directory ? output.path / file.name : output.path;
    files.emplace_back(Value::Object{{"path", path.string()}, {"bytes", static_cast<std::int64_t>(file.size)}});
  };
  std::ranges::for_each(output.layout.files, add);
  if (output.layout.index) add(*output.layout.index);
  const Value::Object all{{"written", written},
                          {"tensors", static_cast<std::int64_t>(will.tensors)},
                          {"bytes_read", static_cast<std::int64_t>(will.bytes_read)},
                          {"bytes_written", static_cast<std::int64_t>(will.bytes_written)},
                          {"buffer_bytes", static_cast<std::int64_t>(will.buffer_bytes)},
                          {"peak_memory", static_cast<std::int64_t>(written ? peak_resident_bytes()
                                                                            : resident_bytes() + will.buffer_bytes)},
                          {"files", std::move(files)}};
  console.result(dump_json(all) + "\n");
}

std::string spell_resumption(const Resumption& found, const Output& output) {
  const std::string left = resolve_destination(output.path).staging.string();
  if (found.leftover == Resumption::Leftover::none) return "nothing to resume: starts from the beginning\n";
  if (found.leftover == Resumption::Leftover::of_another_conversion) {
    return fmt::format("`{}` is of another conversion, source or version: starts over\n", left);
  }
  if (found.files == 0) return fmt::format("no file in `{}` is finished: starts over\n", left);
  return fmt::format("goes on with `{}`: {} of {} files are finished, {}\n", left, found.files,
                     output.layout.files.size(), spell_bytes(found.bytes));
}

}  // namespace omap::driver
