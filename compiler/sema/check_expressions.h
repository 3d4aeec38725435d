#pragma once

#include <set>
#include <string_view>
#include <tuple>

#include "compiler/sema/checked_module.h"
#include "compiler/sema/rule_indexes.h"

namespace omap::sema {

/// Names that something reads.
using Uses = NameSet;

/// Finds what names stand for and whether types agree. `scope` holds the indexes that have a value where an expression
/// stands; any other index is its list there.
struct Expressions {
  const CheckedMapping& mapping;
  Diagnostics& diagnostics;
  Uses& uses;

  /// What was reported: the condition of a block is looked at for each rule in it.
  std::set<std::tuple<Code, std::uint32_t, std::uint32_t>> reported = {};

  void param(const ast::Param& param);
  void index(const ast::Index& index);
  void condition(const ast::Expr& expr, const NameSet& scope);
  void prefix(const ast::Prefix& prefix);
  void rule(const InContext<ast::Rule>& rule);
  void tie(const InContext<ast::Tie>& tie);
  void ignore(const InContext<ast::Ignore>& ignore);
  void same(const InContext<ast::Same>& same);
  /// A rule of a `state module` block: names, and nothing about what is in a tensor.
  void module(const InContext<ast::Rule>& rule);
  void config_line(const InContext<ast::ConfigLine>& line);

  /// The type of an expression; `any` after an error, so that one mistake is one error.
  Type infer(const ast::Expr& expr, const NameSet& scope);

 private:
  struct KeyUse {
    bool pattern = false;  ///< `*` and `**` may stand in it
    bool any = false;      ///< `{_}` may
  };
  /// A key that is matched or written: its own indexes have a value in it.
  void key(const ast::Key& key, KeyUse use);
  void key(const ast::Key& key, KeyUse use, const NameSet& scope);
  void side(const ast::Name& side);
  /// What happens to the values of a tensor: arithmetic, and how it is stored.
  void values(const ast::Term& term);
  void operand(const ast::Term& operand);
  void stored_as(const ast::Name& dtype);
  void path(const ast::Expr& path, const NameSet& scope);
  void ignored_param(const ast::Expr& head, const Symbol& param);
  /// The conditions of blocks and its own, where indexes of `scope` have a value.
  void conditions(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own, const NameSet& scope);
  void conditions(const std::vector<Condition>& outer, const std::optional<ast::Expr>& own, const RuleIndexes& indexes);
  /// Whether no index that is an axis of its rule is used as a value.
  bool only_loops(const ast::Expr& expr, const RuleIndexes& indexes);
  void want(const ast::Expr& expr, Type wanted, const NameSet& scope);
  void report(Diagnostic diagnostic);
  /// With what an index is at this place, where `expr` is one: a value, or the list of them.
  [[nodiscard]] Diagnostic explained(Diagnostic diagnostic, const ast::Expr& expr, const NameSet& scope) const;

  Type name(const ast::Expr& expr, const NameSet& scope);
  Type item(const ast::Expr& expr, const NameSet& scope);
  Type choice(const ast::Expr& expr, const NameSet& scope);
  Type binary(const ast::Expr& expr, const NameSet& scope);
  Type arithmetic(const ast::Expr& expr, const NameSet& scope);
  Type call(const ast::Expr& expr, const NameSet& scope);
  Type key_call(const ast::Expr& expr, const NameSet& scope);
  Type list(const std::vector<ast::Expr>& items, const NameSet& scope);
};

/// Whether a function takes a list where it has one argument.
[[nodiscard]] bool takes_list(std::string_view name);

}  // namespace omap::sema
