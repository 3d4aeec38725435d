#include <algorithm>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "runtime/plan/assumptions.h"
#include "runtime/plan/exclusion.h"
#include "runtime/plan/key_piece.h"
#include "runtime/plan/key_trie.h"
#include "runtime/plan/op_form.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

constexpr std::size_t max_errors = 100;
constexpr std::size_t max_notes = 20;

struct Written {
  const Rule* rule = nullptr;
  const Term* term = nullptr;
  const KeyTemplate* key = nullptr;
  /// It is not what the rule writes, but what it reads in its place when it runs back: an alternative.
  bool alternative = false;
};

/// Keys with another alternative than the first, which is what is written.
std::vector<KeyTemplate> other_alternatives(const KeyTemplate& key) {
  constexpr std::size_t most = 16;
  std::vector<KeyTemplate> all{key};
  for (std::size_t part = 0; part < key.parts.size(); ++part) {
    if (key.parts[part].kind != KeyPart::Kind::alternatives) continue;
    const std::size_t so_far = all.size();
    for (std::size_t name = 1; name < key.parts[part].names.size() && all.size() < most; ++name) {
      for (std::size_t i = 0; i < so_far; ++i) {
        all.push_back(all[i]);
        all.back().parts[part].names = {key.parts[part].names[name]};
      }
    }
  }
  all.erase(all.begin());
  return all;
}

/// Whether the values in a key can be read off its text from the left: each ends where what follows it begins.
bool reads_in_one_way(const std::vector<KeyPiece>& key) {
  for (std::size_t i = 0; i + 1 < key.size(); ++i) {
    const KeyPiece& next = key[i + 1];
    switch (key[i].kind) {
      case KeyPiece::Kind::text:
      case KeyPiece::Kind::number:  // plan/prove_keys.cpp
        break;
      case KeyPiece::Kind::choice:
        if (next.kind != KeyPiece::Kind::text || std::ranges::any_of(key[i].names, [&](const std::string& name) {
              return name.find(next.text.front()) != std::string::npos;
            })) {
          return false;
        }
        break;
      default:
        return false;
    }
  }
  return true;
}

class Proof {
 public:
  Proof(const Plan& plan, Diagnostics& diagnostics) : plan_(plan), diagnostics_(diagnostics), exclusions_(plan) {}

