#include "compiler/syntax/parse.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "compiler/compile.h"

using namespace omap;

namespace {

struct Parsed {
  SourceMap sources;
  Diagnostics diagnostics;
  ast::Module module;

  explicit Parsed(std::string text, const SyntaxLimits& limits = {}) {
    const std::uint32_t file = sources.add(SourceFile("test.omap", std::move(text)));
    module = parse(sources, file, diagnostics, limits);
  }
  [[nodiscard]] std::string_view text(SourceRange range) const { return sources.text(range); }
};

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

/// A mapping with `body` in it.
std::string mapping(const std::string& body) {
  return "omap 1\nside a: safetensors\nside b: safetensors\nmapping m: a <-> b {\n" + body + "\n}\n";
}

/// The whole compiler, as the tree that the parser lets through is what the others walk by recursion.
void refused(const std::string& text, Code code) {
  const Compilation compilation = compile("test.omap", text);
  REQUIRE(has_errors(compilation.diagnostics));
  CHECK(code_text(compilation.diagnostics.front().code) == code_text(code));
  CHECK(compilation.diagnostics.size() <= 100);
}

template <class Node>
const Node& node(const ast::Statement& statement) {
  return std::get<Node>(statement.node);
}

}  // namespace

TEST_CASE("ranges of a rule cover its words, and nothing around them") {
  const Parsed q("  a.w[(x + y) d=2] , b  <->  \"\u00e9 {layer + 1}\"[...]  when  n > 1  // end\n");
  REQUIRE(q.diagnostics.empty());
  REQUIRE(q.module.statements.size() == 1);
  const ast::Statement& statement = q.module.statements[0];
  CHECK(q.text(statement.range) == "a.w[(x + y) d=2] , b  <->  \"\u00e9 {layer + 1}\"[...]  when  n > 1");
  const auto& rule = node<ast::Rule>(statement);
  REQUIRE(rule.left.size() == 2);
  CHECK(q.text(rule.left[0].range) == "a.w[(x + y) d=2]");
  CHECK(q.text(rule.left[0].key.range) == "a.w");
  REQUIRE(rule.left[0].shape.has_value());
  CHECK(q.text(rule.left[0].shape->range) == "[(x + y) d=2]");
  REQUIRE(rule.left[0].shape->dims.size() == 2);
  CHECK(q.text(rule.left[0].shape->dims[0].range) == "(x + y)");
  CHECK(q.text(rule.left[0].shape->dims[0].parts.at(1).range) == "y");
  CHECK(q.text(rule.left[0].shape->dims[1].range) == "d=2");
  CHECK(rule.left[0].shape->dims[1].value == 2);
  CHECK(q.text(rule.arrow_range) == "<->");
  const ast::Key& quoted = rule.right[0].key;
  CHECK(quoted.quoted);
  REQUIRE(quoted.parts.size() == 2);
  CHECK(quoted.parts[0].text == "\u00e9 ");
  CHECK(q.text(quoted.parts[1].range) == "{layer + 1}");
  CHECK(q.text(quoted.parts[1].expr.at(0).range) == "layer + 1");
  CHECK(rule.right[0].shape->dims.at(0).kind == ast::Axis::Kind::ellipsis);
  REQUIRE(rule.when.has_value());
  CHECK(q.text(rule.when->range) == "n > 1");
  CHECK(q.text(rule.when->word_range) == ">");
  REQUIRE(statement.behind.has_value());
  CHECK(statement.behind->text == "// end");
}

TEST_CASE("expressions bind as the language says") {
  const Parsed p(
      "param x: int = a ?? not b == c and d or -e.f[0] * 2 + 1 not in 0..3\nparam y: int = a - b - c\n"
      "param z: int = if a then b ?? c else d ?? e\n");
  REQUIRE(p.diagnostics.empty());
  const ast::Expr& x = *node<ast::Param>(p.module.statements[0]).value;
  CHECK(x.text == "??");
  const ast::Expr& either = x.operands[1];
  CHECK(either.text == "or");
  CHECK(either.operands[0].text == "and");
  CHECK(either.operands[0].operands[0].kind == ast::Expr::Kind::logical_not);
  CHECK(either.operands[0].operands[0].operands[0].text == "==");
  const ast::Expr& in = either.operands[1];
  CHECK(in.text == "not in");
  CHECK(p.text(in.word_range) == "not in");
  CHECK(in.operands[1].text == "..");
  CHECK(in.operands[0].text == "+");
  CHECK(in.operands[0].operands[0].text == "*");
  CHECK(in.operands[0].operands[0].operands[0].kind == ast::Expr::Kind::negate);
  const ast::Expr& y = *node<ast::Param>(p.module.statements[1]).value;
  CHECK(p.text(y.operands[0].range) == "a - b");
  const ast::Expr& z = *node<ast::Param>(p.module.statements[2]).value;
  CHECK((z.kind == ast::Expr::Kind::conditional || z.text == "??"));
  CHECK(p.text(z.range) == "if a then b ?? c else d ?? e");
}

