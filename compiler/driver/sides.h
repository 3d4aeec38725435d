#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/bind/bind.h"
#include "runtime/bind/bind_modules.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/tokenizer_files.h"
#include "runtime/json/value.h"
#include "runtime/plan/plan.h"

namespace omap::driver {

/// `SIDE=PATH`
struct SidePath {
  std::string side;
  std::filesystem::path path;
  /// What it is read as; by its contents without it.
  std::optional<CheckpointFormat> format = {};
};
/// Nothing if there is no `=`, or nothing on one of its sides.
[[nodiscard]] std::optional<SidePath> parse_side_path(const std::string& text);

/// The direction that reads `from`; `to`, if given, has to be the other side.
[[nodiscard]] Result<Direction> direction_between(const Plan& plan, const std::string& from,
                                                  const std::optional<std::string>& to);

/// A checkpoint that is read, with the configs beside it.
struct Source {
  CheckpointReader reader;
  /// What its directory has of config.json and of the files that the plan names.
  Configs configs;
};
[[nodiscard]] Result<Source> open_source(const SidePath& from, const std::set<std::string>& files);

/// The config files that a plan reads or writes.
[[nodiscard]] std::set<std::string> config_files(const Plan& plan);

/// What a command line says about a conversion, beside the sides.
struct Choices {
  std::vector<std::string> settings;
  /// What the model is cast to.
  std::optional<Dtype> dtype = {};
  /// The directory of the tokenizer; without it, it is looked for near the source.
  std::optional<std::filesystem::path> tokenizer = {};
  /// The destination's config.json, instead of what the mapping says.
  std::optional<std::filesystem::path> config = {};
};

/// Opens the source, reads the settings, and binds, for a destination of this format.
struct Bound {
  Source source;
  Direction direction;
  BoundMapping mapping;
  /// What goes to the destination with the tensors.
  std::optional<TokenizerFiles> tokenizer = {};
};
[[nodiscard]] Result<Bound> bind_source(const Plan& plan, const SidePath& from, const std::optional<std::string>& to,
                                        const Choices& choices, std::string_view destination_format = "safetensors");

/// The same for a source that is open, of this side, with the configs that the plan names; for a safetensors
/// destination.
[[nodiscard]] Result<BoundMapping> bind_opened(const Plan& plan, const Source& source, const std::string& side,
                                               const std::optional<std::string>& to, const Choices& choices);

/// The same for names of modules.
[[nodiscard]] Result<std::vector<ModuleName>> bind_module_names(const Plan& plan, const SidePath& from,
                                                                const std::vector<std::string>& settings);

}  // namespace omap::driver
