#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/copy_program.h"
#include "runtime/bind/environment.h"
#include "runtime/checkpoint/tensor_index.h"
#include "runtime/dtype/dtype.h"
#include "runtime/plan/plan.h"

namespace omap {

/// A rule for one value of each of its loop indexes, with the keys that it met; or a tensor that keeps its name.
struct ConcreteRule {
  /// In the plan's rules; `sames` begin behind the last of them.
  std::uint32_t rule = 0;
  /// Places in the source's TensorIndex.
  std::vector<std::uint32_t> sources;
  /// Places in CopyProgram::destinations.
  std::vector<std::uint32_t> destinations;
  std::vector<std::pair<std::string, std::int64_t>> extents;
};

struct BoundMapping {
  CopyProgram program;
  /// In the order of the plan's rules.
  std::vector<ConcreteRule> rules;
  /// What the destination's directory holds beside tensors, by file.
  Configs configs;
  /// What a user should know before the run: no errors.
  Diagnostics notes;
  /// The same about `configs`: fields that nothing tells.
  Diagnostics config_notes;
  std::size_t ignored = 0;
  std::size_t outside_root = 0;
};

struct BindOptions {
  Direction direction = Direction::right;
  /// What the source is read as and the destination written as. A side's root is part of the keys only in the format
  /// that its declaration names.
  std::string source_format = "safetensors";
  std::string destination_format = "safetensors";
  Settings settings;
  /// What a model is cast to on its way: see `ModelCast`. A float that `encode` knows.
  std::optional<Dtype> dtype = {};
  /// Files of the tokenizer that goes to the destination as it is, by name: those that the plan reads.
  Configs tokenizer = {};
  /// Config files of the destination that the user gives, by name: they are written instead of the plan's.
  Configs given_configs = {};
};

/// Joins a plan and the headers of a checkpoint: matches keys, unifies extents, and proves that every index range is
/// met exactly, every source is consumed or ignored, and every byte of every destination is written exactly once.
/// All that is wrong is reported together, keys folded. No tensor's bytes are read. `configs` are the source's.
[[nodiscard]] Result<BoundMapping> bind_plan(const Plan& plan, const TensorIndex& source, const Configs& configs,
                                             const BindOptions& options);

/// `name=value` texts as values of the plan's params: ints, floats, `true`/`false`, strings as they stand; lists and
/// configs as JSON.
[[nodiscard]] Result<Settings> parse_settings(const Plan& plan, const std::vector<std::string>& texts);

}  // namespace omap
