#include "compiler/syntax/build_ast.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "compiler/syntax/literals.h"
#include "compiler/syntax/words.h"

namespace omap::syntax {
namespace {

/// The members follow the rules of the grammar. The first problem is kept; what is built behind it is not looked at.
class Builder {
 public:
  Builder(std::string_view text, std::uint32_t file) : text_(text), file_(file) {}

  tl::expected<StatementNode, Diagnostic> build(const ParseNode& n) {
    StatementNode node = statement(n);
    if (problem_) return tl::unexpected(std::move(*problem_));
    return node;
  }

 private:
  void refuse(Diagnostic diagnostic) {
    if (!problem_) problem_ = std::move(diagnostic);
  }

  StatementNode statement(const ParseNode& n) {
    if (n.rule == "versionStatement") return ast::Version{integer(n.get("INT"))};
    if (n.rule == "useStatement") return ast::Use{n.has("STD"), string(n.get("STRING"))};
    if (n.rule == "sideStatement") return ast::Side{name(n, 0), name(n, 1), optional_string(n)};
    if (n.rule == "mappingStatement") return mapping(n);
    if (n.rule == "paramStatement") return param(n);
    if (n.rule == "indexStatement") return index(n);
    if (n.rule == "requireStatement") return ast::Require{expr(n.get("expr")), optional_string(n)};
    if (n.rule == "noteStatement") return ast::Note{name(n, 0), string(n.get("STRING")), condition(n)};
    if (n.rule == "configStatement") return ast::Config{optional_string(n), {}};
    if (n.rule == "stateStatement") return ast::State{name(n, 0), {}};
    if (n.rule == "whenStatement") return ast::When{expr(n.get("expr")), {}, {}, false, {}, {}};
    if (n.rule == "tieStatement") {
      return ast::Tie{side_key(n.get("sideKey")), side_key(n.get("sideKey", 1)), condition(n)};
    }
    if (n.rule == "ignoreStatement") return ast::Ignore{side_key(n.get("sideKey")), condition(n)};
    if (n.rule == "sameStatement") return ast::Same{key(n.get("key")), condition(n)};
    if (n.rule == "removeStatement") return ast::Remove{side_key(n.get("sideKey"))};
    if (n.rule == "restrictStatement") {
      return ast::Restrict{side_key(n.get("sideKey")), expr(n.get("condition").get("expr"))};
    }
    if (n.rule == "configLine") return config_line(n);
    return n.has("BRACE_OPEN") ? StatementNode(prefix(n)) : StatementNode(rule(n));
  }

  // ---- declarations

  ast::Mapping mapping(const ParseNode& n) {
    return {name(n, 0), name(n, 1), name(n, 2), n.has("EXTENDS") ? std::optional(name(n, 3)) : std::nullopt, {}};
  }
  ast::Param param(const ParseNode& n) {
    ast::Param param;
    param.override_ = n.has("OVERRIDE");
    param.name = name(n, 0);
    if (n.has("BRACKET_OPEN")) param.index = name(n, 1);
    const ParseNode& type = n.get("type");
    param.type = {name(type, 0), type.has("BRACKET_OPEN")};
    if (const ParseNode* value = n.find("expr")) param.value = expr(*value);
    return param;
  }
  ast::Index index(const ParseNode& n) {
    ast::Index index;
    index.name = name(n, 0);
    if (const ParseNode* names = n.find("nameSet")) {
      for (const ParseNode* word : names->all("word")) index.names.push_back({text_of(*word), word->range});
    } else {
      index.list = expr(n.get("expr"));
    }
    index.when = condition(n);
    return index;
  }
  std::optional<ast::Expr> condition(const ParseNode& n) {
    const ParseNode* when = n.find("condition");
    return when ? std::optional(expr(when->get("expr"))) : std::nullopt;
  }

  // ---- rules

