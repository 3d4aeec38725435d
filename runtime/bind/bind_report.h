#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/bind/bind_instance.h"
#include "runtime/bind/environment.h"
#include "runtime/plan/plan.h"

namespace omap {

/// Collects what binding finds wrong and says it once: keys that share a fault are folded, an index value of which
/// nothing is there is one error, and a key that is missing beside one that is alike and unclaimed is a misnomer.
class BindReport {
 public:
  BindReport(const Plan& plan, Direction direction) : plan_(plan), direction_(direction) {}

  /// A source key that a rule expects; `found` or not: what is missing is seen against what is there.
  void expect(std::uint32_t rule, const std::string& key, const Scope& loops, bool found);
  void problem(std::uint32_t rule, const InstanceProblem& problem);
  void no_value(SourceRange range, const NoValue& why, std::string_view where);
  void add(Diagnostic diagnostic) { diagnostics_.push_back(std::move(diagnostic)); }

  /// Everything that was found. `unclaimed` are source keys that nothing reads.
  [[nodiscard]] Diagnostics finish(std::vector<std::string> unclaimed, Environment& environment);

 private:
  struct Expectation {
    std::size_t expected = 0;
    std::size_t missing = 0;
    std::set<std::uint32_t> rules;
  };
  struct Missing {
    std::uint32_t rule = 0;
    std::string key;
    std::vector<std::pair<std::string, std::string>> loops;
    bool said = false;
  };

  void say_missing_values();
  void say_missing_keys(std::vector<std::string>& unclaimed);
  void say_problems();
  [[nodiscard]] std::string_view source_name() const { return plan_.source_side(direction_).name; }

  const Plan& plan_;
  Direction direction_;
  Diagnostics diagnostics_;
  /// By index and value.
  std::map<std::pair<std::string, std::string>, Expectation> by_value_;
  std::vector<Missing> missing_;
  std::set<std::pair<std::string, std::string>> no_values_;
  struct Fault {
    std::uint32_t rule = 0;
    Code code{};
    std::string what;
    friend auto operator<=>(const Fault&, const Fault&) = default;
  };
  struct Found {
    std::vector<std::string> keys;
    std::string axis;
  };
  std::map<Fault, Found> problems_;
};

}  // namespace omap
