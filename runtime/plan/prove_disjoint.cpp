#include <set>
#include <utility>
#include <vector>

#include "runtime/plan/exclusion.h"
#include "runtime/plan/key_piece.h"
#include "runtime/plan/key_trie.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

constexpr std::size_t max_errors = 100;
constexpr std::size_t max_notes = 20;

struct Written {
  std::uint32_t rule = 0;
  const Term* term = nullptr;
};

class Proof {
 public:
  Proof(const Plan& plan, Diagnostics& diagnostics) : plan_(plan), diagnostics_(diagnostics), exclusions_(plan) {}

  bool run() {
    for (const Direction direction : {Direction::right, Direction::left}) {
      if (!complete_ || errors_ == max_errors) break;
      prove(direction);
    }
    if (further_ > 0) {
      diagnostics_.push_back(Diagnostic(
          Code::overlap_unproven, "of {} more pair{} of rules it could not be shown that they never write one key",
          further_, further_ == 1 ? "" : "s"));
    }
    if (!complete_) {
      diagnostics_.push_back(
          Diagnostic(Code::overlap_unproven, "too many keys are alike: not every pair of rules was looked at")
              .note("binding decides, for each checkpoint"));
    }
    return errors_ == 0;
  }

 private:
  void prove(Direction direction) {
    KeyTrie trie;
    std::vector<Written> written;
    std::vector<std::uint32_t> met;
    for (std::uint32_t rule = 0; rule < plan_.rules.size(); ++rule) {
      if (!plan_.rules[rule].runs(direction)) continue;
      for (const Term& term : plan_.rules[rule].destinations(direction)) {
        met.clear();
        complete_ =
            trie.add(key_pieces(exclusions_.sorts(), term.key, 0), static_cast<std::uint32_t>(written.size()), met);
        written.push_back({rule, &term});
        for (const std::uint32_t other : met) {
          if (exclusions_.exhausted()) complete_ = false;
          if (!complete_ || clash(direction, written.back(), written[other])) break;
        }
        if (!complete_ || errors_ == max_errors) return;
      }
    }
  }

  [[nodiscard]] Claim claim(const Written& written) const {
    const Rule& rule = plan_.rules[written.rule];
    return {&written.term->key, rule.when ? &*rule.when : nullptr, rule.optional};
  }

  /// Whether an error was found: one of each term is enough.
  bool clash(Direction direction, const Written& later, const Written& earlier) {
    const Exclusion found = exclusions_.between(claim(later), claim(earlier));
    if (found.outcome == Exclusion::Outcome::unknown) unproven(direction, later, earlier);
    if (found.outcome != Exclusion::Outcome::clash) return false;
    ++errors_;
    const std::string key = to_text(later.term->key);
    const std::string other = to_text(earlier.term->key);
    const std::string& side = plan_.destination_side(direction).name;
    auto diagnostic =
        key == other
            ? Diagnostic(Code::key_written_twice, later.term->range, "`{}` of `{}` is written twice", key, side)
            : Diagnostic(Code::key_written_twice, later.term->range,
                         "`{}` and `{}` of `{}` may be one key, which is written twice", key, other, side);
    diagnostic.secondary.push_back({earlier.term->range, "here too"});
    if (!found.witness.empty()) diagnostic.notes.push_back("for " + found.witness);
    const bool conditional = plan_.rules[later.rule].when || plan_.rules[earlier.rule].when;
    diagnostics_.push_back(std::move(diagnostic)
                               .help("{}", conditional
                                               ? "drop one of them, or give them conditions that exclude each other"
                                               : "drop one of them, or say which when: `when CONDITION`"));
    return true;
  }

  void unproven(Direction direction, const Written& later, const Written& earlier) {
    if (!noted_.emplace(later.rule, earlier.rule).second) return;
    if (noted_.size() > max_notes) {
      ++further_;
      return;
    }
    const std::string& side = plan_.destination_side(direction).name;
    const std::string key = to_text(later.term->key);
    const std::string other = to_text(earlier.term->key);
    auto diagnostic =
        key == other
            ? Diagnostic(Code::overlap_unproven, later.term->range,
                         "it could not be shown that `{}` of `{}` is never written twice", key, side)
            : Diagnostic(Code::overlap_unproven, later.term->range,
                         "it could not be shown that `{}` and `{}` of `{}` are never one key", key, other, side);
    diagnostics_.push_back(
        std::move(diagnostic)
            .also(earlier.term->range, "the other rule")
            .note("binding decides, for each checkpoint")
            .help("to have it proved, write conditions of which one is the other's `not`: `when C` and `when not C`"));
  }

  const Plan& plan_;
  Diagnostics& diagnostics_;
  Exclusions exclusions_;
  std::set<std::pair<std::uint32_t, std::uint32_t>> noted_;
  std::size_t errors_ = 0;
  std::size_t further_ = 0;
  bool complete_ = true;
};

}  // namespace

bool prove_disjoint(const Plan& plan, Diagnostics& diagnostics) { return Proof(plan, diagnostics).run(); }

}  // namespace omap
