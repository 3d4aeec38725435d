#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "compiler/driver/byte_size.h"
#include "compiler/driver/cast_dtype.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/companions.h"
#include "compiler/driver/compare_like.h"
#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/output.h"
#include "compiler/driver/progress_line.h"
#include "compiler/driver/recognise.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"
#include "runtime/bind/source_keys.h"
#include "runtime/json/json.h"
#include "runtime/run/conversion_digest.h"
#include "runtime/run/run.h"

namespace omap::driver {
namespace {

/// Transformers 5 splits checkpoints at this size.
constexpr std::uint64_t default_shard_bytes = 50'000'000'000;

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

/// A file is what its suffix says; a directory what was asked for, or as its side is declared.
CheckpointFormat output_format(const Plan& plan, std::string_view side, std::optional<CheckpointFormat> of_file,
                               std::optional<CheckpointFormat> asked) {
  if (of_file || asked) return of_file ? *of_file : *asked;
  const SideDeclaration& declared = plan.left.name == side ? plan.left : plan.right;
  return checkpoint_format_from_name(declared.format).value_or(CheckpointFormat::safetensors);
}

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

/// The same for tools, of a run that was made or would be.
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

}  // namespace

ExitCode run(const Console& console, const RunArguments& arguments) {
  auto from = parse_side_path(arguments.from);
  const auto to = parse_side_path(arguments.to);
  if (!from || !to) return console.refuse_usage("run", "`--from` and `--to` take SIDE=PATH, such as `--from hf=DIR`");
  from->format = arguments.from_format;
  const std::optional<CheckpointFormat> file_format = format_of_file(to->path);
  if (file_format && arguments.to_format && file_format != arguments.to_format) {
    return console.refuse_usage("run", fmt::format("`--to-format {}` does not go with a path that ends in `{}`",
                                                   name(*arguments.to_format), to->path.extension().string()));
  }
  if (const auto suffix = foreign_suffix(to->path)) {
    return console.refuse_usage(
        "run",
        fmt::format("`{}` is no format that is written: a file ends in `{}`, and a directory of this name in `/`",
                    *suffix, fmt::join(written_suffixes(), "`, `")));
  }
  auto options = run_options(arguments.resources);
  if (!options) return console.refuse_usage("run", options.error());
  std::uint64_t max_shard_bytes = default_shard_bytes;
  if (arguments.max_shard_size) {
    const auto bytes = parse_byte_size(*arguments.max_shard_size);
    if (!bytes) return console.refuse_usage("run", "`--max-shard-size` takes a size such as `5GB` or `512MiB`");
    if (file_format) return console.refuse_usage("run", "`--max-shard-size` needs a directory to write to");
    max_shard_bytes = *bytes;
  }
  if ((arguments.tokenizer || arguments.config) && file_format)
    return console.refuse_usage("run", "`--tokenizer` and `--config` need a directory to write to");
  const auto dtype = arguments.dtype ? parse_cast_dtype(*arguments.dtype) : std::nullopt;
  if (arguments.dtype && !dtype) return console.refuse_usage("run", cast_dtype_usage);

  const auto start = std::chrono::steady_clock::now();
  const LoadedMapping loaded = named_or_recognised(console, arguments.mapping, *from, to, arguments.settings);
  const ExitCode loading = console.report(loaded.diagnostics, loaded.sources);
  if (loading != done || !loaded.plan) return loading;
  const auto fail_with = [&](const Diagnostics& problems) { return console.report(problems, loaded.sources); };

  const CheckpointFormat format = output_format(*loaded.plan, to->side, file_format, arguments.to_format);
  const Choices choices{arguments.settings, dtype, arguments.tokenizer, arguments.config};
  auto bound = bind_source(*loaded.plan, *from, to->side, choices, name(format));
  if (!bound) return fail_with(explain_refusal(*loaded.plan, *from, to, std::move(bound.error())));
  const SideDeclaration& side = loaded.plan->destination_side(bound->direction);
  const std::string root = root_in(side, name(format));
  const ExitCode noted = console.report(bound->mapping.notes, loaded.sources);
  if (noted != done) return noted;
  const CopyProgram& program = bound->mapping.program;
  const CheckpointReader& source = bound->source.reader;

  if (arguments.like) {
    const auto like = open_checkpoint(*arguments.like);
    if (!like) return fail_with(like.error());
    const Diagnostics differences =
        compare_like(*loaded.plan, program, root, like->index(), root_in(side, like->format()));
    if (!differences.empty()) return fail_with(differences);
  }
  auto output = lay_out_output(bound->mapping, to->path, format, root, max_shard_bytes);
  if (!output) return fail_with(output.error());
  if (output->is_directory) {
    const ExitCode lacking = console.report(companions_lacking(*loaded.plan, *bound), loaded.sources);
    if (lacking != done) return lacking;
  }
  if (const auto carried = carry_tokenizer(*bound, *output); !carried) return fail_with(carried.error());
  const auto allowed = check_destination(output->path, output->is_directory, {arguments.force}, output->layout,
                                         from->path, files_read(*bound, choices));
  if (!allowed) return fail_with(allowed.error());

  ProgressLine progress(console);
  options->progress = [&](std::uint64_t done_bytes, std::uint64_t total) { progress.update(done_bytes, total); };
  const RunEstimate will = estimate(program, source.index(), output->layout, *options);
  if (arguments.dry_run) {
    console.json ? print_json(console, will, *output, false) : print_dry_run(console, will, *output);
    return done;
  }
  auto staged = stage_output(output->path, output->is_directory, output->layout,
                             {conversion_digest(program, source, output->layout), arguments.resume, arguments.force});
  if (!staged) return fail_with(staged.error());
  if (arguments.resume) console.info(spell_resumption(staged->resumption(), *output));
  const auto ran = omap::run(program, source, output->layout, *staged, *options);
  progress.clear();
  if (!ran) return fail_with(explain_ties(*loaded.plan, ran.error()));
  if (const auto committed = staged->commit(); !committed) return fail_with(committed.error());

  if (console.json) {
    print_json(console, will, *output, true);
    return done;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  console.info(fmt::format("{}: {} -> {}\n  {} tensors from {} tensors, {} written to {} in {:.2f} s\n",
                           loaded.plan->name, from->side, to->side, program.destinations.size(),
                           source.index().tensors().size(),
                           spell_bytes(will.bytes_written - staged->resumption().bytes), to->path.string(), seconds));
  return done;
}

}  // namespace omap::driver
