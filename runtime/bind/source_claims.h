#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/bind/bind_report.h"
#include "runtime/bind/bound_rule.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/bind/source_keys.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Which tensors of a source are read by something. Refers to its arguments.
class SourceClaims {
 public:
  SourceClaims(const Plan& plan, const SourceKeys& keys, BindReport& report)
      : plan_(plan), keys_(keys), report_(report), claimed_(keys.index().tensors().size(), false) {}

  /// The tensors that an instance of a rule reads, which are claimed. Those that are not there lack in the result, and
  /// are reported unless the rule is optional.
  [[nodiscard]] SourceTensors claim(std::uint32_t rule, const RuleInstance& instance);
  void claim(std::uint32_t tensor) { claimed_[tensor] = true; }
  [[nodiscard]] bool is_claimed(std::uint32_t tensor) const { return claimed_[tensor]; }
  /// By place in the TensorIndex: whether the tensor is claimed.
  [[nodiscard]] std::vector<bool>& claimed() { return claimed_; }

 private:
  std::optional<std::uint32_t> claim_key(std::uint32_t rule, const std::vector<std::string>& texts, const Scope& loops);
  std::optional<std::uint32_t> find(std::uint32_t rule, const std::vector<std::string>& texts);

  const Plan& plan_;
  const SourceKeys& keys_;
  BindReport& report_;
  std::vector<bool> claimed_;
};

/// How many tensors an instance reads, and how many of them are there.
struct SourceCount {
  std::size_t wanted = 0;
  std::size_t found = 0;
  [[nodiscard]] bool complete() const { return wanted == found; }
};
[[nodiscard]] SourceCount count_sources(const RuleInstance& instance, const SourceTensors& tensors);

}  // namespace omap
