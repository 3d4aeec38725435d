#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>

#include "compiler/driver/commands.h"
#include "compiler/driver/usage_error.h"
#include "runtime/plan/version.h"

namespace omap::driver {
namespace {

constexpr const char* mapping_help = "a .omap file, a plan, or std:NAME; FILE:NAME where a file holds several";
const std::string mapping_or_recognised =
    fmt::format("{}; without it the standard mapping that the checkpoint is for", mapping_help);
constexpr const char* side_help = "SIDE=PATH, a checkpoint: a file or a directory";
constexpr const char* to_help =
    "SIDE=PATH; a path that ends in .safetensors, .pt, .pth or .bin is a file, any other a directory";
constexpr const char* from_format_help = "read it as safetensors, dcp or torch, whatever it is";
constexpr const char* set_help = "give a param of the mapping a value; may be repeated";

constexpr const char* dtype_help = "cast the model: bf16, f16, f32, f64, f8_e4m3, f8_e5m2; other dtypes in it stay";

constexpr const char* footer =
    "Examples:\n"
    "  olmoc run --from olmo_core=step1000 --to hf=OLMo-2 --dry-run\n"
    "  olmoc run my.omap --from hf=model.safetensors --to olmo_core=out.safetensors\n"
    "  olmoc diff out.safetensors expected.safetensors\n"
    "\n"
    "Exit codes: 0 done (diff, verify: equal), 1 the input is wrong (or different), 2 wrong usage, 3 the system "
    "failed.";

/// The command line: fills arguments and returns what to do with them.
struct CommandLine {
  CLI::App app{"Moves model weights between the forms that people keep them in.", "olmoc"};
  Console console;
  std::function<ExitCode()> command;

  std::vector<std::string> files;
  FmtArguments fmt_arguments;
  CompileArguments compile_arguments;
  RunArguments run_arguments;
  VerifyArguments verify_arguments;
  MappingsArguments mappings_arguments;
  DiffArguments diff_arguments;
  NewArguments new_arguments;
  ListArguments list_arguments;
  std::string path, format = "text";
  std::optional<std::string> code;

  CommandLine() {
    app.set_version_flag("--version", fmt::format("olmoc {}", omap_version));
    app.require_subcommand(1);
    app.footer(footer);
    app.add_flag("--quiet", console.quiet, "say nothing but results, warnings and errors");
    app.add_option("--format", format, "text for people, json for tools")->check(CLI::IsMember({"text", "json"}));
    app.fallthrough();
    add_check();
    add_fmt();
    add_compile();
    add_invert();
    add_run();
    add_verify();
    add_mappings();
    add_inspect();
    add_diff();
    add_list();
    add_new();
    add_explain();
  }

