#include "compiler/sema/inherit.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "compiler/sema/key_spelling.h"
#include "compiler/sema/rule_indexes.h"
#include "diagnostics/nearest.h"

namespace omap::sema {
namespace {

using Keys = std::unordered_set<std::string>;

/// A key of a side as one text. Sides are told apart by the first character.
std::string side_key(bool left, const std::vector<const ast::Prefix*>& prefixes, const ast::Key& key) {
  return (left ? "<" : ">") + spell_key(prefix_keys(prefixes, left), key);
}

struct RuleKeys {
  Keys all;
  /// By direction: towards the left, towards the right.
  Keys written;
};

RuleKeys keys_of(const InContext<ast::Rule>& rule) {
  RuleKeys keys;
  for (const bool left : {true, false}) {
    const bool written = left ? rule.node->arrow != ast::Arrow::right : rule.node->arrow != ast::Arrow::left;
    for (const ast::Term& term : left ? rule.node->left : rule.node->right) {
      if (term.fill) continue;
      const std::string key = side_key(left, rule.prefixes, term.key);
      keys.all.insert(key);
      if (written) keys.written.insert(key);
    }
  }
  return keys;
}

/// Both with their side's character.
bool matches(const std::string& pattern, const std::string& key) {
  return pattern.front() == key.front() && covers(std::string_view(pattern).substr(1), std::string_view(key).substr(1));
}

bool any_matches(const std::string& pattern, const Keys& keys) {
  return std::ranges::any_of(keys, [&](const std::string& key) { return matches(pattern, key); });
}

/// The paths that a line is about, with their file and side; or of these only the ones that it writes.
Keys paths_of(const CheckedMapping& mapping, const CheckedConfigLine& line, bool written = false) {
  const ast::ConfigLine& node = *line.line.node;
  if (written && node.kind == ast::ConfigLine::Kind::ignore) return {};
  const auto path = [&](const std::string& side, const ast::Expr& at) {
    return line.file + ":" + (side.empty() ? "" : side + ".") + spell_path(at);
  };
  if (node.kind != ast::ConfigLine::Kind::equation) return {path("", node.target)};
  Keys paths;
  if (!written || node.arrow != ast::Arrow::right) paths.insert(path(mapping.syntax->left.text, node.target));
  if (!written || node.arrow != ast::Arrow::left) paths.insert(path(mapping.syntax->right.text, *node.source));
  return paths;
}

void collect_axes(const std::vector<ast::Axis>& axes, std::set<std::string, std::less<>>& names) {
  for (const ast::Axis& axis : axes) {
    if (!axis.text.empty()) names.insert(axis.text);
    collect_axes(axis.parts, names);
  }
}

/// What joining a mapping copies from its base.
std::size_t copied_from(const CheckedMapping& base) {
  std::size_t count = base.symbols.size() + base.params.size() + base.indexes.size() + base.prefixes.size() +
                      base.ties.size() + base.ignores.size() + base.sames.size() + base.config.size() +
                      base.inherited_axes.size();
  for (const auto* rules : {&base.rules, &base.modules}) {
    for (const auto& rule : *rules) count += 1 + rule.prefixes.size() + rule.conditions.size();
  }
  return count;
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
    config();
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
      meets_nothing(param.node->name.range, fmt::format("no param `{}`", name),
                    near ? fmt::format("did you mean `{}`?", *near) : "a new param has no `override` before it");
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

  void meets_nothing(SourceRange range, const std::string& what,
                     std::string_view help =
                         "write keys as the inherited rules do, prefixes and placeholders "
                         "included") {
    report(Diagnostic(Code::edit_meets_nothing, range, "`{}` has {} to change", base_name(), what)
               .label("meets nothing")
               .also(base_.syntax->name.range, "what is inherited")
               .help("{}", help));
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
      if (!met) meets_nothing(rule.range, "no rule that writes one of these keys");
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

  /// Lines with conditions may exclude each other.
  void config_clashes(const std::vector<CheckedConfigLine>& inherited) {
    const auto always = [](const CheckedConfigLine& l) { return l.line.conditions.empty() && !l.line.node->when; };
    std::unordered_map<std::string, const CheckedConfigLine*> writers;
    for (const CheckedConfigLine& line : inherited) {
      if (!always(line)) continue;
      for (const std::string& path : paths_of(base_, line, true)) writers.try_emplace(path, &line);
    }
    for (const CheckedConfigLine& line : mapping_.config) {
      if (line.line.node->override_ || !always(line)) continue;
      for (const std::string& path : paths_of(mapping_, line, true)) {
        const auto found = writers.find(path);
        if (found == writers.end()) continue;
        report(Diagnostic(Code::inherited_clash, line.line.range, "an inherited line writes this path already")
                   .also(found->second->line.range, "inherited from here")
                   .help("`override` before this line replaces that one"));
        break;
      }
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
      if (!met_.contains(edit.node)) meets_nothing(edit.range, "no rule with such a key");
    };
    std::ranges::for_each(mapping_.removes, unmet);
    std::ranges::for_each(mapping_.restricts, unmet);
  }

  void meets_no_line(const CheckedConfigLine& edit) {
    meets_nothing(edit.line.range, "no config line about this path",
                  "write the path as the inherited line does, in the section of the same file");
  }

  /// `remove` takes a path with all that is in it.
  void drop_inside(const std::string& path, const std::map<std::string, std::vector<std::size_t>>& inherited,
                   std::vector<bool>& dropped, const CheckedConfigLine& remove) {
    bool met = false;
    for (auto at = inherited.lower_bound(path); at != inherited.end() && at->first.starts_with(path); ++at) {
      const std::string_view rest = std::string_view(at->first).substr(path.size());
      if (!rest.empty() && rest.front() != '.' && rest.front() != '[') continue;
      for (const std::size_t i : at->second) {
        // What is not read stays so, whatever is no longer written around it.
        if (!rest.empty() && base_.config[i].line.node->kind == ast::ConfigLine::Kind::ignore) continue;
        dropped[i] = true;
        met = true;
      }
    }
    if (!met) meets_no_line(remove);
  }

  void config() {
    std::map<std::string, std::vector<std::size_t>> inherited;  // lines of the base, by path
    for (std::size_t i = 0; i < base_.config.size(); ++i) {
      for (const std::string& path : paths_of(base_, base_.config[i])) inherited[path].push_back(i);
    }
    std::vector<bool> dropped(base_.config.size(), false);
    const auto drop = [&](const CheckedConfigLine& edit) {
      bool met = false;
      for (const std::string& path : paths_of(mapping_, edit)) {
        const auto found = inherited.find(path);
        if (found == inherited.end()) continue;
        met = true;
        for (const std::size_t i : std::exchange(found->second, {})) dropped[i] = true;
      }
      if (!met) meets_no_line(edit);
    };
    for (const auto& line : mapping_.config) {
      if (line.line.node->override_) drop(line);
    }
    for (const CheckedConfigLine& remove : mapping_.config_removes) {
      for (const std::string& path : paths_of(mapping_, remove)) drop_inside(path, inherited, dropped, remove);
    }
    std::vector<CheckedConfigLine> kept;
    for (std::size_t i = 0; i < dropped.size(); ++i) {
      if (!dropped[i]) kept.push_back(base_.config[i]);
    }
    config_clashes(kept);
    prepend(mapping_.config, kept);
    mapping_.config_removes.clear();
  }

  CheckedMapping& mapping_;
  const CheckedMapping& base_;
  Diagnostics& diagnostics_;
  /// Edits that changed something, and rules that were restricted.
  std::set<const void*> met_;
  std::set<const void*> restricted_;
};

class Inheritance {
 public:
  Inheritance(std::vector<CheckedMapping>& mappings, Diagnostics& diagnostics)
      : mappings_(mappings), diagnostics_(diagnostics), states_(mappings.size(), State::open) {
    for (std::size_t i = 0; i < mappings.size(); ++i) by_name_.try_emplace(mappings[i].syntax->name.text, i);
  }

  void run() {
    for (std::size_t i = 0; i < mappings_.size(); ++i) complete(i);
  }

 private:
  enum class State : std::uint8_t { open, joining, done };

  /// Bases first, along the chain that begins here; no recursion, for chains are as long as a file.
  void complete(std::size_t mapping) {
    std::vector<std::size_t> chain;
    for (std::optional<std::size_t> next = mapping; next && states_[*next] != State::done; next = base_of(*next)) {
      if (states_[*next] == State::joining) {
        const ast::Name& base = *mappings_[chain.back()].syntax->base;
        diagnostics_.push_back(Diagnostic(Code::use_cycle, base.range, "`{}` extends itself in the end", base.text)
                                   .help("one mapping of the circle has to stand alone"));
        broken_.insert(chain.back());
        break;
      }
      states_[*next] = State::joining;
      chain.push_back(*next);
    }
    for (; !chain.empty(); chain.pop_back()) {
      const std::size_t i = chain.back();
      const auto base = broken_.contains(i) ? std::nullopt : base_of(i);
      if (base && affordable(mappings_[i], mappings_[*base]))
        Joining(mappings_[i], mappings_[*base], diagnostics_).join();
      states_[i] = State::done;
    }
  }

  /// Says once that it is not.
  bool affordable(const CheckedMapping& mapping, const CheckedMapping& base) {
    if (exhausted_) return false;
    copied_ += copied_from(base);
    compared_ += (mapping.removes.size() + mapping.restricts.size()) * (base.rules.size() + base.modules.size());
    exhausted_ = copied_ > most_copied || compared_ > most_compared;
    if (!exhausted_) return true;
    Diagnostic diagnostic(Code::plan_limit, mapping.syntax->base->range, "the mappings of this file inherit too much");
    diagnostic.notes.push_back(
        fmt::format("all together at most {} rules and lines, with at most {} comparisons of a rule "
                    "with a `remove` or `restrict`",
                    most_copied, most_compared));
    diagnostics_.push_back(std::move(diagnostic).help("let them extend a smaller mapping"));
    return false;
  }

  std::optional<std::size_t> base_of(std::size_t mapping) {
    const auto& base = mappings_[mapping].syntax->base;
    if (!base) return std::nullopt;
    const auto found = by_name_.find(base->text);
    if (found != by_name_.end()) return found->second;
    if (!unknown_.insert(mapping).second) return std::nullopt;
    std::vector<std::string> names;
    for (const auto& [name, i] : by_name_) names.push_back(name);
    Diagnostic diagnostic(Code::unknown_mapping, base->range, "there is no mapping `{}` here", base->text);
    if (const auto near = nearest(base->text, names))
      diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
    diagnostic.helps.push_back("`use \"FILE.omap\"` or `use std \"NAME\"` brings the mappings of another file");
    diagnostics_.push_back(std::move(diagnostic));
    return std::nullopt;
  }

  std::vector<CheckedMapping>& mappings_;
  Diagnostics& diagnostics_;
  std::vector<State> states_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::set<std::size_t> unknown_, broken_;
  /// A mapping of few lines may extend one of many, and so may the next.
  static constexpr std::size_t most_copied = 1'000'000;
  static constexpr std::size_t most_compared = 20'000'000;
  std::size_t copied_ = 0;
  std::size_t compared_ = 0;
  bool exhausted_ = false;
};

}  // namespace

void inherit(std::vector<CheckedMapping>& mappings, Diagnostics& diagnostics) {
  Inheritance(mappings, diagnostics).run();
}

}  // namespace omap::sema