  ast::Rule rule(const ParseNode& n) {
    ast::Rule rule;
    rule.override_ = n.has("OVERRIDE");
    rule.optional = n.has("OPTIONAL");
    rule.left = terms(n.get("terms"));
    rule.right = terms(n.get("terms", 1));
    rule.arrow = arrow(n.get("arrow"));
    rule.arrow_range = n.get("arrow").range;
    rule.when = condition(n);
    return rule;
  }
  ast::Prefix prefix(const ParseNode& n) {
    if (arrow(n.get("arrow")) != ast::Arrow::both || n.has("OVERRIDE") || n.has("OPTIONAL")) {
      refuse(Diagnostic(Code::syntax_error, n.get("arrow").range, "a block is opened by `KEY <-> KEY {{`")
                 .help("the rules inside have arrows, `optional` and `override` of their own"));
    }
    return {prefix_key(n.get("terms")), prefix_key(n.get("terms", 1)), condition(n), {}};
  }
  ast::Key prefix_key(const ParseNode& terms) {
    const ParseNode& term = terms.children.front();
    if (terms.children.size() == 1 && term.children.size() == 1 && term.has("key")) return key(term.get("key"));
    refuse(Diagnostic(Code::syntax_error, terms.range, "a block's prefix is one key on each side")
               .help("`KEY <-> KEY {{ ... }}`: shapes, several keys and values belong to the rules inside"));
    return {};
  }
  static ast::Arrow arrow(const ParseNode& n) {
    return n.has("BOTH") ? ast::Arrow::both : n.has("RIGHT") ? ast::Arrow::right : ast::Arrow::left;
  }
  std::vector<ast::Term> terms(const ParseNode& n) {
    std::vector<ast::Term> terms;
    for (const ParseNode* t : n.all("term")) terms.push_back(term(*t));
    return terms;
  }
  ast::Term term(const ParseNode& n) {
    ast::Term term;
    term.range = n.range;
    if (n.has("FILL")) {
      term.fill = number(n.get("signedNumber"));
      term.fill_range = n.get("signedNumber").children.back().range;
    } else {
      term.key = key(n.get("key"));
      if (const ParseNode* s = n.find("shape")) term.shape = shape(*s);
      for (const ParseNode* op : n.all("valueOp")) term.ops.push_back(value_op(*op));
    }
    const auto as = n.all("AS");
    if (as.size() > 1) refuse(Diagnostic(Code::syntax_error, as[1]->range, "a tensor is stored as one dtype"));
    if (const ParseNode* dtype = n.find("word")) term.as = ast::Name{text_of(*dtype), dtype->range};
    return term;
  }
  ast::ValueOp value_op(const ParseNode& n) {
    ast::ValueOp op;
    op.op = text_[n.range.begin];
    op.range = n.range;
    if (const ParseNode* value = n.find("signedNumber")) {
      op.number = number(*value);
      op.number_range = value->children.back().range;
    } else {
      ast::Term operand;
      operand.key = key(n.get("key"));
      if (const ParseNode* s = n.find("shape")) operand.shape = shape(*s);
      operand.range = cover(operand.key.range, op.range);
      op.operand.push_back(std::move(operand));
    }
    return op;
  }

  // ---- lines of a config section

  ast::ConfigLine config_line(const ParseNode& n) {
    using Kind = ast::ConfigLine::Kind;
    ast::ConfigLine line;
    line.override_ = n.has("OVERRIDE");
    line.target = path(n.get("path"));
    line.when = condition(n);
    if (n.has("REMOVE") || n.has("IGNORE")) {
      line.kind = n.has("REMOVE") ? Kind::remove : Kind::ignore;
    } else if (n.has("ASSIGN")) {
      line.kind = Kind::assignment;
      line.source = expr(n.get("expr"));
    } else {
      line.arrow = arrow(n.get("arrow"));
      line.source = path(n.get("path", 1));
    }
    return line;
  }
  ast::Expr path(const ParseNode& n) {
    const ParseNode& head = n.get("pathHead");
    ast::Expr at;
    at.range = head.range;
    at.kind = head.has("STRING") ? ast::Expr::Kind::string : ast::Expr::Kind::name;
    at.text = head.has("STRING") ? string(head.get("STRING")) : text_of(head);
    for (const ParseNode* step : n.all("pathStep")) {
      ast::Expr next;
      next.range = cover(at.range, step->range);
      next.operands.push_back(std::move(at));
      if (const ParseNode* item = step->find("expr")) {
        next.kind = ast::Expr::Kind::item;
        next.operands.push_back(expr(*item));
      } else {
        member(next, *step);
      }
      at = std::move(next);
    }
    return at;
  }
  void member(ast::Expr& made, const ParseNode& n) {
    made.kind = ast::Expr::Kind::member;
    const ParseNode& last = n.children.back();
    made.word_range = last.range;
    made.text = last.rule == "STRING" ? string(last) : text_of(last);
  }

