#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/driver/console.h"
#include "compiler/driver/exit_code.h"
#include "compiler/driver/run_options.h"
#include "runtime/checkpoint/checkpoint_format.h"

namespace omap::driver {

// What each subcommand of olmoc does (docs/program.md), behind the command line: arguments as the user wrote them.

/// Compiles each file, or standard mapping, and says what is wrong with it.
[[nodiscard]] ExitCode check(const Console& console, const std::vector<std::string>& files);

struct FmtArguments {
  std::vector<std::string> files;  ///< `-`, or none: standard input, to standard output
  bool check = false;              ///< change nothing, name what is not in canonical layout
};
/// Writes mappings in their canonical layout.
[[nodiscard]] ExitCode fmt_files(const Console& console, const FmtArguments& arguments);

struct CompileArguments {
  std::string mapping;
  std::optional<std::string> output;  ///< standard output without it
  std::string emit = "plan";          ///< or `ir`
};
[[nodiscard]] ExitCode compile(const Console& console, const CompileArguments& arguments);

/// Prints the mapping read from the other side.
[[nodiscard]] ExitCode invert(const Console& console, const std::string& mapping);

struct RunArguments {
  std::string mapping;  ///< empty: the standard mapping that the checkpoint is for
  std::string from, to;
  std::optional<CheckpointFormat> from_format;  ///< what `from` is read as, whatever it is
  std::optional<CheckpointFormat> to_format;    ///< what `to` is written as; as its suffix or its side says without it
  std::vector<std::string> settings;
  std::optional<std::string> dtype;      ///< what the model is cast to
  std::optional<std::string> tokenizer;  ///< the directory of the tokenizer that goes along
  std::optional<std::string> config;     ///< a file: the destination's config.json
  std::optional<std::string> max_shard_size;
  std::optional<std::string> like;  ///< a checkpoint whose names, shapes and dtypes the result has to have
  bool dry_run = false;
  bool force = false;
  bool resume = false;  ///< go on with what a killed run left
  Resources resources = {};
};
[[nodiscard]] ExitCode run(const Console& console, const RunArguments& arguments);

struct VerifyArguments {
  std::string mapping;  ///< empty: the standard mapping that the checkpoint is for
  std::string from;
  std::optional<std::string> to;  ///< without it: there and back, to be compared with `from`
  std::vector<std::string> settings;
  std::optional<std::string> dtype = {};  ///< what the model is cast to
  Resources resources = {};
  std::optional<CheckpointFormat> from_format = {};  ///< what `from` is read as, whatever it is
};
/// Whether a checkpoint is what a conversion gives, or comes back as it was; writes nothing that stays.
[[nodiscard]] ExitCode verify(const Console& console, const VerifyArguments& arguments);

struct MappingsArguments {
  std::string mapping;  ///< empty: the standard mapping that the checkpoint is for
  std::string from;
  std::vector<std::string> settings;
  std::string state = "weight";        ///< or `module`: names of modules instead of tensors
  std::optional<std::string> to = {};  ///< the other side
};
/// The concrete rules after binding.
[[nodiscard]] ExitCode mappings(const Console& console, const MappingsArguments& arguments);

struct NewArguments {
  std::string from;
  std::optional<std::string> to;
  std::optional<std::string> like;  ///< a mapping to extend
};
/// Prints a first mapping for a checkpoint.
[[nodiscard]] ExitCode draft_new(const Console& console, const NewArguments& arguments);

struct ListArguments {
  std::vector<std::string> names;  ///< `std:NAME`, or the name of a side; empty: all
  bool is_long = false;            ///< all that is to say of each; with names always
};
/// The standard mappings, and what they do.
[[nodiscard]] ExitCode list_mappings(const Console& console, const ListArguments& arguments);

/// The page of a code, or without one all codes and what they mean.
[[nodiscard]] ExitCode explain(const Console& console, const std::optional<std::string>& code);

/// What a checkpoint holds.
[[nodiscard]] ExitCode inspect(const Console& console, const std::string& path);

struct DiffArguments {
  std::string a, b;
  std::optional<double> rtol, atol;  ///< numbers may differ by atol + rtol |b|; without either bits are compared
};
/// Whether two checkpoints are the same.
[[nodiscard]] ExitCode diff(const Console& console, const DiffArguments& arguments);

}  // namespace omap::driver
