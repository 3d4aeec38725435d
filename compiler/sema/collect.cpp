#include "compiler/sema/collect.h"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>

#include "diagnostics/nearest.h"
#include "runtime/plan/plan.h"

namespace omap::sema {
namespace {

const std::vector<std::string> formats = {"safetensors", "dcp", "torch"};
const std::vector<std::string> types = {"int", "float", "bool", "string", "dtype", "config"};

/// Points out what `wanted` was probably meant for.
void suggest(Diagnostic& diagnostic, std::string_view wanted, const std::vector<std::string>& names) {
  if (const auto near = nearest(wanted, names)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
}

std::optional<Type> declared_type(const ast::Type& type) {
  constexpr std::array<std::pair<const char*, Type::Base>, 6> names = {{{"int", Type::Base::integer},
                                                                        {"float", Type::Base::real},
                                                                        {"bool", Type::Base::boolean},
                                                                        {"string", Type::Base::string},
                                                                        {"dtype", Type::Base::dtype},
                                                                        {"config", Type::Base::any}}};
  for (const auto& [name, base] : names) {
    if (type.name.text == name) return Type{base, type.list};
  }
  return std::nullopt;
}

class Collector {
 public:
  explicit Collector(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<CheckedMapping> modules(const std::vector<std::shared_ptr<const ast::Module>>& modules) {
    for (const auto& module : modules) {
      for (const ast::Statement& statement : module->statements) {
        if (const auto* side = std::get_if<ast::Side>(&statement.node)) add_side(*side);
      }
    }
    for (const auto& module : modules) this->module(*module);
    return std::move(mappings_);
  }

 private:
  void module(const ast::Module& module) {
    for (const ast::Statement& statement : module.statements) {
      if (const auto* mapping = std::get_if<ast::Mapping>(&statement.node)) {
        add_mapping(*mapping, statement);
      } else if (std::holds_alternative<ast::Version>(statement.node)) {
        if (&statement != &module.statements.front())
          misplaced(statement.range, "a version stands before all else", "take it out");
      } else if (!std::holds_alternative<ast::Side>(statement.node) &&
                 !std::holds_alternative<ast::Use>(statement.node)) {
        misplaced(statement.range, "this statement stands outside a mapping",
                  "move it into a mapping: `mapping NAME: SIDE <-> SIDE { ... }`");
      }
    }
  }

  void report(Diagnostic diagnostic) { diagnostics_.push_back(std::move(diagnostic)); }
  void misplaced(SourceRange range, std::string_view what, std::string_view help) {
    report(Diagnostic(Code::misplaced_statement, range, "{}", what).help("{}", help));
  }
  void duplicate(std::string_view what, const ast::Name& name, SourceRange first) {
    report(Diagnostic(Code::duplicate_name, name.range, "{} `{}` is declared twice", what, name.text)
               .label("here again")
               .also(first, "first declared here"));
  }

  void add_side(const ast::Side& side) {
    const auto [first, is_new] = sides_.try_emplace(side.name.text, &side);
    // Files that use each other may each declare the sides that they share.
    const bool same = side.format.text == first->second->format.text && side.root == first->second->root &&
                      side.name.range.file != first->second->name.range.file;
    if (!is_new && !same) duplicate("side", side.name, first->second->name.range);
    if (std::find(formats.begin(), formats.end(), side.format.text) != formats.end()) return;
    Diagnostic diagnostic(Code::unknown_format, side.format.range, "there is no format `{}`", side.format.text);
    suggest(diagnostic, side.format.text, formats);
    diagnostic.helps.push_back("formats are `safetensors`, `dcp` and `torch`");
    report(std::move(diagnostic));
  }

  const ast::Side* find_side(const ast::Name& name) {
    const auto found = sides_.find(name.text);
    if (found != sides_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, side] : sides_) names.push_back(known);
    Diagnostic diagnostic(Code::wrong_side, name.range, "no side is called `{}`", name.text);
    suggest(diagnostic, name.text, names);
    diagnostic.helps.push_back(fmt::format("declare it: `side {}: safetensors`", name.text));
    report(std::move(diagnostic));
    return nullptr;
  }

  void add_mapping(const ast::Mapping& syntax, const ast::Statement& statement) {
    const auto [first, is_new] = names_.try_emplace(syntax.name.text, syntax.name.range);
    if (!is_new) duplicate("mapping", syntax.name, first->second);
    CheckedMapping& mapping = mappings_.emplace_back();
    mapping.syntax = &syntax;
    mapping.statement = &statement;
    mapping.left = find_side(syntax.left);
    mapping.right = find_side(syntax.right);
    if (syntax.left.text == syntax.right.text) {
      report(Diagnostic(Code::wrong_side, syntax.right.range, "both sides are `{}`", syntax.left.text)
                 .help("a mapping has two sides: declare another with `side NAME: FORMAT`"));
    }
    for (const ast::Name* side : {&syntax.left, &syntax.right}) {
      mapping.symbols.try_emplace(side->text, Symbol{Symbol::Kind::side, side->range, {}, false, {}});
    }
    Context context;
    body(mapping, syntax.body, context);
    index_types(mapping);
  }

  enum class State : std::uint8_t { none, weight, module };
  struct Context {
    std::vector<const ast::Prefix*> prefixes;
    std::vector<Condition> conditions;
    /// Of the `state` block around it.
    State state = State::none;
    /// Of the `config` section around it.
    const std::string* config_file = nullptr;
    [[nodiscard]] bool in_block() const { return !prefixes.empty() || !conditions.empty() || state != State::none; }
  };

  void body(CheckedMapping& mapping, const std::vector<ast::Statement>& statements, Context& context) {
    for (const ast::Statement& statement : statements) {
      std::visit([&](const auto& node) { add(mapping, statement, node, context); }, statement.node);
    }
  }

  template <class Node>
  InContext<Node> in_context(const ast::Statement& statement, const Node& node, const Context& context) {
    return {&node, statement.range, context.prefixes, context.conditions, ast::documentation(statement)};
  }

  template <class Node>
  void add(CheckedMapping& mapping, const ast::Statement& statement, const Node& node, Context& context) {
    if constexpr (std::is_same_v<Node, ast::Param>) {
      if (at_top(statement, context)) add_param(mapping, statement, node);
    } else if constexpr (std::is_same_v<Node, ast::Index>) {
      if (at_top(statement, context)) {
        declare(mapping, node.name, {Symbol::Kind::index, node.name.range, {}, false, {}}, "index");
        mapping.indexes.push_back(in_context(statement, node, context));
      }
    } else if constexpr (std::is_same_v<Node, ast::Require>) {
      if (at_top(statement, context)) mapping.requirements.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::Note>) {
      if (at_top(statement, context) && of_mapping(mapping, node.side))
        mapping.notes.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::Rule>) {
      add_rule(mapping, statement, node, context);
    } else if constexpr (std::is_same_v<Node, ast::Tie>) {
      mapping.ties.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::Ignore>) {
      mapping.ignores.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::Prefix>) {
      mapping.prefixes.push_back(&node);
      context.prefixes.push_back(&node);
      if (node.when) context.conditions.push_back({&*node.when, false});
      body(mapping, node.body, context);
      if (node.when) context.conditions.pop_back();
      context.prefixes.pop_back();
    } else if constexpr (std::is_same_v<Node, ast::When>) {
      for (const bool negated : {false, true}) {
        context.conditions.push_back({&node.condition, negated});
        body(mapping, negated ? node.else_body : node.body, context);
        context.conditions.pop_back();
      }
    } else if constexpr (std::is_same_v<Node, ast::Same>) {
      if (!context.prefixes.empty()) {
        misplaced(statement.range, "`same` keeps whole names, and stands in a block that changes them",
                  "move it out of the block");
      } else {
        mapping.sames.push_back(in_context(statement, node, context));
      }
    } else if constexpr (std::is_same_v<Node, ast::Remove>) {
      if (extends(mapping, statement) && of_mapping(mapping, node.pattern.side))
        mapping.removes.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::Restrict>) {
      if (extends(mapping, statement) && of_mapping(mapping, node.pattern.side))
        mapping.restricts.push_back(in_context(statement, node, context));
    } else if constexpr (std::is_same_v<Node, ast::State>) {
      add_state(mapping, statement, node, context);
    } else if constexpr (std::is_same_v<Node, ast::Config>) {
      add_config(mapping, statement, node, context);
    } else if constexpr (std::is_same_v<Node, ast::ConfigLine>) {
      add_config_line(mapping, statement, node, context);
    } else {
      misplaced(statement.range, "this statement stands inside a mapping", "move it out of the mapping's block");
    }
  }

  bool extends(const CheckedMapping& mapping, const ast::Statement& statement) {
    if (mapping.syntax->base) return true;
    misplaced(statement.range, "there is nothing inherited to change here",
              "`override`, `restrict` and `remove` change what `extends NAME` brings");
    return false;
  }

  bool of_mapping(const CheckedMapping& mapping, const ast::Name& side) {
    const ast::Name& left = mapping.syntax->left;
    const ast::Name& right = mapping.syntax->right;
    if (side.text == left.text || side.text == right.text) return true;
    report(Diagnostic(Code::wrong_side, side.range, "`{}` is no side of this mapping", side.text)
               .help("its sides are `{}` and `{}`", left.text, right.text));
    return false;
  }

  void add_state(CheckedMapping& mapping, const ast::Statement& statement, const ast::State& state, Context& context) {
    if (state.kind.text != "weight" && state.kind.text != "module") {
      report(Diagnostic(Code::unknown_name, state.kind.range, "there is no state `{}`", state.kind.text)
                 .help("states are `weight`, which is the default, and `module`"));
    } else if (at_top(statement, context)) {
      context.state = state.kind.text == "module" ? State::module : State::weight;
      body(mapping, state.body, context);
      context.state = State::none;
    }
  }

  void add_config(CheckedMapping& mapping, const ast::Statement& statement, const ast::Config& config,
                  Context& context) {
    if (!context.prefixes.empty() || context.state != State::none) {
      misplaced(statement.range, "a `config` section stands inside a block of rules", "move it out of the block");
      return;
    }
    const std::string file = config.file.value_or(std::string(default_config_file));
    if (!is_config_file(file)) {
      report(Diagnostic(Code::misplaced_statement, statement.range, "`{}` is no name of a config file", file)
                 .help("a file of the directory itself whose name ends in `.json`"));
    }
    context.config_file = &file;
    body(mapping, config.body, context);
    context.config_file = nullptr;
  }

  void add_config_line(CheckedMapping& mapping, const ast::Statement& statement, const ast::ConfigLine& line,
                       const Context& context) {
    if (!context.config_file)
      return misplaced(statement.range, "this line stands outside a `config` section", "move it");
    const bool removes = line.kind == ast::ConfigLine::Kind::remove;
    if ((removes || line.override_) && !extends(mapping, statement)) return;
    (removes ? mapping.config_removes : mapping.config)
        .push_back({in_context(statement, line, context), *context.config_file});
  }

  bool at_top(const ast::Statement& statement, const Context& context) {
    if (context.in_block()) {
      report(Diagnostic(Code::misplaced_statement, statement.range, "a declaration stands inside a block of rules")
                 .help("move it to the top of the mapping: it holds for all of it"));
    }
    return !context.in_block();
  }

  void declare(CheckedMapping& mapping, const ast::Name& name, Symbol symbol, std::string_view what) {
    if (name.text == "_") {
      report(Diagnostic(Code::duplicate_name, name.range, "`_` is no name: it stands for what is dropped"));
      return;
    }
    const auto [first, is_new] = mapping.symbols.try_emplace(name.text, std::move(symbol));
    if (!is_new) duplicate(what, name, first->second.range);
  }

  void add_param(CheckedMapping& mapping, const ast::Statement& statement, const ast::Param& param) {
    if (param.override_ && !extends(mapping, statement)) return;
    const auto type = declared_type(param.type);
    if (!type) {
      Diagnostic diagnostic(Code::type_mismatch, param.type.name.range, "there is no type `{}`", param.type.name.text);
      // `integer` and `boolean` are no slips of the pen.
      const auto known = std::find_if(types.begin(), types.end(),
                                      [&](const std::string& name) { return param.type.name.text.starts_with(name); });
      suggest(diagnostic, known == types.end() ? param.type.name.text : *known, types);
      diagnostic.helps.push_back(
          "types are `int`, `float`, `bool`, `string`, `dtype`, `config`, and lists of them: `[int]`");
      report(std::move(diagnostic));
    }
    Symbol symbol{Symbol::Kind::param, param.name.range, type.value_or(Type{}), !type, {}};
    if (param.index) symbol.param_index = param.index->text;
    declare(mapping, param.name, std::move(symbol), "param");
    mapping.params.push_back({&param, statement.range, {}, {}, ast::documentation(statement)});
  }

  void add_rule(CheckedMapping& mapping, const ast::Statement& statement, const ast::Rule& rule,
                const Context& context) {
    if (rule.override_ && !extends(mapping, statement)) return;
    (context.state == State::module ? mapping.modules : mapping.rules).push_back(in_context(statement, rule, context));
  }

  /// The values of `{q, k}` are strings, those of a range ints; other lists say it when they are read.
  static void index_types(CheckedMapping& mapping) {
    for (const auto& index : mapping.indexes) {
      const auto found = mapping.symbols.find(index.node->name.text);
      if (found == mapping.symbols.end()) continue;
      if (!index.node->names.empty()) {
        found->second.type = {Type::Base::string, false};
      } else if (index.node->list->kind == ast::Expr::Kind::binary && index.node->list->text == "..") {
        found->second.type = {Type::Base::integer, false};
      }
    }
  }

  Diagnostics& diagnostics_;
  std::map<std::string, const ast::Side*> sides_;
  std::map<std::string, SourceRange> names_;
  std::vector<CheckedMapping> mappings_;
};

}  // namespace

std::vector<CheckedMapping> collect(const std::vector<std::shared_ptr<const ast::Module>>& modules,
                                    Diagnostics& diagnostics) {
  return Collector(diagnostics).modules(modules);
}

}  // namespace omap::sema
