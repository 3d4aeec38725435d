#include "compiler/lower/lower.h"

#include "compiler/lower/lower_expr.h"

namespace omap {
namespace {

class Lowering {
 public:
  explicit Lowering(const CheckedMapping& mapping) : mapping_(mapping) {}

  Plan lower(const SourceMap& sources) {
    plan_.name = mapping_.syntax->name.text;
    plan_.doc = ast::documentation(*mapping_.statement);
    plan_.left = side(*mapping_.left);
    plan_.right = side(*mapping_.right);
    plan_.sources = sources;
    for (const auto& p : mapping_.params) plan_.params.push_back(param(p));
    for (const auto& i : mapping_.indexes) plan_.indexes.push_back(index(i));
    for (const auto& r : mapping_.requirements) {
      plan_.requirements.push_back({expr(r.node->condition, {}), r.node->message.value_or(""), r.range});
    }
    for (const auto& n : mapping_.notes) {
      plan_.notes.push_back({n.node->side.text, n.node->text, condition({}, n.node->when, {}), n.range});
    }
    plan_.rules.reserve(mapping_.rules.size());
    for (const auto& r : mapping_.rules) plan_.rules.push_back(rule(r));
    for (const auto& r : mapping_.modules) plan_.modules.push_back(rule(r));
    for (const auto& t : mapping_.ties) plan_.ties.push_back(tie(t));
    for (const auto& i : mapping_.ignores) plan_.ignores.push_back(ignore(i));
    for (const auto& s : mapping_.sames) {
      plan_.sames.push_back(
          {lower_key(mapping_, {}, s.node->pattern), condition(s.conditions, s.node->when, {}), s.range});
    }
    for (const auto& c : mapping_.config) plan_.config.push_back(config_line(c));
    return std::move(plan_);
  }

 private:
  [[nodiscard]] Expr expr(const ast::Expr& from, const sema::NameSet& scope) const {
    return lower_expr(mapping_, from, scope);
  }

  static SideDeclaration side(const ast::Side& from) {
    return {from.name.text, from.format.text, from.root.value_or("")};
  }

  [[nodiscard]] Param param(const InContext<ast::Param>& from) const {
    Param made;
    made.name = from.node->name.text;
    made.type = *param_type_from_text(from.node->type.name.text);
    made.list = from.node->type.list;
    made.range = from.range;
    made.doc = from.doc;
    sema::NameSet scope;
    if (from.node->index) {
      made.index = from.node->index->text;
      scope.insert(made.index);
    }
    if (from.node->value) made.value = expr(*from.node->value, scope);
    return made;
  }

  [[nodiscard]] Index index(const InContext<ast::Index>& from) const {
    Index made;
    made.name = from.node->name.text;
    made.range = from.range;
    if (from.node->list) {
      made.list = expr(*from.node->list, {});
    } else {
      Value::List names;
      for (const ast::Name& name : from.node->names) names.emplace_back(name.text);
      made.list.value = Value(std::move(names));
    }
    if (from.node->when) made.when = expr(*from.node->when, {made.name});
    return made;
  }

  /// All conditions, outermost first, joined by `and`.
  [[nodiscard]] std::optional<Expr> condition(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own,
                                              const sema::NameSet& scope) const {
    std::optional<Expr> all;
    const auto join = [&](Expr next) {
      if (!all) {
        all = std::move(next);
        return;
      }
      Expr both;
      both.op = Expr::Op::logical_and;
      both.args.push_back(std::move(*all));
      both.args.push_back(std::move(next));
      all = std::move(both);
    };
    for (const Condition& c : outer) {
      Expr next = expr(*c.expr, scope);
      if (c.negated) {
        Expr negated;
        negated.op = Expr::Op::logical_not;
        negated.args.push_back(std::move(next));
        next = std::move(negated);
      }
      join(std::move(next));
    }
    if (own) join(expr(*own, scope));
    return all;
  }

