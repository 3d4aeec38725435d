#include <fmt/format.h>

#include <chrono>

#include "compiler/driver/byte_size.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/companions.h"
#include "compiler/driver/compare_like.h"
#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/output.h"
#include "compiler/driver/print_run.h"
#include "compiler/driver/progress_line.h"
#include "compiler/driver/recognise.h"
#include "compiler/driver/run_request.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"
#include "runtime/bind/source_keys.h"
#include "runtime/run/conversion_digest.h"
#include "runtime/run/run.h"

namespace omap::driver {
namespace {

/// A file is what its suffix says; a directory what was asked for, or as its side is declared.
CheckpointFormat output_format(const Plan& plan, std::string_view side, std::optional<CheckpointFormat> of_file,
                               std::optional<CheckpointFormat> asked) {
  if (of_file || asked) return of_file ? *of_file : *asked;
  const SideDeclaration& declared = plan.left.name == side ? plan.left : plan.right;
  return checkpoint_format_from_name(declared.format).value_or(CheckpointFormat::safetensors);
}

}  // namespace

ExitCode run(const Console& console, const RunArguments& arguments) {
  auto request = run_request(arguments);
  if (!request) return console.refuse_usage("run", request.error());
  const SidePath& from = request->from;
  const SidePath& to = request->to;
  RunOptions& options = request->options;
  const auto start = std::chrono::steady_clock::now();
  const LoadedMapping loaded = named_or_recognised(console, arguments.mapping, from, to, arguments.settings);
  const ExitCode loading = console.report(loaded.diagnostics, loaded.sources);
  if (loading != done || !loaded.plan) return loading;
  const auto fail_with = [&](const Diagnostics& problems) { return console.report(problems, loaded.sources); };

  const CheckpointFormat format = output_format(*loaded.plan, to.side, request->file_format, arguments.to_format);
  const Choices choices{arguments.settings, request->dtype, arguments.tokenizer, arguments.config};
  auto bound = bind_source(*loaded.plan, from, to.side, choices, name(format));
  if (!bound) return fail_with(explain_refusal(*loaded.plan, from, to, std::move(bound.error())));
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
  auto output = lay_out_output(bound->mapping, to.path, format, root, request->max_shard_bytes);
  if (!output) return fail_with(output.error());
  if (output->is_directory) {
    const ExitCode lacking = console.report(companions_lacking(*loaded.plan, *bound), loaded.sources);
    if (lacking != done) return lacking;
  }
  if (const auto carried = carry_tokenizer(*bound, *output); !carried) return fail_with(carried.error());
  const auto allowed = check_destination(output->path, output->is_directory, {arguments.force}, output->layout,
                                         from.path, files_read(*bound, choices));
  if (!allowed) return fail_with(allowed.error());

  ProgressLine progress(console);
  options.progress = [&](std::uint64_t done_bytes, std::uint64_t total) { progress.update(done_bytes, total); };
  const RunEstimate will = estimate(program, source.index(), output->layout, options);
  if (arguments.dry_run) {
    console.json ? print_json(console, will, *output, false) : print_dry_run(console, will, *output);
    return done;
  }
  auto staged = stage_output(output->path, output->is_directory, output->layout,
                             {conversion_digest(program, source, output->layout), arguments.resume, arguments.force});
  if (!staged) return fail_with(staged.error());
  if (arguments.resume) console.info(spell_resumption(staged->resumption(), *output));
  const auto ran = omap::run(program, source, output->layout, *staged, options);
  progress.clear();
  if (!ran) return fail_with(explain_ties(*loaded.plan, ran.error()));
  if (const auto committed = staged->commit(); !committed) return fail_with(committed.error());

  if (console.json) {
    print_json(console, will, *output, true);
    return done;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  console.info(fmt::format("{}: {} -> {}\n  {} tensors from {} tensors, {} written to {} in {:.2f} s\n",
                           loaded.plan->name, from.side, to.side, program.destinations.size(),
                           source.index().tensors().size(),
                           spell_bytes(will.bytes_written - staged->resumption().bytes), to.path.string(), seconds));
  return done;
}

}  // namespace omap::driver