  bool run() {
    for (const auto* rules : {&plan_.rules, &plan_.modules}) {
      for (const Direction direction : {Direction::right, Direction::left}) {
        if (!complete_ || errors_ == max_errors) break;
        prove(direction, *rules);
      }
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
  void prove(Direction direction, const std::vector<Rule>& rules) {
    KeyTrie trie;
    std::vector<Written> written;
    for (const Rule& rule : rules) {
      if (!rule.runs(direction)) continue;
      for (const Term& term : rule.destinations(direction)) {
        tell_apart(direction, {&rule, &term, &term.key});
        add({&rule, &term, &term.key}, direction, trie, written);
        if (rule.to_left && rule.to_right) {
          for (KeyTemplate& key : other_alternatives(term.key)) {
            alternatives_.push_back(std::move(key));
            add({&rule, &term, &alternatives_.back(), true}, direction, trie, written);
          }
        }
        if (!complete_ || errors_ == max_errors) return;
      }
    }
  }

  void add(const Written& added, Direction direction, KeyTrie& trie, std::vector<Written>& written) {
    if (!complete_) return;
    met_.clear();
    complete_ =
        trie.add(key_pieces(exclusions_.sorts(), *added.key, 0), static_cast<std::uint32_t>(written.size()), met_);
    written.push_back(added);
    for (const std::uint32_t other : met_) {
      if (exclusions_.exhausted()) complete_ = false;
      if (!complete_) return;
      const bool own = added.term == written[other].term;
      if (own || (added.alternative && written[other].alternative)) continue;
      if (clash(direction, added, written[other])) return;
    }
  }

  [[nodiscard]] static Claim claim(const Written& written) {
    return {written.key, written.rule->when ? &*written.rule->when : nullptr, written.rule->optional};
  }

  /// Numbers in a key end where their digits do; texts may hold what stands between them.
  void tell_apart(Direction direction, const Written& written) {
    if (reads_in_one_way(key_pieces(exclusions_.sorts(), *written.key, 0))) return;
    const Exclusion found = exclusions_.within(claim(written));
    if (found.outcome == Exclusion::Outcome::disjoint) return;
    const std::string key = to_text(*written.key);
    if (found.outcome == Exclusion::Outcome::unknown) {
      if (!noted_.emplace(written.term, written.term).second) return;
      diagnostics_.push_back(Diagnostic(Code::overlap_unproven, written.term->range,
                                        "it could not be shown that `{}` of `{}` is another key for all values of its "
                                        "indexes",
                                        key, plan_.destination_side(direction).name)
                                 .note("binding decides, for each checkpoint"));
      return;
    }
    ++errors_;
    diagnostics_.push_back(Diagnostic(Code::index_not_in_key, written.term->range,
                                      "`{}` of `{}` may be one key for different values of its indexes", key,
                                      plan_.destination_side(direction).name)
                               .note("for {}", found.witness)
                               .help("put something between the placeholders that none of their values holds"));
  }

  /// Whether a rule asks for what cannot be read in this direction: then it need not come to writing anything.
  [[nodiscard]] bool reads_destination(Direction direction, const Written& written) const {
    const std::string& side = plan_.destination_side(direction).name;
    bool found = false;
    const auto visit = [&](const Expr& expr) {
      const bool of_side =
          expr.op == Expr::Op::config || expr.op == Expr::Op::config_file || op_form(expr.op) == OpForm::keyed;
      found = found || (of_side && expr.name == side);
    };
    for_each_expr(*written.key, visit);
    if (written.rule->when) for_each_expr(*written.rule->when, visit);
    for (const std::string& name : indexes_of(claim(written))) {
      const Index& index = *exclusions_.sorts().index(name);
      for_each_expr(index.list, visit);
      if (index.when) for_each_expr(*index.when, visit);
    }
    return found;
  }

  /// Whether an error was found: one of each term is enough.
  bool clash(Direction direction, const Written& later, const Written& earlier) {
    Exclusion found = exclusions_.between(claim(later), claim(earlier));
    if (found.outcome == Exclusion::Outcome::clash &&
        (reads_destination(direction, later) || reads_destination(direction, earlier))) {
      found.outcome = Exclusion::Outcome::unknown;
    }
    if (found.outcome == Exclusion::Outcome::unknown) unproven(direction, later, earlier);
    if (found.outcome != Exclusion::Outcome::clash) return false;
    ++errors_;
    if (later.alternative || earlier.alternative) {
      alternative_clash(direction, later, earlier, found);
      return true;
    }
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
    std::string help = "drop one of them, or ";
    const bool equation =
        (later.rule->to_left && later.rule->to_right) || (earlier.rule->to_left && earlier.rule->to_right);
    if (equation)
      help +=
          fmt::format("make it a rule of the other direction, `{}`, or ", direction == Direction::right ? "<-" : "->");
    const bool conditional = later.rule->when || earlier.rule->when;
    help += conditional ? "give them conditions that exclude each other" : "say which when: `when CONDITION`";
    diagnostics_.push_back(std::move(diagnostic).help("{}", help));
    return true;
  }

  void alternative_clash(Direction direction, const Written& later, const Written& earlier, const Exclusion& found) {
    const Written& reader = later.alternative ? later : earlier;
    const Written& writer = later.alternative ? earlier : later;
    Diagnostic diagnostic(Code::key_written_twice, writer.term->range,
                          "`{}` of `{}` is written, and is another rule's `{}` when that is read back",
                          to_text(writer.term->key), plan_.destination_side(direction).name, to_text(reader.term->key));
    diagnostic.secondary.push_back({reader.term->range, "read by either name"});
    if (!found.witness.empty()) diagnostic.notes.push_back("for " + found.witness);
    diagnostics_.push_back(
        std::move(diagnostic)
            .help("take this name out of the alternatives, or give the rules conditions that exclude each other"));
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
  /// Pairs of rules, or twice a term.
  std::set<std::pair<const void*, const void*>> noted_;
  std::deque<KeyTemplate> alternatives_;
  std::vector<std::uint32_t> met_;
  std::size_t errors_ = 0;
  std::size_t further_ = 0;
  bool complete_ = true;
};

}  // namespace

bool prove_disjoint(const Plan& plan, Diagnostics& diagnostics) { return Proof(plan, diagnostics).run(); }

}  // namespace omap
