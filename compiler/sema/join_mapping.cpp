#include "compiler/sema/join_mapping.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "compiler/sema/edit_meets_nothing.h"
#include "compiler/sema/join_config.h"
#include "compiler/sema/rule_keys.h"
#include "diagnostics/nearest.h"

namespace omap::sema {
namespace {

void collect_axes(const std::vector<ast::Axis>& axes, std::set<std::string, std::less<>>& names) {
  for (const ast::Axis& axis : axes) {
    if (!axis.text.empty()) names.insert(axis.text);
    collect_axes(axis.parts, names);
  }
}

class Joining {
 public:
  Joining(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics)
      : mapping_(mapping), base_(base), diagnostics_(diagnostics) {}

  void join() {
    if (!same_sides()) return;
    symbols();
    for (const auto& rule : base_.rules) {
      for (const auto* side : {&rule.node->left, &rule.node->right}) {
        for (const ast::Term& term : *side) {
          if (term.shape) collect_axes(term.shape->dims, mapping_.inherited_axes);
        }
      }
    }
    params();
    const std::size_t own_rules = mapping_.rules.size();
    mapping_.rules = rules(mapping_.rules, base_.rules);
    mapping_.inherited_rules = mapping_.rules.size() - own_rules;
    mapping_.modules = rules(mapping_.modules, base_.modules);
    edits();
    join_config(mapping_, base_, diagnostics_);
    prepend(mapping_.indexes, base_.indexes);
    prepend(mapping_.prefixes, base_.prefixes);
    prepend(mapping_.ignores, base_.ignores);
    prepend(mapping_.sames, base_.sames);
    mapping_.removes.clear();
    mapping_.restricts.clear();
  }

 private:
  void report(Diagnostic diagnostic) { diagnostics_.push_back(std::move(diagnostic)); }

  template <class Element>
  static void prepend(std::vector<Element>& own, const std::vector<Element>& inherited) {
    own.insert(own.begin(), inherited.begin(), inherited.end());
  }

  [[nodiscard]] const std::string& base_name() const { return base_.syntax->name.text; }

  bool same_sides() {
    if (mapping_.syntax->left.text == base_.syntax->left.text &&
        mapping_.syntax->right.text == base_.syntax->right.text) {
      return true;
    }
    report(Diagnostic(Code::wrong_side, mapping_.syntax->base->range, "`{}` is between `{}` and `{}`, not these sides",
                      base_name(), base_.syntax->left.text, base_.syntax->right.text)
               .help("a mapping has the sides of the one that it extends"));
    return false;
  }

  void symbols() {
    for (const auto& [name, symbol] : base_.symbols) {
      if (symbol.kind == Symbol::Kind::param) mapping_.inherited_params.insert(name);
      const auto [own, is_new] = mapping_.symbols.try_emplace(name, symbol);
      if (is_new || symbol.kind == Symbol::Kind::side) continue;
      const bool both_params = symbol.kind == Symbol::Kind::param && own->second.kind == symbol.kind;
      if (both_params && overrides(name)) {
        mapping_.inherited_params.erase(name);
        continue;
      }
      report(Diagnostic(Code::inherited_clash, own->second.range, "`{}` is inherited from `{}`", name, base_name())
                 .label("declared again here")
                 .also(symbol.range, "inherited from here")
                 .help("{}", both_params ? fmt::format("`override param {}: ...` gives it another value", name)
                                         : std::string("choose another name")));
    }
  }

  [[nodiscard]] bool overrides(const std::string& param) const {
    return std::ranges::any_of(mapping_.params,
                               [&](const auto& p) { return p.node->override_ && p.node->name.text == param; });
  }

  void params() {
    for (const auto& param : mapping_.params) {
      if (!param.node->override_) continue;
      const std::string& name = param.node->name.text;
      // That it is something else there has been said.
      if (base_.symbols.contains(name)) continue;
      std::vector<std::string> params;
      for (const auto& inherited : base_.params) params.push_back(inherited.node->name.text);
      const auto near = nearest(name, params);
      report(edit_meets_nothing(
          base_, param.node->name.range, fmt::format("no param `{}`", name),
          near ? fmt::format("did you mean `{}`?", *near) : "a new param has no `override` before it"));
    }
    // Another value of a param is for the same purpose.
    for (auto& param : mapping_.params) {
      const auto of = std::ranges::find_if(
          base_.params, [&](const auto& base) { return base.node->name.text == param.node->name.text; });
      if (param.doc.empty() && of != base_.params.end()) param.doc = of->doc;
    }
    auto inherited = base_.params;
    std::erase_if(inherited, [&](const auto& param) { return overrides(param.node->name.text); });
    prepend(mapping_.params, inherited);
  }

  void meets_no_rule(SourceRange range, std::string_view what) {
    report(edit_meets_nothing(base_, range, what,
                              "write keys as the inherited rules do, prefixes and placeholders included"));
  }