TEST_CASE("comments are kept with the statement that they stand at") {
  const Parsed p(
      "// file\n\n/// doc\n///  more\nmapping m: a <-> b { // head\n  // first\n  x <-> y // behind\n\n\n  // second\n"
      "  z <-> // inside\n    w\n  // last\n} // closing\n\n// end\n");
  REQUIRE(p.diagnostics.empty());
  REQUIRE(p.module.statements.size() == 1);
  const ast::Statement& mapping = p.module.statements[0];
  REQUIRE(mapping.before.size() == 3);
  CHECK(mapping.before[0].text == "// file");
  CHECK_FALSE(mapping.before[0].after_blank_line);
  CHECK(mapping.before[1].after_blank_line);
  CHECK(ast::documentation(mapping) == "doc\n more");
  CHECK(p.text(mapping.range) == "mapping m: a <-> b {");
  CHECK(mapping.behind->text == "// head");
  REQUIRE(mapping.at_end.size() == 1);
  CHECK(mapping.at_end[0].text == "// last");
  CHECK(mapping.behind_end->text == "// closing");
  const auto& body = node<ast::Mapping>(mapping).body;
  REQUIRE(body.size() == 2);
  CHECK(body[0].before.at(0).text == "// first");
  CHECK(body[0].behind->text == "// behind");
  CHECK_FALSE(body[0].after_blank_line);
  REQUIRE(body[1].before.size() == 2);
  CHECK(body[1].before[0].text == "// second");
  CHECK(body[1].before[0].after_blank_line);
  CHECK(body[1].before[1].text == "// inside");
  REQUIRE(p.module.at_end.size() == 1);
  CHECK(p.module.at_end[0].text == "// end");
}

TEST_CASE("an empty line before a statement is remembered") {
  const Parsed p("a <-> b\nc <-> d\n\ne <-> f\n  \n\ng <-> h");
  REQUIRE(p.module.statements.size() == 4);
  CHECK_FALSE(p.module.statements[0].after_blank_line);
  CHECK_FALSE(p.module.statements[1].after_blank_line);
  CHECK(p.module.statements[2].after_blank_line);
  CHECK(p.module.statements[3].after_blank_line);
}

TEST_CASE("line ends of either kind, a last line without one, and a byte order mark change nothing") {
  const std::string text = "omap 1\nx[a\n b] <->\n  y[b a]\nz <-> w when n >\n  1\n";
  std::string windows;
  for (const char c : text) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& each : {text, windows, text.substr(0, text.size() - 1), "\xEF\xBB\xBF" + text}) {
    const Parsed p(each);
    CHECK(p.diagnostics.empty());
    REQUIRE(p.module.statements.size() == 3);
    CHECK(p.text(p.module.statements[0].range) == "omap 1");
    CHECK(p.text(node<ast::Rule>(p.module.statements[1]).right.at(0).range) == "y[b a]");
    CHECK(p.text(node<ast::Rule>(p.module.statements[2]).when->range).starts_with("n >"));
  }
}

TEST_CASE("`else` is kept apart from the `when` it belongs to") {
  const Parsed p("when c {\n a <-> b\n} else {\n c <-> d\n e <-> f\n}\n");
  const auto& when = node<ast::When>(p.module.statements.at(0));
  CHECK(when.body.size() == 1);
  CHECK(when.else_body.size() == 2);
}

TEST_CASE("an error costs its statement only") {
  const Parsed p("a <-> b\nc[d <-> e\nf <-> g\nh <-> i j\nk <-> l\nm[n)] <-> o\np <-> q\n");
  CHECK(p.diagnostics.size() == 3);
  CHECK(p.module.statements.size() == 4);
}

TEST_CASE("invalid UTF-8 is refused where it begins") {
  const Parsed p("omap 1\n// \xC3(\n");
  REQUIRE(p.diagnostics.size() == 1);
  CHECK(p.diagnostics[0].code == Code::invalid_utf8);
  CHECK(p.diagnostics[0].primary.range.begin == 10);
  CHECK(p.module.statements.empty());
}

TEST_CASE("zero bytes and lone carriage returns are characters like others") {
  refused(mapping(std::string("x <-> y\0z", 9)), Code::unexpected_character);
  refused(mapping("x <-> y\rz <-> w"), Code::unexpected_character);
}

