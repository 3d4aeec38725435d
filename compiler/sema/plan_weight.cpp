#include "compiler/sema/plan_weight.h"

#include <unordered_map>

#include "compiler/sema/rule_indexes.h"
#include "runtime/plan/plan_limits.h"

namespace omap::sema {
namespace {

struct Weight {
  /// As PlanLimits::elements counts them.
  std::size_t elements = 0;
  /// Of texts: a plan's own text is longer.
  std::size_t bytes = 0;

  Weight& operator+=(const Weight& other) {
    elements += other.elements;
    bytes += other.bytes;
    return *this;
  }
  [[nodiscard]] bool exceeds() const { return elements > PlanLimits::elements || bytes > PlanLimits::bytes; }
};

Weight weigh(const ast::Key& key);

Weight weigh(const ast::Expr& expr) {
  Weight weight{1, expr.text.size()};
  for (const ast::Expr& operand : expr.operands) weight += weigh(operand);
  for (const ast::SideKey& key : expr.key) weight += weigh(key.key);
  return weight;
}

/// Without its texts' elements: those of prefixes and keys become one.
Weight weigh(const ast::Key& key) {
  Weight weight;
  for (const ast::KeyPart& part : key.parts) {
    weight += {part.kind == ast::KeyPart::Kind::text ? 0U : 1U, part.text.size()};
    for (const ast::Expr& expr : part.expr) weight += weigh(expr);
    for (const std::string& name : part.alternatives) weight += {0, name.size()};
  }
  return weight;
}

Weight weigh(const ast::Axis& axis) {
  Weight weight{1, axis.text.size()};
  for (const ast::Axis& part : axis.parts) weight += weigh(part);
  return weight;
}

/// Sums the plans of mappings; what blocks copy is weighed once.
class Weighing {
 public:
  /// False once the sum exceeds a limit: what follows is not looked at.
  bool add(const CheckedMapping& mapping) {
    const auto each = [&](const auto& parts, const auto& add_one) {
      for (const auto& part : parts) {
        if (sum_.exceeds()) return;
        add_one(part);
      }
    };
    const auto rule = [&](const InContext<ast::Rule>& r) {
      for (const bool left : {true, false}) {
        for (const ast::Term& term : left ? r.node->left : r.node->right) add(prefix_keys(r.prefixes, left), term);
      }
      add(r.conditions, r.node->when);
    };
    each(mapping.params, [&](const auto& param) { add({}, param.node->value); });
    each(mapping.indexes, [&](const auto& index) {
      add({}, index.node->list);
      add({}, index.node->when);
    });
    each(mapping.requirements, [&](const auto& require) { sum_ += weigh(require.node->condition); });
    each(mapping.notes, [&](const auto& note) { add({}, note.node->when); });
    each(mapping.rules, rule);
    each(mapping.modules, rule);
    each(mapping.ties, [&](const auto& tie) {
      for (const ast::SideKey* key : {&tie.node->written, &tie.node->kept}) add(mapping, tie.prefixes, *key);
      add(tie.conditions, tie.node->when);
    });
    each(mapping.ignores, [&](const auto& ignore) {
      add(mapping, ignore.prefixes, ignore.node->pattern);
      add(ignore.conditions, ignore.node->when);
    });
    each(mapping.sames, [&](const auto& same) {
      sum_ += weigh(same.node->pattern);
      add(same.conditions, same.node->when);
    });
    each(mapping.config, [&](const auto& config) {
      sum_ += weigh(config.line.node->target);
      add({}, config.line.node->source);
      add(config.line.conditions, config.line.node->when);
    });
    return !sum_.exceeds();
  }

 private:
  void add(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own) {
    for (const Condition& condition : outer) sum_ += known(*condition.expr);
    if (own) sum_ += weigh(*own);
  }
  void add(const std::vector<const ast::Key*>& prefixes, const ast::Key& key) {
    for (const ast::Key* prefix : prefixes) sum_ += known(*prefix);
    sum_ += weigh(key);
    ++sum_.elements;
  }
  void add(const CheckedMapping& mapping, const std::vector<const ast::Prefix*>& prefixes, const ast::SideKey& key) {
    add(prefix_keys(prefixes, key.side.text == mapping.syntax->left.text), key.key);
  }
  void add(const std::vector<const ast::Key*>& prefixes, const ast::Term& term) {
    add(prefixes, term.key);
    if (term.shape) {
      for (const ast::Axis& dim : term.shape->dims) sum_ += weigh(dim);
    }
    for (const ast::ValueOp& op : term.ops) {
      ++sum_.elements;
      for (const ast::Term& operand : op.operand) add(prefixes, operand);
    }
  }

  template <class Node>
  Weight known(const Node& node) {
    const auto [found, is_new] = known_.try_emplace(&node);
    if (is_new) found->second = weigh(node);
    return found->second;
  }

  Weight sum_;
  std::unordered_map<const void*, Weight> known_;
};

}  // namespace

bool plans_fit(std::span<const CheckedMapping> mappings, Diagnostics& diagnostics) {
  Weighing weighing;
  for (const CheckedMapping& mapping : mappings) {
    const SourceRange at = mapping.syntax->name.range;
    const auto limited = [&](std::string_view what, std::size_t count, std::size_t limit) {
      if (count > limit)
        diagnostics.push_back(Diagnostic(Code::plan_limit, at, "a plan has at most {} {}", limit, what));
      return count > limit;
    };
    if (limited("params", mapping.params.size(), PlanLimits::params) ||
        limited("indexes", mapping.indexes.size(), PlanLimits::indexes)) {
      return false;
    }
    if (weighing.add(mapping)) continue;
    diagnostics.push_back(
        Diagnostic(
            Code::plan_limit, at,
            "the plans of this file have more than {} operations, parts of keys and dimensions, or {} bytes of them",
            PlanLimits::elements, PlanLimits::bytes)
            .label("up to this mapping")
            .help(
                "prefixes and conditions of blocks count for each rule in them: name a long condition with a `param`"));
    return false;
  }
  return true;
}

}  // namespace omap::sema
