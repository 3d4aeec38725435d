#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "compiler/syntax/ast.h"

namespace omap {

/// A tree as text, without ranges and without what only concerns its layout: two texts are the same module if these
/// are equal, and say the same around it if `comments` are.
class AstText {
 public:
  std::string text;
  std::vector<std::string> comments;

  explicit AstText(const ast::Module& module) {
    all(module.statements);
    keep(module.at_end);
  }

 private:
  void keep(const std::vector<ast::Comment>& more) {
    for (const ast::Comment& comment : more) comments.push_back(comment.text);
  }
  void keep(const std::optional<ast::Comment>& comment) {
    if (comment) comments.push_back(comment->text);
  }

  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    text += fmt::format(format, std::forward<Args>(args)...) + " ";
  }
  void write(const std::string& plain) { put("<{}>", plain); }
  void write(const ast::Name& name) { put("{}", name.text); }
  void write(const ast::Key& key) {
    put("key{}(", key.quoted ? "q" : "");
    for (const ast::KeyPart& part : key.parts) {
      put("part{}<{}>", static_cast<int>(part.kind), part.text);
      all(part.expr);
      for (const std::string& alternative : part.alternatives) put("|{}", alternative);
    }
    put(")");
  }
  void write(const ast::SideKey& key) {
    put("{}:", key.side.text);
    write(key.key);
  }
  void write(const ast::Expr& e) {
    put("({} <{}> {} {}", static_cast<int>(e.kind), e.text, e.integer, e.real);
    all(e.key);
    all(e.operands);
    put(")");
  }
  void write(const ast::Axis& axis) {
    put("[{} {} {} {}", static_cast<int>(axis.kind), axis.text, axis.value.value_or(-1),
        axis.extent ? axis.extent->text : "-");
    all(axis.parts);
    put("]");
  }
  void write(const ast::Term& term) {
    put("term(");
    if (term.fill) put("fill {}", *term.fill);
    write(term.key);
    if (term.shape) {
      put("shape");
      all(term.shape->dims);
    }
    for (const ast::ValueOp& op : term.ops) {
      put("op{}", op.op);
      if (op.number) put("{}", *op.number);
      all(op.operand);
    }
    maybe(term.as);
    put(")");
  }

  template <class T>
  void all(const std::vector<T>& values) {
    for (const T& value : values) write(value);
    put(";");
  }
  template <class T>
  void maybe(const std::optional<T>& value) {
    value ? write(*value) : put("-");
  }

  void node(const ast::Version& n) { put("version {}", n.number); }
  void node(const ast::Use& n) { put("use {} <{}>", n.standard, n.path); }
  void node(const ast::Side& n) {
    put("side {} {}", n.name.text, n.format.text);
    maybe(n.root);
  }
  void node(const ast::Mapping& n) {
    put("mapping {} {} {}", n.name.text, n.left.text, n.right.text);
    maybe(n.base);
  }
  void node(const ast::Param& n) {
    put("param {} {} {} {}", n.override_, n.name.text, n.type.name.text, n.type.list);
    maybe(n.index);
    maybe(n.value);
  }
  void node(const ast::Index& n) {
    put("index {}", n.name.text);
    all(n.names);
    maybe(n.list);
    maybe(n.when);
  }
  void node(const ast::Require& n) {
    put("require");
    write(n.condition);
    maybe(n.message);
  }
  void node(const ast::Note& n) {
    put("note {} <{}>", n.side.text, n.text);
    maybe(n.when);
  }
  void node(const ast::Rule& n) {
    put("rule {} {} {}", n.override_, n.optional, static_cast<int>(n.arrow));
    all(n.left);
    all(n.right);
    maybe(n.when);
  }
  void node(const ast::Prefix& n) {
    put("prefix");
    write(n.left);
    write(n.right);
    maybe(n.when);
  }
  void node(const ast::When& n) {
    put("when {}", n.has_else);
    write(n.condition);
  }
  void node(const ast::Tie& n) {
    put("tie");
    write(n.written);
    write(n.kept);
    maybe(n.when);
  }
  void node(const ast::Ignore& n) {
    put("ignore");
    write(n.pattern);
    maybe(n.when);
  }
  void node(const ast::Same& n) {
    put("same");
    write(n.pattern);
    maybe(n.when);
  }
  void node(const ast::Remove& n) {
    put("remove");
    write(n.pattern);
  }
  void node(const ast::Restrict& n) {
    put("restrict");
    write(n.pattern);
    write(n.when);
  }
  void node(const ast::State& n) { put("state {}", n.kind.text); }
  void node(const ast::Config& n) {
    put("config");
    maybe(n.file);
  }
  void node(const ast::ConfigLine& n) {
    put("line {} {} {}", static_cast<int>(n.kind), n.override_, static_cast<int>(n.arrow));
    write(n.target);
    maybe(n.source);
    maybe(n.when);
  }

  void write(const ast::Statement& statement) {
    keep(statement.before);
    std::visit([&](const auto& n) { node(n); }, statement.node);
    keep(statement.behind);
    text += "\n";
    std::visit(
        [&](const auto& n) {
          if constexpr (requires { n.body; }) all(n.body);
          if constexpr (requires { n.else_body; }) {
            keep(n.at_body_end);
            keep(n.behind_else);
            all(n.else_body);
          }
        },
        statement.node);
    keep(statement.at_end);
    keep(statement.behind_end);
  }
};

}  // namespace omap