TEST_CASE("a file or a statement that is too large is refused") {
  SyntaxLimits limits;
  limits.file_bytes = 10;
  CHECK(Parsed("omap 1\n// ", limits).diagnostics.empty());
  const Parsed large("omap 1\n// x", limits);
  REQUIRE(large.diagnostics.size() == 1);
  CHECK(large.diagnostics[0].code == Code::source_too_large);
  CHECK(large.diagnostics[0].subject == "test.omap");

  limits.file_bytes = 1000;
  limits.statements = 5;
  CHECK(Parsed(repeated("a <-> b\n", 5), limits).diagnostics.empty());
  const Parsed many(repeated("a <-> b\n", 6), limits);
  REQUIRE(many.diagnostics.size() == 1);
  CHECK(many.diagnostics[0].code == Code::source_too_large);

  refused(mapping("param p: [int] = [" + repeated("1,\n", 20'000) + "]"), Code::source_too_large);
  refused(mapping("x[" + repeated("d ", 20'000) + "] <-> y"), Code::source_too_large);
}

TEST_CASE("nesting beyond the limits is refused, however it is written") {
  refused(mapping("require " + repeated("(", 20'000) + "1" + repeated(")", 20'000)), Code::nesting_too_deep);
  refused(mapping("require " + repeated("[", 20'000)), Code::nesting_too_deep);
  refused(mapping("x[" + repeated("(", 20'000) + "d" + repeated(")", 20'000) + "] <-> y"), Code::nesting_too_deep);
  refused(mapping("require " + repeated("(\n", 500'000)), Code::nesting_too_deep);
  refused(mapping(repeated("(\n", 500'000)), Code::nesting_too_deep);
  refused(mapping(repeated("(x\n", 20'000)), Code::nesting_too_deep);
  refused(mapping("require " + repeated("len(", 20'000)), Code::nesting_too_deep);
  refused(mapping("x.{" + repeated("{", 20'000)), Code::nesting_too_deep);
}

TEST_CASE("operators beyond the limits are refused") {
  refused(mapping("require " + repeated("not ", 20'000) + "true"), Code::nesting_too_deep);
  refused(mapping("param p: int = " + repeated("1 + ", 100'000) + "1"), Code::nesting_too_deep);
  refused(mapping("param p: int = " + repeated("-", 20'000) + "1"), Code::nesting_too_deep);
  refused(mapping("param p: int = " + repeated("if true then 1 else ", 20'000) + "1"), Code::nesting_too_deep);
  refused(mapping("param p: int = " + repeated("1 ?? ", 20'000) + "1"), Code::nesting_too_deep);
  refused(mapping("param p: int = a" + repeated(".b", 20'000)), Code::nesting_too_deep);
  refused(mapping("param p: int = a" + repeated("[0]", 3'000)), Code::nesting_too_deep);
  refused(mapping("param p: int = a" + repeated("[0].b", 600)), Code::nesting_too_deep);
  // What commas part does not nest.
  std::string many = "x.y-z[d]";
  for (int i = 0; i < 400; ++i) many += fmt::format(", x.y-z{}[d]", i);
  CHECK(Parsed(mapping(many + " -> w[(d)]")).diagnostics.empty());
  // Within the limits of a statement, and beyond those of a plan.
  refused(mapping("param p: int = " + repeated("1 + ", 200) + "1\nx[p] <-> y[p]"), Code::plan_limit);
  refused(mapping("param p: int = a" + repeated("[0]", 500) + "\nx[p] <-> y[p]"), Code::plan_limit);
  refused(mapping("param p: int = a" + repeated(".b", 500) + "\nx[p] <-> y[p]"), Code::plan_limit);
}

TEST_CASE("blocks beyond the limit are refused") {
  refused(mapping(repeated("when true {\n", 20'000) + repeated("}\n", 20'000)), Code::nesting_too_deep);
  refused(mapping(repeated("a <-> a {\n", 20'000)), Code::nesting_too_deep);
  refused(mapping(repeated("when true { ", 20'000)), Code::nesting_too_deep);
  refused(repeated("}\n", 200'000), Code::unmatched_bracket);
}

TEST_CASE("a file of nothing but errors is left after some") {
  for (const std::string_view line : {"x y\n", "$ ", "\"\n", "x[ <-> y\n", "(\n} {\n", "x.{ <-> y\n", "a{ b\n"}) {
    CAPTURE(line);
    const Compilation compilation = compile("test.omap", "omap 1\n" + repeated(line, 100'000));
    CHECK(has_errors(compilation.diagnostics));
    CHECK(compilation.diagnostics.size() <= SyntaxLimits{}.errors);
  }
  refused(mapping(repeated("x.{i} <-> y.{i}\n", 10'000)), Code::unknown_name);
}

TEST_CASE("very many empty lines, comments and short statements are read in one go") {
  const Parsed p("omap 1\n" + repeated("\n", 1'000'000) + repeated("//\n", 100'000) + repeated("a <-> b\n", 1'000));
  CHECK(p.diagnostics.empty());
  CHECK(p.module.statements.size() == 1'001);
  CHECK(p.module.statements[1].before.size() == 100'000);
}
