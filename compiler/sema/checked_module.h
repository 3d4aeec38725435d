#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/sema/type.h"
#include "compiler/syntax/ast.h"
#include "diagnostics/diagnostic.h"

namespace omap {

/// `when EXPR`, or its negation in an `else`.
struct Condition {
  const ast::Expr* expr = nullptr;
  bool negated = false;
};

/// A declaration or rule with the blocks that it stands in, outermost first.
template <class Node>
struct InContext {
  const Node* node = nullptr;
  SourceRange range;
  std::vector<const ast::Prefix*> prefixes;
  std::vector<Condition> conditions;
  /// The `///` lines above it.
  std::string doc = {};
};

/// What a name in an expression, key or shape of a mapping stands for.
struct Symbol {
  enum class Kind : std::uint8_t { side, param, index };
  Kind kind = Kind::param;
  SourceRange range;
  /// Of a param; of a value of an index.
  sema::Type type;
  /// Its declaration is wrong already: nothing more is said of it.
  bool broken = false;
  /// Of a param: the index that it has a value for each of, or empty.
  std::string param_index;
};

/// A line of a `config` section, and the file of a directory that it is about.
struct CheckedConfigLine {
  InContext<ast::ConfigLine> line;
  std::string file;
};

struct CheckedMapping {
  const ast::Mapping* syntax = nullptr;
  const ast::Statement* statement = nullptr;
  /// Declarations of the two sides, if the file has them.
  const ast::Side* left = nullptr;
  const ast::Side* right = nullptr;
  std::map<std::string, Symbol, std::less<>> symbols;
  std::vector<InContext<ast::Param>> params;
  std::vector<InContext<ast::Index>> indexes;
  std::vector<InContext<ast::Require>> requirements;
  std::vector<InContext<ast::Note>> notes;
  /// Of every block, also of one that is empty.
  std::vector<const ast::Prefix*> prefixes;
  std::vector<InContext<ast::Rule>> rules;
  std::vector<InContext<ast::Tie>> ties;
  std::vector<InContext<ast::Ignore>> ignores;
  std::vector<InContext<ast::Same>> sames;
  std::vector<CheckedConfigLine> config;
  /// Of `state module` blocks.
  std::vector<InContext<ast::Rule>> modules;
  /// What changes the mapping that this one extends, beside what says `override`; nothing once that is joined in.
  std::vector<InContext<ast::Remove>> removes;
  std::vector<InContext<ast::Restrict>> restricts;
  std::vector<CheckedConfigLine> config_removes;
  /// Params that the mapping has from the one it extends, and axes of the rules there.
  std::set<std::string, std::less<>> inherited_params, inherited_axes;
  /// So many of `rules`, the first, are inherited.
  std::size_t inherited_rules = 0;
};

/// Modules with what was learnt about them. Tables point into the trees, which they keep alive.
struct CheckedModule {
  /// The module itself, and those that it uses, directly or not.
  std::vector<std::shared_ptr<const ast::Module>> modules;
  /// Those of the module itself, in its order.
  std::vector<CheckedMapping> mappings;
};

/// Resolves names, joins blocks with the rules in them and mappings with what they extend, and checks types.
/// `modules` begins with the module itself; of it only the mapping `only` is checked, if it has one. Problems go to
/// `diagnostics`; a mapping with errors is in the result all the same, for tools that go on.
[[nodiscard]] CheckedModule check(std::vector<ast::Module> modules, Diagnostics& diagnostics,
                                  std::string_view only = {});

}  // namespace omap