  static void add_resources(CLI::App& sub, Resources& resources) {
    sub.add_option("--threads", resources.threads, "how many work at once (as many as processors, at most 4)")
        ->check(CLI::Range(1, 256));
    sub.add_option("--memory", resources.memory, "for buffers: 32MiB, 1GB (64MiB without); 1MiB a thread at least");
  }
  void add_werror(CLI::App& sub) { sub.add_flag("--werror", console.warnings_are_errors, "take warnings as errors"); }
  static void add_format(CLI::App& sub, const char* option, std::optional<CheckpointFormat>& format, const char* help) {
    sub.add_option_function<std::string>(
           option, [&format](const std::string& name) { format = checkpoint_format_from_name(name); }, help)
        ->check(
            CLI::IsMember(std::vector<std::string>(checkpoint_format_names.begin(), checkpoint_format_names.end())));
  }
  void add_check() {
    CLI::App* sub = app.add_subcommand("check", "compile mappings and say what is wrong with them");
    sub->add_option("FILE", files, ".omap files, or std:NAME")->required();
    add_werror(*sub);
    sub->callback([this] { command = [this] { return check(console, files); }; });
  }
  void add_fmt() {
    CLI::App* sub = app.add_subcommand("fmt", "write mappings in the canonical layout");
    sub->add_option("FILE", fmt_arguments.files, ".omap files; `-` or none: standard input, to standard output");
    sub->add_flag("--check", fmt_arguments.check, "change nothing; print the names of files that would change");
    sub->callback([this] { command = [this] { return fmt_files(console, fmt_arguments); }; });
  }
  void add_compile() {
    CLI::App* sub = app.add_subcommand("compile", "compile a mapping to a plan");
    sub->add_option("MAPPING", compile_arguments.mapping, mapping_help)->required();
    sub->add_option("-o,--output", compile_arguments.output, "where to write it (standard output without)");
    sub->add_option("--emit", compile_arguments.emit, "plan: JSON; ir: a listing for people")
        ->check(CLI::IsMember({"plan", "ir"}));
    add_werror(*sub);
    sub->callback([this] { command = [this] { return compile(console, compile_arguments); }; });
  }
  void add_invert() {
    CLI::App* sub = app.add_subcommand("invert", "print a mapping with its sides swapped");
    sub->add_option("MAPPING", path, mapping_help)->required();
    sub->callback([this] { command = [this] { return invert(console, path); }; });
  }
  void add_run() {
    CLI::App* sub = app.add_subcommand("run", "convert a checkpoint");
    sub->add_option("MAPPING", run_arguments.mapping, mapping_or_recognised);
    sub->add_option("--from", run_arguments.from, side_help)->required();
    sub->add_option("--to", run_arguments.to, to_help)->required();
    add_format(*sub, "--from-format", run_arguments.from_format, from_format_help);
    add_format(*sub, "--to-format", run_arguments.to_format,
               "what to write a directory as: safetensors, dcp or torch; as its side is declared without it");
    sub->add_option("--set", run_arguments.settings, set_help)->type_name("NAME=VALUE")->expected(1)->take_all();
    sub->add_option("--dtype", run_arguments.dtype, dtype_help);
    sub->add_option("--tokenizer", run_arguments.tokenizer,
                    "the directory of the tokenizer to write beside the weights; without it one near the source");
    sub->add_option("--config", run_arguments.config, "a file to be the config.json of what is written");
    sub->add_option("--max-shard-size", run_arguments.max_shard_size,
                    "start a new file before this size: 20KB, 5GB (50GB without)");
    sub->add_option("--like", run_arguments.like,
                    "a checkpoint whose names, shapes and dtypes the result has to have, or nothing is written");
    add_resources(*sub, run_arguments.resources);
    sub->add_flag("--dry-run", run_arguments.dry_run,
                  "say what would be done, the bytes and the peak memory; write nothing");
    sub->add_flag("--force", run_arguments.force, "replace a checkpoint that is there; other files stay");
    sub->add_flag("--resume", run_arguments.resume,
                  "go on with the files that a killed run of the same conversion has finished");
    add_werror(*sub);
    sub->callback([this] { command = [this] { return run(console, run_arguments); }; });
  }
  void add_verify() {
    CLI::App* sub = app.add_subcommand("verify", "check that a checkpoint is what a conversion gives, bit for bit");
    sub->add_option("MAPPING", verify_arguments.mapping, mapping_or_recognised);
    sub->add_option("--from", verify_arguments.from, "SIDE=PATH, the checkpoint to convert")->required();
    add_format(*sub, "--from-format", verify_arguments.from_format, from_format_help);
    CLI::Option_group* against = sub->add_option_group("against", "what the conversion is compared with");
    against->add_option("--to", verify_arguments.to, "SIDE=PATH, the checkpoint that it should give");
    against->add_flag("--round-trip")->description("itself: there and back, by way of a temporary directory");
    against->require_option(1);
    sub->add_option("--set", verify_arguments.settings, set_help)->type_name("NAME=VALUE")->expected(1)->take_all();
    sub->add_option("--dtype", verify_arguments.dtype, dtype_help);
    add_resources(*sub, verify_arguments.resources);
    add_werror(*sub);
    sub->callback([this] { command = [this] { return verify(console, verify_arguments); }; });
  }
  void add_mappings() {
    CLI::App* sub = app.add_subcommand("mappings", "list which tensors a mapping makes of which, for a checkpoint");
    sub->add_option("MAPPING", mappings_arguments.mapping, mapping_or_recognised);
    sub->add_option("--from", mappings_arguments.from, side_help)->required();
    sub->add_option("--to", mappings_arguments.to, "the other side, to choose among standard mappings");
    sub->add_option("--state", mappings_arguments.state, "weight: tensors; module: names of modules")
        ->check(CLI::IsMember({"weight", "module"}));
    sub->add_option("--set", mappings_arguments.settings, set_help)->type_name("NAME=VALUE")->expected(1)->take_all();
    add_werror(*sub);
    sub->callback([this] { command = [this] { return mappings(console, mappings_arguments); }; });
  }
  void add_inspect() {
    CLI::App* sub = app.add_subcommand("inspect", "list the tensors of a checkpoint, alike ones folded");
    sub->add_option("PATH", path, "a .safetensors file, its index, or a directory")->required();
    sub->callback([this] { command = [this] { return inspect(console, path); }; });
  }
  void add_diff() {
    CLI::App* sub = app.add_subcommand("diff", "compare two checkpoints: names, dtypes, shapes, bits");
    sub->add_option("A", diff_arguments.a, "a checkpoint")->required();
    sub->add_option("B", diff_arguments.b, "another")->required();
    sub->add_option("--rtol", diff_arguments.rtol, "let numbers differ by this part of B's");
    sub->add_option("--atol", diff_arguments.atol, "let numbers differ by this");
    sub->callback([this] { command = [this] { return diff(console, diff_arguments); }; });
  }
  void add_list() {
    CLI::App* sub =
        app.add_subcommand("list", "list the standard mappings: what they are for, and between which sides");
    sub->add_option("NAME", list_arguments.names, "std:NAME, or a side: those alone, and more of each");
    sub->add_flag("--long", list_arguments.is_long, "all that is to say of each");
    sub->callback([this] { command = [this] { return list_mappings(console, list_arguments); }; });
  }
  void add_new() {
    CLI::App* sub = app.add_subcommand("new", "print a first mapping for a checkpoint, to be finished by hand");
    sub->add_option("--from", new_arguments.from, "SIDE=PATH, the checkpoint that has no mapping yet")->required();
    sub->add_option("--to", new_arguments.to, "SIDE=PATH, one of the other layout: of the same model is best");
    sub->add_option("--like", new_arguments.like, fmt::format("a mapping to begin with: {}", mapping_help));
    sub->callback([this] { command = [this] { return draft_new(console, new_arguments); }; });
  }
  void add_explain() {
    CLI::App* sub = app.add_subcommand("explain", "say what a diagnostic means, and show it wrong and mended");
    sub->add_option("CODE", code, "OM3004, 3004 or axis_without_source; all codes without");
    sub->callback([this] { command = [this] { return explain(console, code); }; });
  }
};

int run_command_line(int argc, char** argv) {
  CommandLine line;
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Asking for help ends parsing too.
    if (error.get_exit_code() == 0) return line.app.exit(error);
    line.console.json = wants_json(argc, argv);
    return line.console.report({usage_error(line.app, error)});
  }
  line.console.json = line.format == "json";
  const ExitCode code = line.command();
  if (line.console.finish()) return code;
  line.console.report({Diagnostic(Code::write_failed, "cannot write to standard output: {}", std::strerror(errno))});
  return system_failed;
}

}  // namespace
}  // namespace omap::driver

int main(int argc, char** argv) {
  try {
    return omap::driver::run_command_line(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "olmoc: {}\n", error.what());
    return omap::driver::system_failed;
  }
}
