#include "compiler/format/statements.h"

#include <fmt/format.h>

#include "compiler/format/expressions.h"
#include "compiler/format/terms.h"
#include "compiler/syntax/literals.h"

namespace omap::layout {
namespace {

std::string optional_string(std::string_view before, const std::optional<std::string>& text) {
  return text ? fmt::format(" {}{}", before, syntax::quoted(*text)) : "";
}

/// One function for each kind of statement. A block's head is written with its brace.
class StatementLayout {
 public:
  StatementLayout(Layout& out, const SourceMap& sources) : out_(out), sources_(sources) {}

  void operator()(const ast::Version& n) { out_.text(fmt::format("omap {}", n.number)); }
  void operator()(const ast::Use& n) {
    out_.text(fmt::format("use {}{}", n.standard ? "std " : "", syntax::quoted(n.path)));
  }
  void operator()(const ast::Side& n) {
    out_.text(fmt::format("side {}: {}{}", n.name.text, n.format.text, optional_string("root ", n.root)));
  }
  void operator()(const ast::Mapping& n) {
    out_.text(fmt::format("mapping {}: {} <-> ", n.name.text, n.left.text));
    out_.goes_on();
    out_.at(n.right.range.begin);
    out_.text(fmt::format("{}{}{} {{", n.right.text, n.base ? " extends " : "", n.base ? n.base->text : ""));
  }
  void operator()(const ast::Param& n) {
    const std::string index = n.index ? fmt::format("[{}]", n.index->text) : "";
    const std::string type = n.type.list ? fmt::format("[{}]", n.type.name.text) : n.type.name.text;
    out_.text(fmt::format("{}param {}{}: {}", n.override_ ? "override " : "", n.name.text, index, type));
    if (n.value) assignment(*n.value);
  }
  void operator()(const ast::Index& n) {
    out_.text(fmt::format("index {} in ", n.name.text));
    out_.goes_on();
    if (n.list) {
      expression(out_, *n.list, sources_);
    } else {
      names(n.names, n.when ? n.when->range.begin : UINT32_MAX);
    }
    condition(n.when);
  }
  void operator()(const ast::Require& n) {
    out_.text("require ");
    expression(out_, n.condition, sources_);
    out_.text(optional_string("", n.message));
  }
  void operator()(const ast::Note& n) {
    out_.text("note " + n.side.text + optional_string("", n.text));
    condition(n.when);
  }
  void operator()(const ast::Rule& n) {
    out_.begin();
    out_.text(fmt::format("{}{}", n.override_ ? "override " : "", n.optional ? "optional " : ""));
    terms(out_, n.left, continuation_indent, sources_);
    arrow(n.arrow, n.arrow_range);
    terms(out_, n.right, block_indent, sources_);
    out_.end();
    condition(n.when);
  }
  void operator()(const ast::Prefix& n) {
    out_.begin();
    out_.text(key(n.left, sources_));
    arrow(ast::Arrow::both, n.right.range);
    out_.text(key(n.right, sources_));
    out_.end();
    condition(n.when);
    out_.text(" {");
  }
  void operator()(const ast::When& n) {
    out_.text("when ");
    expression(out_, n.condition, sources_);
    out_.text(" {");
  }
  void operator()(const ast::Tie& n) {
    out_.begin();
    out_.text("tie " + side_key(n.written, sources_) + " =");
    out_.goes_on();
    out_.line(continuation_indent, " ");
    out_.at(n.kept.range.begin);
    out_.text(side_key(n.kept, sources_));
    out_.end();
    condition(n.when);
  }
  void operator()(const ast::Ignore& n) {
    out_.text("ignore " + side_key(n.pattern, sources_));
    condition(n.when);
  }
  void operator()(const ast::Same& n) {
    out_.text("same " + key(n.pattern, sources_));
    condition(n.when);
  }
  void operator()(const ast::Remove& n) { out_.text("remove " + side_key(n.pattern, sources_)); }
  void operator()(const ast::Restrict& n) {
    out_.text("restrict " + side_key(n.pattern, sources_));
    condition(n.when);
  }
  void operator()(const ast::State& n) { out_.text(fmt::format("state {} {{", n.kind.text)); }
  void operator()(const ast::Config& n) { out_.text(fmt::format("config{} {{", optional_string("", n.file))); }
  void operator()(const ast::ConfigLine& n) {
    using Kind = ast::ConfigLine::Kind;
    out_.begin();
    out_.text(n.kind == Kind::remove ? "remove " : n.kind == Kind::ignore ? "ignore " : n.override_ ? "override " : "");
    expression(out_, n.target, sources_);
    if (n.kind == Kind::equation) {
      arrow(n.arrow, n.source->range);
      expression(out_, *n.source, sources_);
    } else if (n.kind == Kind::assignment) {
      assignment(*n.source);
    }
    out_.end();
    condition(n.when);
  }

 private:
  void assignment(const ast::Expr& value) {
    out_.text(" =");
    assigned(out_, value, sources_);
  }
  void arrow(ast::Arrow arrow, SourceRange range) {
    out_.line(continuation_indent, " ");
    out_.at(range.begin, true);
    out_.cell(&Row::arrow);
    out_.text(arrow == ast::Arrow::both ? "<-> " : arrow == ast::Arrow::right ? "-> " : "<- ");
    out_.goes_on();
    out_.cell(&Row::right);
  }
  /// `end`: behind all comments of the set.
  void names(const std::vector<ast::Name>& names, std::uint32_t end) {
    out_.open_bracket("{");
    out_.begin();
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) out_.text(",");
      out_.line(continuation_indent, i == 0 ? "" : " ");
      out_.at(names[i].range.begin);
      out_.text(names[i].text);
    }
    out_.comma_if_broken();
    out_.at(end);
    out_.line(0, "");
    out_.end();
    out_.close_bracket("}");
  }
  void condition(const std::optional<ast::Expr>& when) {
    if (when) condition(*when);
  }
  void condition(const ast::Expr& when) {
    out_.cell(&Row::when);
    out_.text(" when ");
    expression(out_, when, sources_);
  }

  Layout& out_;
  const SourceMap& sources_;
};

}  // namespace

Layout statement(const ast::Statement& statement, const SourceMap& sources, std::span<const InnerComment> comments) {
  Layout out(comments);
  std::visit(StatementLayout(out, sources), statement.node);
  return out;
}

bool share_columns(const ast::Statement& a, const ast::Statement& b) {
  if (a.node.index() != b.node.index()) return false;
  if (const auto* line = std::get_if<ast::ConfigLine>(&a.node)) {
    return line->kind == std::get<ast::ConfigLine>(b.node).kind;
  }
  return std::holds_alternative<ast::Rule>(a.node) || std::holds_alternative<ast::Tie>(a.node) ||
         std::holds_alternative<ast::Ignore>(a.node) || std::holds_alternative<ast::Same>(a.node) ||
         std::holds_alternative<ast::Restrict>(a.node);
}

}  // namespace omap::layout