  [[nodiscard]] Rule rule(const InContext<ast::Rule>& from) const {
    Rule made;
    made.to_right = from.node->arrow != ast::Arrow::left;
    made.to_left = from.node->arrow != ast::Arrow::right;
    made.optional = from.node->optional;
    made.range = from.range;
    for (const bool left : {true, false}) {
      const auto prefixes = sema::prefix_keys(from.prefixes, left);
      for (const ast::Term& t : left ? from.node->left : from.node->right) {
        (left ? made.left : made.right).push_back(term(prefixes, t));
      }
    }
    made.when = condition(from.conditions, from.node->when, sema::rule_indexes(mapping_, from).loops);
    return made;
  }

  [[nodiscard]] Term term(const std::vector<const ast::Key*>& prefixes, const ast::Term& from) const {
    Term made;
    made.range = from.range;
    made.fill = from.fill;
    if (!from.fill) made.key = lower_key(mapping_, prefixes, from.key);
    if (from.shape) made.shape = lower_shape(*from.shape);
    for (const ast::ValueOp& op : from.ops) made.ops.push_back(value_op(prefixes, op));
    if (from.as) made.as = stored_as(*from.as);
    return made;
  }

  [[nodiscard]] ValueOp value_op(const std::vector<const ast::Key*>& prefixes, const ast::ValueOp& from) const {
    ValueOp made;
    made.kind = *value_op_from_sign(std::string_view(&from.op, 1));
    if (from.number) {
      made.operand = *from.number;
    } else if (const ast::Term& tensor = from.operand.front(); tensor.shape) {
      made.operand = Operand{lower_key(mapping_, prefixes, tensor.key), lower_shape(*tensor.shape), tensor.range};
    } else {
      made.operand = tensor.key.parts.front().text;
    }
    return made;
  }

  /// A param if one is called so, else a dtype.
  [[nodiscard]] Expr stored_as(const ast::Name& from) const {
    Expr made;
    const auto symbol = mapping_.symbols.find(from.text);
    if (symbol != mapping_.symbols.end() && symbol->second.kind == Symbol::Kind::param) {
      made.op = Expr::Op::param;
      made.name = from.text;
    } else {
      made.value = Value(from.text);
    }
    return made;
  }

  [[nodiscard]] ConfigLine config_line(const CheckedConfigLine& from) const {
    const ast::ConfigLine& node = *from.line.node;
    const sema::NameSet scope = sema::indexes_in(mapping_, node);
    ConfigLine made;
    made.range = from.line.range;
    if (node.kind == ast::ConfigLine::Kind::equation) {
      made.to_right = node.arrow != ast::Arrow::left;
      made.to_left = node.arrow != ast::Arrow::right;
      made.left = lower_path(mapping_, node.target, mapping_.syntax->left.text, from.file, scope);
      made.right = lower_path(mapping_, *node.source, mapping_.syntax->right.text, from.file, scope);
    } else {
      const bool assigns = node.kind == ast::ConfigLine::Kind::assignment;
      made.kind = assigns ? ConfigLine::Kind::assignment : ConfigLine::Kind::ignore;
      made.left = lower_path(mapping_, node.target, {}, from.file, scope);
      if (assigns) made.right = expr(*node.source, scope);
    }
    made.when = condition(from.line.conditions, node.when, scope);
    return made;
  }

  [[nodiscard]] KeyTemplate side_key(const std::vector<const ast::Prefix*>& prefixes, const ast::SideKey& key) const {
    return lower_key(mapping_, sema::prefix_keys(prefixes, key.side.text == mapping_.syntax->left.text), key.key);
  }

  [[nodiscard]] Tie tie(const InContext<ast::Tie>& from) const {
    return {from.node->written.side.text, side_key(from.prefixes, from.node->written),
            side_key(from.prefixes, from.node->kept),
            condition(from.conditions, from.node->when, sema::tie_indexes(mapping_, from).loops), from.range};
  }

  [[nodiscard]] Ignore ignore(const InContext<ast::Ignore>& from) const {
    return {from.node->pattern.side.text, side_key(from.prefixes, from.node->pattern),
            condition(from.conditions, from.node->when, {}), from.range};
  }

  const CheckedMapping& mapping_;
  Plan plan_;
};

}  // namespace

Plan lower(const CheckedMapping& mapping, const SourceMap& sources) { return Lowering(mapping).lower(sources); }

}  // namespace omap