  /// Rules of the base, without those that an own rule overrides, then the own ones.
  std::vector<InContext<ast::Rule>> rules(const std::vector<InContext<ast::Rule>>& own,
                                          const std::vector<InContext<ast::Rule>>& inherited) {
    std::vector<RuleKeys> keys;                                         // of the base
    std::unordered_map<std::string, std::vector<std::size_t>> writers;  // of the base, by key
    for (std::size_t i = 0; i < inherited.size(); ++i) {
      keys.push_back(keys_of(inherited[i]));
      for (const std::string& key : keys.back().written) writers[key].push_back(i);
    }
    std::vector<bool> dropped(inherited.size(), false);
    for (const auto& rule : own) {
      if (!rule.node->override_) continue;
      bool met = false;
      for (const std::string& key : keys_of(rule).all) {
        const auto found = writers.find(key);
        if (found == writers.end()) continue;
        met = true;
        for (const std::size_t i : std::exchange(found->second, {})) dropped[i] = true;
      }
      if (!met) meets_no_rule(rule.range, "no rule that writes one of these keys");
    }
    drop_removed(keys, dropped);
    std::vector<InContext<ast::Rule>> all;
    for (std::size_t i = 0; i < inherited.size(); ++i) {
      if (dropped[i]) continue;
      all.push_back(inherited[i]);
      restrict(all.back(), keys[i].all);
    }
    std::unordered_map<std::string_view, std::size_t> standing;  // the first that writes a key, and was left as it is
    for (std::size_t i = 0; i < inherited.size(); ++i) {
      if (dropped[i] || conditional(inherited[i]) || restricted_.contains(inherited[i].node)) continue;
      for (const std::string& key : keys[i].written) standing.try_emplace(key, i);
    }
    for (const auto& rule : own) {
      if (!rule.node->override_) clash(rule, inherited, standing);
      all.push_back(rule);
    }
    return all;
  }

  void drop_removed(const std::vector<RuleKeys>& inherited, std::vector<bool>& dropped) {
    for (const auto& remove : mapping_.removes) {
      const std::string pattern = pattern_of(remove);
      for (std::size_t i = 0; i < inherited.size(); ++i) {
        if (!any_matches(pattern, inherited[i].all)) continue;
        dropped[i] = true;
        met_.insert(remove.node);
      }
    }
  }

  void restrict(InContext<ast::Rule>& rule, const Keys& keys) {
    for (const auto& restriction : mapping_.restricts) {
      if (!any_matches(pattern_of(restriction), keys)) continue;
      rule.conditions.insert(rule.conditions.end(), restriction.conditions.begin(), restriction.conditions.end());
      rule.conditions.push_back({&restriction.node->when, false});
      met_.insert(restriction.node);
      restricted_.insert(rule.node);
    }
  }

  template <class Node>
  std::string pattern_of(const InContext<Node>& edit) const {
    return side_key(edit.node->pattern.side.text == mapping_.syntax->left.text, edit.prefixes, edit.node->pattern.key);
  }

  static bool conditional(const InContext<ast::Rule>& rule) { return !rule.conditions.empty() || rule.node->when; }

  /// An own rule that writes what an inherited one writes, both always. Where one has a condition, whether they can
  /// both hold is for the proofs to say.
  void clash(const InContext<ast::Rule>& rule, const std::vector<InContext<ast::Rule>>& inherited,
             const std::unordered_map<std::string_view, std::size_t>& standing) {
    if (conditional(rule)) return;
    for (const std::string& key : keys_of(rule).written) {
      const auto found = standing.find(key);
      if (found == standing.end()) continue;
      report(Diagnostic(Code::inherited_clash, rule.range, "`{}` is written by an inherited rule already",
                        std::string_view(key).substr(1))
                 .also(inherited[found->second].range, "inherited from here")
                 .help("`override` before this rule replaces that one; `restrict {}:KEY when ...` limits it",
                       key.front() == '<' ? mapping_.syntax->left.text : mapping_.syntax->right.text));
      return;
    }
  }

  /// Ties go with the rules of their keys.
  void edits() {
    std::vector<InContext<ast::Tie>> ties;
    for (const auto& tie : base_.ties) {
      bool removed = false;
      for (const auto& remove : mapping_.removes) {
        const bool left = tie.node->written.side.text == mapping_.syntax->left.text;
        if (!matches(pattern_of(remove), side_key(left, tie.prefixes, tie.node->written.key))) continue;
        removed = true;
        met_.insert(remove.node);
      }
      if (!removed) ties.push_back(tie);
    }
    prepend(mapping_.ties, ties);
    const auto unmet = [&](const auto& edit) {
      if (!met_.contains(edit.node)) meets_no_rule(edit.range, "no rule with such a key");
    };
    std::ranges::for_each(mapping_.removes, unmet);
    std::ranges::for_each(mapping_.restricts, unmet);
  }

  CheckedMapping& mapping_;
  const CheckedMapping& base_;
  Diagnostics& diagnostics_;
  /// Edits that changed something, and rules that were restricted.
  std::set<const void*> met_;
  std::set<const void*> restricted_;
};

}  // namespace

void join_mapping(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics) {
  Joining(mapping, base, diagnostics).join();
}

}  // namespace omap::sema