  // ---- keys

  ast::SideKey side_key(const ParseNode& n) { return {name(n, 0), key(n.get("key")), n.range}; }

  ast::Key key(const ParseNode& n) {
    ast::Key key;
    key.range = n.range;
    if (n.has("STRING")) {
      key.quoted = true;
      quoted_parts(key);
      return key;
    }
    std::uint32_t end = n.range.begin;  // of the parts so far: dots between them are text
    for (const ParseNode* part : n.all("keyPart")) {
      append_text(key, {file_, end, part->range.begin});
      end = part->range.end;
      if (const ParseNode* inside = part->find("placeholder")) {
        key.parts.push_back(placeholder(*inside, part->range));
      } else if (part->has("STAR") || part->has("STARS")) {
        const auto kind = part->has("STAR") ? ast::KeyPart::Kind::segment : ast::KeyPart::Kind::segments;
        key.parts.push_back({kind, part->range, {}, {}, {}});
      } else {
        append_text(key, part->range);
      }
    }
    return key;
  }
  void append_text(ast::Key& key, SourceRange range) {
    if (range.begin == range.end) return;
    if (key.parts.empty() || key.parts.back().kind != ast::KeyPart::Kind::text) {
      key.parts.push_back({ast::KeyPart::Kind::text, range, {}, {}, {}});
    }
    key.parts.back().text += text_at(range);
    key.parts.back().range = cover(key.parts.back().range, range);
  }
  ast::KeyPart placeholder(const ParseNode& n, SourceRange range) {
    ast::KeyPart part;
    part.range = range;
    if (const ParseNode* choice = n.find("alternatives")) {
      part.kind = ast::KeyPart::Kind::alternatives;
      for (const ParseNode* alternative : choice->all("alternative")) {
        part.alternatives.push_back(text_of(*alternative));
        if (part.alternatives.back().find_first_of(" \t\r\n") == std::string::npos) continue;
        refuse(Diagnostic(Code::syntax_error, alternative->range, "a blank stands in an alternative of a key")
                   .label("parts of a key touch each other"));
      }
      return part;
    }
    part.expr.push_back(expr(n.get("expr")));
    const bool any = part.expr[0].kind == ast::Expr::Kind::name && part.expr[0].text == "_";
    part.kind = any ? ast::KeyPart::Kind::any : ast::KeyPart::Kind::placeholder;
    if (any) part.expr.clear();
    return part;
  }
  /// The next `{` that is not escaped, or `end`.
  [[nodiscard]] std::uint32_t next_brace(std::uint32_t at, std::uint32_t end) const {
    while (at < end && text_[at] != '{') at += text_[at] == '\\' ? 2U : 1U;
    return std::min(at, end);
  }
  /// A quoted key is one word to the lexer: what its braces hold is read here.
  void quoted_parts(ast::Key& key) {
    const std::uint32_t end = key.range.end - 1;
    for (std::uint32_t at = key.range.begin + 1; at < end;) {
      const std::uint32_t brace = next_brace(at, end);
      if (brace > at)
        key.parts.push_back({ast::KeyPart::Kind::text, {file_, at, brace}, unescaped({file_, at, brace}), {}, {}});
      if (brace == end) return;
      const auto close = static_cast<std::uint32_t>(std::min<std::size_t>(text_.find('}', brace), end));
      const SourceRange range{file_, brace, close + 1};
      if (close == end) {
        refuse(Diagnostic(Code::unclosed_bracket, {file_, brace, brace + 1}, "`{{` is not closed in this key"));
        return;
      }
      quoted_placeholder(key, range);
      at = close + 1;
    }
  }
  void quoted_placeholder(ast::Key& key, SourceRange range) {
    const auto words = lex(text_.substr(range.begin + 1, range.end - range.begin - 2), range.begin + 1);
    if (words.empty()) {
      refuse(Diagnostic(Code::syntax_error, range, "an empty placeholder"));
      return;
    }
    auto tree = parse_words(words, Wanted::placeholder, text_, file_);
    if (!tree) {
      refuse(std::move(tree.error()));
      return;
    }
    key.parts.push_back(placeholder(*tree, range));
  }

