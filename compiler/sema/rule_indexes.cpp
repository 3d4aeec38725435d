#include "compiler/sema/rule_indexes.h"

#include <algorithm>
#include <iterator>

namespace omap::sema {
namespace {

void collect(const CheckedMapping& mapping, const ast::Expr& expr, NameSet& names) {
  if (expr.kind == ast::Expr::Kind::name) {
    const auto symbol = mapping.symbols.find(expr.text);
    if (symbol != mapping.symbols.end() && symbol->second.kind == Symbol::Kind::index) names.insert(expr.text);
  }
  // `{first(sparse)}` reads the index as a list: the key does not vary with it.
  if (expr.kind == ast::Expr::Kind::call) return;
  for (const ast::Expr& operand : expr.operands) collect(mapping, operand, names);
}

void add_key(RuleIndexes& indexes, const NameSet& key, bool first) {
  indexes.all.insert(key.begin(), key.end());
  if (first) {
    indexes.loops = key;
  } else {
    std::erase_if(indexes.loops, [&](const std::string& name) { return !key.contains(name); });
  }
}

NameSet with_prefixes(const CheckedMapping& mapping, const std::vector<const ast::Key*>& prefixes,
                      const ast::Key& key) {
  NameSet names = indexes_in(mapping, key);
  for (const ast::Key* prefix : prefixes) names.merge(indexes_in(mapping, *prefix));
  return names;
}

}  // namespace

NameSet indexes_in(const CheckedMapping& mapping, const ast::Key& key) {
  NameSet names;
  for (const ast::KeyPart& part : key.parts) {
    for (const ast::Expr& expr : part.expr) collect(mapping, expr, names);
  }
  return names;
}

NameSet indexes_in(const CheckedMapping& mapping, const ast::ConfigLine& line) {
  NameSet names;
  const auto path = [&](const ast::Expr& expr) {
    for (const ast::Expr* step = &expr; !step->operands.empty(); step = &step->operands.front()) {
      if (step->kind == ast::Expr::Kind::item) collect(mapping, step->operands[1], names);
    }
  };
  path(line.target);
  if (line.kind == ast::ConfigLine::Kind::equation) path(*line.source);
  return names;
}

RuleIndexes rule_indexes(const CheckedMapping& mapping, const InContext<ast::Rule>& rule) {
  RuleIndexes indexes;
  bool first = true;
  for (const bool left : {true, false}) {
    const auto prefixes = prefix_keys(rule.prefixes, left);
    for (const ast::Term& term : left ? rule.node->left : rule.node->right) {
      if (term.fill) continue;
      add_key(indexes, with_prefixes(mapping, prefixes, term.key), first);
      first = false;
    }
  }
  return indexes;
}

RuleIndexes tie_indexes(const CheckedMapping& mapping, const InContext<ast::Tie>& tie) {
  RuleIndexes indexes;
  bool first = true;
  for (const ast::SideKey* key : {&tie.node->written, &tie.node->kept}) {
    const bool left = key->side.text == mapping.syntax->left.text;
    add_key(indexes, with_prefixes(mapping, prefix_keys(tie.prefixes, left), key->key), first);
    first = false;
  }
  return indexes;
}

std::vector<const ast::Key*> prefix_keys(const std::vector<const ast::Prefix*>& prefixes, bool left) {
  std::vector<const ast::Key*> keys;
  std::transform(prefixes.begin(), prefixes.end(), std::back_inserter(keys),
                 [&](const ast::Prefix* prefix) { return left ? &prefix->left : &prefix->right; });
  return keys;
}

}  // namespace omap::sema
