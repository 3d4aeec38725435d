#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bounds.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"
#include "runtime/torch/convert_options.h"
#include "runtime/torch/state_dict.h"

namespace omap {

/// What a state holds: weights, or things that belong to modules, such as activations, by the modules' names.
enum class StateType : std::uint8_t { weight, module };

/// One concrete mapping: tensors of the source that become tensors of the destination together.
struct StateMapping {
  /// In the order of the rule's terms; a tensor that others are computed with is among the sources.
  std::vector<std::string> source_keys, dest_keys;
  /// Parallel to the keys. Of a module there are none.
  std::vector<std::vector<std::int64_t>> source_shapes, dest_shapes;
  /// What happens to the axes, as the mapping says it, from source to destination:
  /// `experts.{expert}.w1[h d] -> w1[(expert d) h]`.
  std::string equation;
  /// The extent of each axis in it.
  std::vector<std::pair<std::string, std::int64_t>> extents;
};

/// Converts states by a plan, in one direction. A value; safe to use from several threads at once. Nothing throws:
/// exceptions of LibTorch, and allocations that fail, are errors too (OM7006).
///
///     const auto converter = StateConverter(plan, Direction::right);
///     auto converted = converter.convert(std::move(state), {{"layer", 32}}, StateType::weight,
///                                        {.release_sources = true});
class StateConverter {
 public:
  /// `configs` are the source side's, by file name: what the plan reads as `SIDE.path`.
  explicit StateConverter(Plan plan, Direction direction = Direction::right, Configs configs = {});

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] Direction direction() const { return direction_; }

  /// What would be converted into what. Looks at keys, dtypes and shapes only. All that is wrong is reported together,
  /// as binding a checkpoint does: keys that are missing, that nothing reads, shapes that do not fit.
  /// `bounds` gives params their values and indexes their counts or lists, by name; what the state and the configs tell
  /// need not be given.
  ///
  /// Of modules, the names that are in the state and that a rule maps; all other names are no error.
  [[nodiscard]] Result<std::vector<StateMapping>> get_mappings(const StateDict& state, const Bounds& bounds = {},
                                                               StateType type = StateType::weight) const;

  /// The new state, in the order of the plan's rules. Its tensors are plain: they require no gradient. Of modules, the
  /// mapped names with the tensors themselves.
  ///
  /// The state is taken by value: a caller that keeps it passes a copy, which shares the tensors; one that gives it
  /// away lets `release_sources` free them on the way. Where LibTorch holds a tensor in a lazy form (conjugated,
  /// negated), it is made plain first.
  [[nodiscard]] Result<StateDict> convert(StateDict state, const Bounds& bounds = {},
                                          StateType type = StateType::weight, const ConvertOptions& options = {}) const;

 private:
  Plan plan_;
  Direction direction_;
  Configs configs_;
};

}  // namespace omap