  // ---- shapes

  ast::Shape shape(const ParseNode& n) {
    ast::Shape shape;
    shape.range = n.range;
    for (const ParseNode* a : n.all("axis")) shape.dims.push_back(axis(*a));
    return shape;
  }
  ast::Axis axis(const ParseNode& n) {
    ast::Axis axis;
    axis.range = n.range;
    if (const ParseNode* size = n.find("INT")) axis.value = integer(*size);
    if (const ParseNode* named = n.find("word")) {
      axis.text = text_of(*named);
      if (const auto words = n.all("word"); words.size() > 1)
        axis.extent = ast::Name{text_of(*words[1]), words[1]->range};
      if (n.has("SLASH")) axis.kind = ast::Axis::Kind::divided;
    } else if (axis.value) {
      axis.kind = ast::Axis::Kind::literal;
    } else if (n.has("ELLIPSIS")) {
      axis.kind = ast::Axis::Kind::ellipsis;
    } else {
      axis.kind = ast::Axis::Kind::sum;
      for (const ParseNode* p : n.all("product")) axis.parts.push_back(product(*p));
      if (axis.parts.size() == 1) return only_part(std::move(axis));
    }
    return axis;
  }
  ast::Axis product(const ParseNode& n) {
    ast::Axis product;
    product.kind = ast::Axis::Kind::product;
    product.range = n.range;
    for (const ParseNode* a : n.all("axis")) product.parts.push_back(axis(*a));
    return product.parts.size() == 1 ? only_part(std::move(product)) : product;
  }
  static ast::Axis only_part(ast::Axis axis) {
    ast::Axis part = std::move(axis.parts.front());
    return part;
  }

  // ---- expressions

