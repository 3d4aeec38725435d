#include <fmt/format.h>

#include <limits>

#include "compiler/driver/cast_dtype.h"
#include "compiler/driver/commands.h"
#include "compiler/driver/explain_refusal.h"
#include "compiler/driver/output.h"
#include "compiler/driver/print_comparison.h"
#include "compiler/driver/progress_line.h"
#include "compiler/driver/recognise.h"
#include "compiler/driver/sides.h"
#include "compiler/driver/temporary_directory.h"
#include "compiler/load_mapping.h"
#include "runtime/bind/source_keys.h"
#include "runtime/run/verify_result.h"

namespace omap::driver {
namespace {

/// What both ways of verifying work with.
struct Verification {
  const Console& console;
  const Choices& choices;
  const LoadedMapping& mapping;
  const RunOptions& options;

  [[nodiscard]] ExitCode report(const Diagnostics& diagnostics) const {
    return console.report(diagnostics, mapping.sources);
  }
};

RunOptions shown_by(ProgressLine& progress, RunOptions options) {
  options.progress = [&](std::uint64_t done_bytes, std::uint64_t total) { progress.update(done_bytes, total); };
  return options;
}

/// Compares what `bound` makes with `result`, and prints it.
ExitCode compare_and_print(const Verification& verification, const Bound& bound, const CheckpointReader& result,
                           const std::string& made_name, const std::string& result_name) {
  const SideDeclaration& side = verification.mapping.plan->destination_side(bound.direction);
  const std::string root = root_in(side, result.format());
  ProgressLine progress(verification.console);
  const auto found =
      verify_result(bound.mapping.program, bound.source.reader, result, root, shown_by(progress, verification.options));
  progress.clear();
  if (!found) return verification.report(found.error());
  return print_comparison(verification.console, *found, made_name, result_name);
}

ExitCode verify_result(const Verification& verification, const SidePath& from, const SidePath& to) {
  const auto result = open_checkpoint(to.path);
  if (!result) return verification.report(result.error());
  const Plan& plan = *verification.mapping.plan;
  const auto bound = bind_source(plan, from, to.side, verification.choices, result->format());
  if (!bound) return verification.report(explain_refusal(plan, from, to, bound.error()));
  if (const ExitCode noted = verification.report(bound->mapping.notes); noted != done) return noted;
  return compare_and_print(verification, *bound, *result, "the conversion of " + from.path.string(), to.path.string());
}

/// Runs a conversion to a directory that is not there yet.
Result<void> convert(const Verification& verification, const Bound& bound, const std::filesystem::path& source,
                     const std::filesystem::path& directory) {
  const CheckpointReader& reader = bound.source.reader;
  const auto output = lay_out_output(bound.mapping, directory, CheckpointFormat::safetensors, "",
                                     std::numeric_limits<std::uint64_t>::max());
  if (!output) return fail(output.error());
  auto allowed =
      check_destination(output->path, output->is_directory, {}, output->layout, source, reader.index().files());
  if (!allowed) return allowed;
  auto staged = stage_output(output->path, output->is_directory, output->layout);
  if (!staged) return fail(std::move(staged.error()));
  ProgressLine progress(verification.console);
  auto ran = run(bound.mapping.program, reader, output->layout, *staged, shown_by(progress, verification.options));
  progress.clear();
  return ran ? staged->commit() : ran;
}

ExitCode verify_round_trip(const Verification& verification, const SidePath& from) {
  const Plan& plan = *verification.mapping.plan;
  const auto there = bind_source(plan, from, std::nullopt, verification.choices);
  if (!there) return verification.report(explain_refusal(plan, from, std::nullopt, there.error()));
  if (const ExitCode noted = verification.report(there->mapping.notes); noted != done) return noted;

  const auto directory = TemporaryDirectory::make();
  if (!directory) return verification.report(directory.error());
  const SidePath middle{plan.destination_side(there->direction).name, directory->path() / "there"};
  if (const auto made = convert(verification, *there, from.path, middle.path); !made) {
    return verification.report(made.error());
  }
  const CheckpointReader& start = there->source.reader;
  const auto back = bind_source(plan, middle, from.side, verification.choices, start.format());
  if (!back) return verification.report(back.error());
  if (const ExitCode noted = verification.report(back->mapping.notes); noted != done) return noted;
  return compare_and_print(verification, *back, start, "what comes back", from.path.string());
}

}  // namespace

ExitCode verify(const Console& console, const VerifyArguments& arguments) {
  auto from = parse_side_path(arguments.from);
  const auto to = arguments.to ? parse_side_path(*arguments.to) : std::nullopt;
  if (!from || (arguments.to && !to))
    return console.refuse_usage("verify", "`--from` and `--to` take SIDE=PATH, such as `--from hf=DIR`");
  from->format = arguments.from_format;
  const auto options = run_options(arguments.resources);
  if (!options) return console.refuse_usage("verify", options.error());
  const auto dtype = arguments.dtype ? parse_cast_dtype(*arguments.dtype) : std::nullopt;
  if (arguments.dtype && !dtype) return console.refuse_usage("verify", cast_dtype_usage);
  if (dtype && !to) {
    return console.refuse_usage("verify",
                                "`--dtype` does not go with `--round-trip`: what is cast does not come back as it was; "
                                "check what was written with `--to SIDE=PATH`");
  }
  const LoadedMapping mapping = named_or_recognised(console, arguments.mapping, *from, to, arguments.settings);
  const ExitCode loading = console.report(mapping.diagnostics, mapping.sources);
  if (loading != done || !mapping.plan) return loading;
  const Choices choices{arguments.settings, dtype};
  const Verification verification{console, choices, mapping, *options};
  return to ? verify_result(verification, *from, *to) : verify_round_trip(verification, *from);
}

}  // namespace omap::driver