  ast::Expr expr(const ParseNode& n) {
    using Kind = ast::Expr::Kind;
    const std::string_view first = n.children.front().rule;
    if (first == "primary") return primary(n.children.front());
    ast::Expr made;
    made.range = n.range;
    for (const ParseNode* operand : n.all("expr")) made.operands.push_back(expr(*operand));
    if (n.has("DOT")) {
      member(made, n);
    } else if (n.has("BRACKET_OPEN")) {
      made.kind = Kind::item;
    } else if (first == "MINUS") {
      made.kind = Kind::negate;
    } else if (first == "NOT") {
      made.kind = Kind::logical_not;
    } else if (first == "IF") {
      made.kind = Kind::conditional;
    } else {
      made.kind = Kind::binary;
      for (const ParseNode& child : n.children) {
        if (child.rule == "expr") continue;
        made.word_range = cover(made.word_range, child.range);
        made.text += (made.text.empty() ? "" : " ") + text_of(child);
      }
    }
    return made;
  }
  ast::Expr primary(const ParseNode& n) {
    using Kind = ast::Expr::Kind;
    if (n.has("PAREN_OPEN") && !n.has("name")) return expr(n.get("expr"));
    ast::Expr made;
    made.range = made.word_range = n.range;
    const std::string_view word = n.children.front().rule;
    if (word == "INT") {
      made.kind = Kind::integer;
      made.integer = integer(n.children.front());
    } else if (word == "FLOAT") {
      made.kind = Kind::real;
      made.real = real(n.range);
    } else if (word == "STRING") {
      made.kind = Kind::string;
      made.text = string(n.children.front());
    } else if (word == "TRUE" || word == "FALSE") {
      made.kind = Kind::boolean;
      made.integer = word == "TRUE" ? 1 : 0;
    } else if (word == "BRACKET_OPEN") {
      made.kind = Kind::list;
      for (const ParseNode* item : n.all("expr")) made.operands.push_back(expr(*item));
    } else if (n.has("PAREN_OPEN")) {
      call(n, made);
    } else if (word == "name") {
      made.kind = Kind::name;
      made.text = text_of(n);
    }
    return made;
  }
  void call(const ParseNode& n, ast::Expr& made) {
    made.kind = ast::Expr::Kind::call;
    made.word_range = n.get("name").range;
    made.text = text_of(n.get("name"));
    for (const ParseNode* argument : n.all("argument")) {
      if (const ParseNode* value = argument->find("expr")) {
        made.operands.push_back(expr(*value));
      } else if (made.key.empty() && made.operands.empty()) {
        made.key.push_back(side_key(argument->get("sideKey")));
      } else {
        refuse(Diagnostic(Code::wrong_arguments, argument->range, "`SIDE:KEY` is the first argument only"));
      }
    }
  }

  // ---- words

  [[nodiscard]] std::string_view text_at(SourceRange r) const { return text_.substr(r.begin, r.end - r.begin); }
  [[nodiscard]] std::string text_of(const ParseNode& n) const { return std::string(text_at(n.range)); }
  ast::Name name(const ParseNode& n, std::size_t i) { return {text_of(n.get("name", i)), n.get("name", i).range}; }

  std::int64_t integer(const ParseNode& n) {
    const auto value = parse_integer(text_at(n.range));
    if (!value) refuse(Diagnostic(Code::number_out_of_range, n.range, "this number exceeds 2^63 - 1"));
    return value.value_or(0);
  }
  double real(SourceRange range) {
    const auto value = parse_real(text_at(range));
    if (!value) refuse(Diagnostic(Code::number_out_of_range, range, "this number is not finite in 64 bits"));
    return value.value_or(0);
  }
  double number(const ParseNode& n) {
    const double value = real(n.children.back().range);
    return n.has("MINUS") ? -value : value;
  }
  std::string string(const ParseNode& n) { return unescaped({file_, n.range.begin + 1, n.range.end - 1}); }
  std::optional<std::string> optional_string(const ParseNode& n) {
    const ParseNode* found = n.find("STRING");
    return found ? std::optional(string(*found)) : std::nullopt;
  }
  std::string unescaped(SourceRange range) {
    refuse_control_character(range);
    auto value = unescape(text_at(range));
    if (!value) {
      refuse(Diagnostic(Code::unterminated_string, range, "an unknown escape in a string")
                 .help("known are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{{` and `\\}}`"));
    }
    return std::move(value).value_or("");
  }

  /// No escape stands for one but a tab: a text with it could not be written again.
  void refuse_control_character(SourceRange range) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
    const std::string_view text = text_at(range);
    const auto found = std::ranges::find_if(text, is_control);
    if (found == text.end()) return;
    const std::uint32_t at = range.begin + static_cast<std::uint32_t>(found - text.begin());
    refuse(Diagnostic(Code::unexpected_character, {file_, at, at + 1}, "a control character stands in a string")
               .help("take it out: only `\\n` and `\\t` can be written"));
  }

  std::string_view text_;
  std::uint32_t file_;
  std::optional<Diagnostic> problem_;
};

}  // namespace

tl::expected<StatementNode, Diagnostic> build_statement(const ParseNode& tree, std::string_view text) {
  return Builder(text, tree.range.file).build(tree);
}

}  // namespace omap::syntax
