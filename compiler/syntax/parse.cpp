#include "compiler/syntax/parse.h"

#include <antlr4-runtime.h>

#include <charconv>
#include <utility>

#include "OmapLexer.h"
#include "OmapParser.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/split_statements.h"

// The only file that knows ANTLR: text to words, and the words of one statement to its tree. No tree of ANTLR's outlives
// its statement, so memory does not grow with the parse trees.

namespace omap {
namespace {

using antlr::OmapLexer;
using antlr::OmapParser;
using syntax::RawStatement;
using syntax::Token;
using syntax::TokenClass;

TokenClass token_class(std::size_t type) {
  switch (type) {
    case OmapLexer::NEWLINE: return TokenClass::newline;
    case OmapLexer::COMMENT:
    case OmapLexer::DOC_COMMENT: return TokenClass::comment;
    case OmapLexer::BOTH:
    case OmapLexer::RIGHT:
    case OmapLexer::LEFT: return TokenClass::arrow;
    case OmapLexer::COMMA: return TokenClass::comma;
    case OmapLexer::DOT: return TokenClass::dot;
    case OmapLexer::PAREN_OPEN:
    case OmapLexer::BRACKET_OPEN: return TokenClass::open;
    case OmapLexer::PAREN_CLOSE:
    case OmapLexer::BRACKET_CLOSE: return TokenClass::close;
    case OmapLexer::BRACE_OPEN: return TokenClass::brace_open;
    case OmapLexer::BRACE_CLOSE: return TokenClass::brace_close;
    case OmapLexer::STAR:
    case OmapLexer::STARS:
    case OmapLexer::MINUS: return TokenClass::stars;
    case OmapLexer::NOT:
    case OmapLexer::IF: return TokenClass::prefix;
    case OmapLexer::THEN:
    case OmapLexer::ELSE:
    case OmapLexer::COALESCE: return TokenClass::continuation;
    case OmapLexer::AND:
    case OmapLexer::OR:
    case OmapLexer::IN:
    case OmapLexer::PLUS:
    case OmapLexer::SLASH:
    case OmapLexer::PERCENT:
    case OmapLexer::ASSIGN:
    case OmapLexer::EQUAL:
    case OmapLexer::NOT_EQUAL:
    case OmapLexer::LESS:
    case OmapLexer::LESS_EQUAL:
    case OmapLexer::GREATER:
    case OmapLexer::GREATER_EQUAL: return TokenClass::infix;
    case OmapLexer::STRING:
    case OmapLexer::BAR:
    case OmapLexer::COLON:
    case OmapLexer::RANGE:
    case OmapLexer::ELLIPSIS:
    case OmapLexer::UNTERMINATED_STRING:
    case OmapLexer::UNKNOWN: return TokenClass::other;
    default: return TokenClass::word;
  }
}

/// Whether a word may be a part of a key next to another that it touches; keywords are words too.
bool joins(const Token& token) {
  return token.kind == TokenClass::word || token.kind == TokenClass::stars || token.kind == TokenClass::prefix ||
         (token.kind >= TokenClass::infix && token.kind <= TokenClass::continuation &&
          (token.type == OmapLexer::AND || token.type == OmapLexer::OR || token.type == OmapLexer::IN ||
           token.type == OmapLexer::THEN || token.type == OmapLexer::ELSE));
}
bool touch(const Token& a, const Token& b) {
  return a.end == b.begin && (joins(a) || a.kind == TokenClass::brace_close) &&
         (joins(b) || b.kind == TokenClass::brace_open);
}

/// ANTLR counts code points; offsets here are bytes. `text` is valid UTF-8.
std::vector<Token> lex(std::string_view text, std::uint32_t base) {
  antlr4::ANTLRInputStream input{std::string(text)};
  OmapLexer lexer(&input);
  lexer.removeErrorListeners();
  std::vector<Token> tokens;
  std::size_t points = 0;
  std::uint32_t bytes = 0;
  const auto byte_of = [&](std::size_t point) {
    for (; points < point; ++points) {
      do ++bytes;
      while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80);
    }
    return base + bytes;
  };
  while (true) {
    const auto token = lexer.nextToken();
    if (token->getType() == antlr4::Token::EOF) return tokens;
    const std::uint32_t begin = byte_of(token->getStartIndex());
    tokens.push_back({token_class(token->getType()), token->getType(), begin, byte_of(token->getStopIndex() + 1)});
  }
}

/// Thrown within this file only, to leave a statement at its first error.
struct SyntaxError {
  Diagnostic diagnostic;
};

/// What to call a word that would have been right.
std::string spelled(const antlr4::dfa::Vocabulary& vocabulary, std::size_t type) {
  switch (type) {
    case OmapParser::NAME: return "a name";
    case OmapParser::INT: return "a number";
    case OmapParser::STRING: return "a string";
    case antlr4::Token::EOF: return "the end of the statement";
    default: break;
  }
  std::string literal = vocabulary.getLiteralName(type);
  if (literal.size() < 2) return {};
  literal.front() = literal.back() = '`';
  return literal;
}

class FirstError : public antlr4::BaseErrorListener {
 public:
  FirstError(std::string_view text, std::uint32_t file) : text_(text), file_(file) {}

  void syntaxError(antlr4::Recognizer* recognizer, antlr4::Token* offending, std::size_t, std::size_t,
                   const std::string&, std::exception_ptr) override {
    auto& parser = static_cast<OmapParser&>(*recognizer);
    const SourceRange range{file_, static_cast<std::uint32_t>(offending->getStartIndex()),
                            static_cast<std::uint32_t>(offending->getStopIndex())};
    if (offending->getType() == OmapParser::GLUE) throw SyntaxError{missing_blank(range)};
    const bool at_end = offending->getType() == antlr4::Token::EOF;
    const std::string what =
        at_end ? "the statement ends too early" : fmt::format("unexpected `{}`", text_.substr(range.begin, range.end - range.begin));
    Diagnostic diagnostic(Code::syntax_error, range, "{}", what);
    if (offending == parser.getCurrentToken()) diagnostic.primary.text = expected(parser);
    throw SyntaxError{std::move(diagnostic)};
  }

 private:
  [[nodiscard]] Diagnostic missing_blank(SourceRange at) const {
    return Diagnostic(Code::missing_blank, {file_, at.begin == 0 ? 0 : at.begin - 1, at.begin + 1},
                      "a blank is missing here")
        .label("these two touch, so they read as one key")
        .help("put blanks around operators: `a - b`, `a * b`");
  }

  static std::string expected(OmapParser& parser) {
    std::vector<std::string> names;
    bool name = false;
    for (const auto type : parser.getExpectedTokens().toList()) {
      name = name || type == OmapParser::NAME;
      if (type == OmapParser::GLUE) continue;
      if (auto text = spelled(parser.getVocabulary(), static_cast<std::size_t>(type)); !text.empty()) {
        names.push_back(std::move(text));
      }
    }
    // Every keyword may be a name too: then they are not worth listing.
    if (name) std::erase_if(names, [](const std::string& n) { return n.front() == '`' && std::isalpha(n[1]) != 0; });
    if (names.empty() || names.size() > 6) return {};
    return fmt::format("expected {}", fmt::join(names, ", "));
  }

  std::string_view text_;
  std::uint32_t file_;
};

/// Builds the tree of one statement; the members follow the rules of the grammar.
class StatementParser {
  template <class Build>
  auto with_parser(std::span<const Token> words, Build build) {
    std::vector<std::unique_ptr<antlr4::Token>> tokens;
    const auto add = [&](std::size_t type, std::uint32_t begin, std::uint32_t end) {
      auto token = std::make_unique<antlr4::CommonToken>(type);
      token->setStartIndex(begin);
      token->setStopIndex(end);  // one past the last byte: nothing here reads it as ANTLR would
      tokens.push_back(std::move(token));
    };
    for (std::size_t i = 0; i < words.size(); ++i) {
      if (i > 0 && touch(words[i - 1], words[i])) add(OmapLexer::GLUE, words[i].begin, words[i].begin);
      add(words[i].type, words[i].begin, words[i].end);
    }
    add(antlr4::Token::EOF, words.back().end, words.back().end);
    antlr4::ListTokenSource source(std::move(tokens));
    antlr4::CommonTokenStream stream(&source);
    OmapParser parser(&stream);
    FirstError listener(text_, file_);
    parser.removeErrorListeners();
    parser.addErrorListener(&listener);
    return build(parser);
  }

 public:
  StatementParser(const SourceFile& source, std::uint32_t file) : text_(source.text()), file_(file) {}

  using Node = decltype(ast::Statement::node);
  enum class Context : std::uint8_t { mapping, config };

  Node parse(std::span<const Token> tokens, Context context) {
    return with_parser(tokens, [&](OmapParser& parser) -> Node {
      return context == Context::config && tokens.front().type != OmapLexer::WHEN ? Node(config_line(parser.configLine()))
                                                                                   : statement(parser, tokens);
    });
  }

 private:
  Node statement(OmapParser& p, std::span<const Token> tokens) {
    // A keyword begins its statement, unless it goes on as a key does: `state.step <-> ...`.
    const bool key = tokens.size() < 2 || tokens[1].kind == TokenClass::dot || tokens[1].kind == TokenClass::arrow ||
                     tokens[1].kind == TokenClass::comma || touch(tokens[0], tokens[1]) ||
                     (tokens[1].kind == TokenClass::open && tokens[0].end == tokens[1].begin);
    if (key && tokens.size() > 1) return rule(p.ruleStatement());
    switch (tokens.front().type) {
      case OmapLexer::OMAP: return ast::Version{integer(p.versionStatement()->INT())};
      case OmapLexer::USE: return use(p.useStatement());
      case OmapLexer::SIDE: return side(p.sideStatement());
      case OmapLexer::MAPPING: return mapping(p.mappingStatement());
      case OmapLexer::PARAM: return param(p.paramStatement());
      case OmapLexer::INDEX: return index(p.indexStatement());
      case OmapLexer::REQUIRE: return require(p.requireStatement());
      case OmapLexer::CONFIG: {
        auto* c = p.configStatement();
        return ast::Config{c->STRING() ? std::optional(string(c->STRING())) : std::nullopt, {}};
      }
      case OmapLexer::STATE: return ast::State{name(p.stateStatement()->name()), {}};
      case OmapLexer::WHEN: return ast::When{expr(p.whenStatement()->expr()), {}, {}};
      case OmapLexer::TIE: return tie(p.tieStatement());
      case OmapLexer::IGNORE: return ignore(p.ignoreStatement());
      case OmapLexer::SAME: return same(p.sameStatement());
      case OmapLexer::REMOVE: return ast::Remove{side_key(p.removeStatement()->sideKey())};
      case OmapLexer::RESTRICT: {
        auto* c = p.restrictStatement();
        return ast::Restrict{side_key(c->sideKey()), expr(c->condition()->expr())};
      }
      case OmapLexer::OVERRIDE:
        if (tokens[1].type == OmapLexer::PARAM) return param(p.paramStatement());
        return rule(p.ruleStatement());
      default: return rule(p.ruleStatement());
    }
  }

  // ---- declarations

  ast::Use use(OmapParser::UseStatementContext* c) { return {c->STD() != nullptr, string(c->STRING())}; }
  ast::Side side(OmapParser::SideStatementContext* c) {
    return {name(c->name(0)), name(c->name(1)), c->STRING() ? std::optional(string(c->STRING())) : std::nullopt};
  }
  ast::Mapping mapping(OmapParser::MappingStatementContext* c) {
    return {name(c->name(0)), name(c->name(1)), name(c->name(2)),
            c->EXTENDS() ? std::optional(name(c->name(3))) : std::nullopt, {}};
  }
  ast::Param param(OmapParser::ParamStatementContext* c) {
    ast::Param param;
    param.override_ = c->OVERRIDE() != nullptr;
    param.name = name(c->name(0));
    if (c->name().size() > 1) param.index = name(c->name(1));
    param.type = {name(c->type()->name()), c->type()->BRACKET_OPEN() != nullptr};
    if (c->expr()) param.value = expr(c->expr());
    return param;
  }
  ast::Index index(OmapParser::IndexStatementContext* c) {
    ast::Index index;
    index.name = name(c->name());
    if (c->nameSet()) {
      for (auto* word : c->nameSet()->word()) index.names.push_back(this->word(word));
    } else {
      index.list = expr(c->expr());
    }
    index.when = condition(c->condition());
    return index;
  }
  ast::Require require(OmapParser::RequireStatementContext* c) {
    return {expr(c->expr()), c->STRING() ? std::optional(string(c->STRING())) : std::nullopt};
  }
  std::optional<ast::Expr> condition(OmapParser::ConditionContext* c) {
    return c ? std::optional(expr(c->expr())) : std::nullopt;
  }

  // ---- rules

  Node rule(OmapParser::RuleStatementContext* c) {
    if (c->BRACE_OPEN()) return prefix(c);
    ast::Rule rule;
    rule.override_ = !c->OVERRIDE().empty();
    rule.optional = !c->OPTIONAL().empty();
    rule.left = terms(c->terms(0));
    rule.right = terms(c->terms(1));
    rule.arrow = arrow(c->arrow());
    rule.arrow_range = range(c->arrow());
    rule.when = condition(c->condition());
    return rule;
  }
  ast::Prefix prefix(OmapParser::RuleStatementContext* c) {
    const auto only_key = [&](OmapParser::TermsContext* terms) {
      auto* term = terms->term(0);
      if (terms->term().size() == 1 && term->key() && !term->shape() && term->valueOp().empty() && term->AS().empty()) {
        return key(term->key());
      }
      throw SyntaxError{Diagnostic(Code::syntax_error, range(terms), "a block's prefix is one key on each side")
                            .help("`KEY <-> KEY {{ ... }}`: shapes, several keys and values belong to the rules inside")};
    };
    if (arrow(c->arrow()) != ast::Arrow::both || !c->OVERRIDE().empty() || !c->OPTIONAL().empty()) {
      throw SyntaxError{Diagnostic(Code::syntax_error, range(c->arrow()), "a block is opened by `KEY <-> KEY {{`")
                            .help("the rules inside have arrows, `optional` and `override` of their own")};
    }
    return {only_key(c->terms(0)), only_key(c->terms(1)), condition(c->condition()), {}};
  }
  ast::Tie tie(OmapParser::TieStatementContext* c) {
    return {side_key(c->sideKey(0)), side_key(c->sideKey(1)), condition(c->condition())};
  }
  ast::Ignore ignore(OmapParser::IgnoreStatementContext* c) {
    return {side_key(c->sideKey()), condition(c->condition())};
  }
  ast::Same same(OmapParser::SameStatementContext* c) { return {key(c->key()), condition(c->condition())}; }
  static ast::Arrow arrow(OmapParser::ArrowContext* c) {
    return c->BOTH() ? ast::Arrow::both : c->RIGHT() ? ast::Arrow::right : ast::Arrow::left;
  }
  std::vector<ast::Term> terms(OmapParser::TermsContext* c) {
    std::vector<ast::Term> terms;
    for (auto* t : c->term()) terms.push_back(term(t));
    return terms;
  }
  ast::Term term(OmapParser::TermContext* c) {
    ast::Term term;
    term.range = range(c);
    if (c->FILL()) {
      term.fill = number(c->signedNumber());
    } else {
      term.key = key(c->key());
      if (c->shape()) term.shape = shape(c->shape());
      for (auto* op : c->valueOp()) term.ops.push_back(value_op(op));
    }
    if (c->AS().size() > 1) {
      throw SyntaxError{Diagnostic(Code::syntax_error, range(c->AS(1)), "a tensor is stored as one dtype")};
    }
    if (!c->word().empty()) term.as = word(c->word(0));
    return term;
  }
  ast::ValueOp value_op(OmapParser::ValueOpContext* c) {
    ast::ValueOp op;
    op.op = text_[c->start->getStartIndex()];
    op.range = range(c);
    if (c->signedNumber()) {
      op.number = number(c->signedNumber());
    } else {
      ast::Term operand;
      operand.key = key(c->key());
      if (c->shape()) operand.shape = shape(c->shape());
      operand.range = cover(operand.key.range, op.range);
      op.operand.push_back(std::move(operand));
    }
    return op;
  }

  // ---- config lines

  ast::ConfigLine config_line(OmapParser::ConfigLineContext* c) {
    ast::ConfigLine line;
    line.override_ = c->OVERRIDE() != nullptr;
    line.target = path(c->path(0));
    line.when = condition(c->condition());
    if (c->REMOVE() || c->IGNORE()) {
      line.kind = c->REMOVE() ? ast::ConfigLine::Kind::remove : ast::ConfigLine::Kind::ignore;
    } else if (c->ASSIGN()) {
      line.kind = ast::ConfigLine::Kind::assignment;
      line.source = expr(c->expr());
    } else {
      line.arrow = arrow(c->arrow());
      line.source = path(c->path(1));
    }
    return line;
  }
  ast::Expr path(OmapParser::PathContext* c) {
    ast::Expr at;
    at.range = range(c->pathHead());
    at.kind = c->pathHead()->STRING() ? ast::Expr::Kind::string : ast::Expr::Kind::name;
    at.text = c->pathHead()->STRING() ? string(c->pathHead()->STRING()) : std::string(text(at.range));
    for (auto* step : c->pathStep()) {
      ast::Expr next;
      next.range = cover(at.range, range(step));
      next.kind = step->expr() ? ast::Expr::Kind::item : ast::Expr::Kind::member;
      if (step->word()) next.text = text(range(step->word()));
      if (step->STRING()) next.text = string(step->STRING());
      next.operands.push_back(std::move(at));
      if (step->expr()) next.operands.push_back(expr(step->expr()));
      at = std::move(next);
    }
    return at;
  }

  // ---- keys

  ast::SideKey side_key(OmapParser::SideKeyContext* c) { return {name(c->name()), key(c->key()), range(c)}; }

  ast::Key key(OmapParser::KeyContext* c) {
    ast::Key key;
    key.range = range(c);
    if (c->STRING()) {
      key.quoted = true;
      quoted_parts(key);
      return key;
    }
    std::uint32_t end = key.range.begin;  // of the parts so far: dots between them are text
    for (auto* part : c->keyPart()) {
      const SourceRange at = range(part);
      append_text(key, {file_, end, at.begin});
      end = at.end;
      if (part->placeholder()) {
        key.parts.push_back(placeholder(part->placeholder()->expr(), part->placeholder()->alternatives(), at));
      } else if (part->STAR() || part->STARS()) {
        key.parts.push_back({part->STAR() ? ast::KeyPart::Kind::segment : ast::KeyPart::Kind::segments, at, {}, {}, {}});
      } else {
        append_text(key, at);
      }
    }
    return key;
  }
  void append_text(ast::Key& key, SourceRange range) {
    if (range.begin == range.end) return;
    if (key.parts.empty() || key.parts.back().kind != ast::KeyPart::Kind::text) {
      key.parts.push_back({ast::KeyPart::Kind::text, range, {}, {}, {}});
    }
    key.parts.back().text += text(range);
    key.parts.back().range = cover(key.parts.back().range, range);
  }
  ast::KeyPart placeholder(OmapParser::ExprContext* e, OmapParser::AlternativesContext* a, SourceRange range) {
    ast::KeyPart part;
    part.range = range;
    if (a) {
      part.kind = ast::KeyPart::Kind::alternatives;
      for (auto* alternative : a->alternative()) part.alternatives.emplace_back(text(this->range(alternative)));
      return part;
    }
    part.expr.push_back(expr(e));
    const bool any = part.expr[0].kind == ast::Expr::Kind::name && part.expr[0].text == "_";
    part.kind = any ? ast::KeyPart::Kind::any : ast::KeyPart::Kind::placeholder;
    if (any) part.expr.clear();
    return part;
  }
  /// A quoted key is one word to the lexer: what its braces hold is read here.
  void quoted_parts(ast::Key& key) {
    const std::uint32_t end = key.range.end - 1;
    for (std::uint32_t at = key.range.begin + 1; at < end;) {
      const std::uint32_t brace = static_cast<std::uint32_t>(std::min<std::size_t>(text_.find('{', at), end));
      if (brace > at) {
        const SourceRange range{file_, at, brace};
        key.parts.push_back({ast::KeyPart::Kind::text, range, unescape(text(range), range), {}, {}});
      }
      if (brace == end) return;
      const std::uint32_t close = static_cast<std::uint32_t>(std::min<std::size_t>(text_.find('}', brace), end));
      const SourceRange range{file_, brace, close + 1};
      if (close == end) {
        throw SyntaxError{Diagnostic(Code::unclosed_bracket, {file_, brace, brace + 1}, "`{{` is not closed in this key")};
      }
      const auto tokens = lex(text_.substr(brace + 1, close - brace - 1), brace + 1);
      if (tokens.empty()) throw SyntaxError{Diagnostic(Code::syntax_error, range, "an empty placeholder")};
      key.parts.push_back(with_parser(tokens, [&](OmapParser& parser) {
        auto* c = parser.placeholderText();
        return placeholder(c->expr(), c->alternatives(), range);
      }));
      at = close + 1;
    }
  }

  // ---- shapes

  ast::Shape shape(OmapParser::ShapeContext* c) {
    ast::Shape shape;
    shape.range = range(c);
    for (auto* a : c->axis()) shape.dims.push_back(axis(a));
    return shape;
  }
  ast::Axis axis(OmapParser::AxisContext* c) {
    ast::Axis axis;
    axis.range = range(c);
    if (c->word()) {
      axis.text = text(range(c->word()));
      if (c->INT()) axis.value = integer(c->INT());
      if (c->SLASH()) axis.kind = ast::Axis::Kind::divided;
    } else if (c->INT()) {
      axis.kind = ast::Axis::Kind::literal;
      axis.value = integer(c->INT());
    } else if (c->ELLIPSIS()) {
      axis.kind = ast::Axis::Kind::ellipsis;
    } else {
      axis.kind = ast::Axis::Kind::sum;
      for (auto* p : c->product()) axis.parts.push_back(product(p));
      if (axis.parts.size() == 1) return std::move(axis.parts.front());
    }
    return axis;
  }
  ast::Axis product(OmapParser::ProductContext* c) {
    ast::Axis product;
    product.kind = ast::Axis::Kind::product;
    product.range = range(c);
    for (auto* a : c->axis()) product.parts.push_back(axis(a));
    if (product.parts.size() == 1) return std::move(product.parts.front());
    return product;
  }

  // ---- expressions

  ast::Expr expr(OmapParser::ExprContext* c) {
    using Kind = ast::Expr::Kind;
    if (auto* e = dynamic_cast<OmapParser::PrimaryExprContext*>(c)) return primary(e->primary());
    ast::Expr made;
    made.range = range(c);
    if (auto* e = dynamic_cast<OmapParser::MemberExprContext*>(c)) {
      made.kind = Kind::member;
      made.word_range = e->word() ? range(e->word()) : range(e->STRING());
      made.text = e->word() ? std::string(text(made.word_range)) : string(e->STRING());
      made.operands.push_back(expr(e->expr()));
    } else if (auto* item = dynamic_cast<OmapParser::ItemExprContext*>(c)) {
      made.kind = Kind::item;
      add_operands(made, item->expr());
    } else if (auto* negate = dynamic_cast<OmapParser::NegateExprContext*>(c)) {
      made.kind = Kind::negate;
      made.operands.push_back(expr(negate->expr()));
    } else if (auto* logical_not = dynamic_cast<OmapParser::NotExprContext*>(c)) {
      made.kind = Kind::logical_not;
      made.operands.push_back(expr(logical_not->expr()));
    } else if (auto* conditional = dynamic_cast<OmapParser::IfExprContext*>(c)) {
      made.kind = Kind::conditional;
      add_operands(made, conditional->expr());
    } else if (auto* binary = dynamic_cast<OmapParser::BinaryExprContext*>(c)) {
      made.kind = Kind::binary;
      add_operands(made, binary->expr());
      for (auto* child : binary->children) {
        auto* terminal = dynamic_cast<antlr4::tree::TerminalNode*>(child);
        if (!terminal) continue;
        made.word_range = cover(made.word_range, range(terminal));
        if (!made.text.empty()) made.text += ' ';
        made.text += text(range(terminal));
      }
    }
    return made;
  }
  void add_operands(ast::Expr& to, const std::vector<OmapParser::ExprContext*>& operands) {
    for (auto* operand : operands) to.operands.push_back(expr(operand));
  }
  ast::Expr primary(OmapParser::PrimaryContext* c) {
    using Kind = ast::Expr::Kind;
    ast::Expr made;
    made.range = made.word_range = range(c);
    if (c->PAREN_OPEN() && !c->name()) return expr(c->expr(0));
    if (c->INT()) {
      made.kind = Kind::integer;
      made.integer = integer(c->INT());
    } else if (c->FLOAT()) {
      made.kind = Kind::real;
      made.real = real(text(made.range), made.range);
    } else if (c->STRING()) {
      made.kind = Kind::string;
      made.text = string(c->STRING());
    } else if (c->TRUE() || c->FALSE()) {
      made.kind = Kind::boolean;
      made.integer = c->TRUE() ? 1 : 0;
    } else if (c->BRACKET_OPEN()) {
      made.kind = Kind::list;
      add_operands(made, c->expr());
    } else if (c->PAREN_OPEN()) {
      call(c, made);
    } else if (c->name()) {
      made.kind = Kind::name;
      made.text = text(made.range);
    }
    return made;
  }
  void call(OmapParser::PrimaryContext* c, ast::Expr& made) {
    made.kind = ast::Expr::Kind::call;
    made.word_range = range(c->name());
    made.text = text(made.word_range);
    for (auto* argument : c->argument()) {
      if (argument->expr()) {
        made.operands.push_back(expr(argument->expr()));
      } else if (made.key.empty() && made.operands.empty()) {
        made.key.push_back(side_key(argument->sideKey()));
      } else {
        throw SyntaxError{Diagnostic(Code::wrong_arguments, range(argument), "`SIDE:KEY` is the first argument only")};
      }
    }
  }

  // ---- words

  [[nodiscard]] SourceRange range(antlr4::ParserRuleContext* c) const {
    return {file_, static_cast<std::uint32_t>(c->start->getStartIndex()),
            static_cast<std::uint32_t>((c->stop ? c->stop : c->start)->getStopIndex())};
  }
  [[nodiscard]] SourceRange range(antlr4::tree::TerminalNode* n) const {
    return {file_, static_cast<std::uint32_t>(n->getSymbol()->getStartIndex()),
            static_cast<std::uint32_t>(n->getSymbol()->getStopIndex())};
  }
  [[nodiscard]] std::string_view text(SourceRange r) const { return text_.substr(r.begin, r.end - r.begin); }
  ast::Name name(OmapParser::NameContext* c) { return {std::string(text(range(c))), range(c)}; }
  ast::Name word(OmapParser::WordContext* c) { return {std::string(text(range(c))), range(c)}; }

  std::int64_t integer(antlr4::tree::TerminalNode* n) {
    const auto value = syntax::parse_integer(text(range(n)));
    if (!value) throw SyntaxError{Diagnostic(Code::number_out_of_range, range(n), "this number exceeds 2^63 - 1")};
    return *value;
  }
  double real(std::string_view text, SourceRange range) {
    const auto value = syntax::parse_real(text);
    if (!value) throw SyntaxError{Diagnostic(Code::number_out_of_range, range, "this number is not finite in 64 bits")};
    return *value;
  }
  double number(OmapParser::SignedNumberContext* c) {
    auto* digits = c->INT() ? c->INT() : c->FLOAT();
    const double value = real(text(range(digits)), range(digits));
    return c->MINUS() ? -value : value;
  }
  std::string string(antlr4::tree::TerminalNode* n) {
    SourceRange inside = range(n);
    ++inside.begin;
    --inside.end;
    return unescape(text(inside), inside);
  }
  static std::string unescape(std::string_view text, SourceRange range) {
    auto value = syntax::unescape(text);
    if (!value) {
      throw SyntaxError{Diagnostic(Code::unterminated_string, range, "an unknown escape in a string")
                            .help("known are `\\\"`, `\\\\`, `\\n`, `\\t`, `\\{{` and `\\}}`")};
    }
    return std::move(*value);
  }

  std::string_view text_;
  std::uint32_t file_;
};

/// Words that the lexer could not make sense of; runs of them count once.
void report_unknown(std::span<const Token> tokens, std::string_view text, std::uint32_t file, Diagnostics& diagnostics) {
  std::uint32_t reported_end = UINT32_MAX;
  for (const Token& token : tokens) {
    const SourceRange range{file, token.begin, token.end};
    if (token.type == OmapLexer::UNTERMINATED_STRING) {
      diagnostics.push_back(Diagnostic(Code::unterminated_string, range, "a string does not end on its line")
                                .help("close it with `\"`"));
    } else if (token.type == OmapLexer::UNKNOWN && token.begin != reported_end) {
      diagnostics.push_back(Diagnostic(Code::unexpected_character, range, "unexpected character `{}`",
                                       text.substr(token.begin, token.end - token.begin))
                                .help("keys with other characters than letters, digits, `_`, `-` and `.` are quoted"));
    }
    if (token.type == OmapLexer::UNKNOWN) reported_end = token.end;
  }
}

/// Puts statements into the blocks that they stand in.
class ModuleBuilder {
 public:
  ModuleBuilder(const SourceFile& source, std::uint32_t file, const SyntaxLimits& limits, Diagnostics& diagnostics)
      : file_(file), limits_(limits), diagnostics_(diagnostics), parser_(source, file) {
    module_.file = file;
  }

  ast::Module build(std::vector<RawStatement> statements) {
    for (RawStatement& raw : statements) {
      if (diagnostics_.size() >= limits_.errors) break;
      add(raw);
    }
    for (const Block& block : blocks_) {
      if (diagnostics_.size() < limits_.errors) {
        diagnostics_.push_back(Diagnostic(Code::unclosed_bracket, block.brace, "this block is not closed")
                                   .help("close it with `}}`"));
      }
    }
    while (!blocks_.empty()) close();
    return std::move(module_);
  }

 private:
  struct Block {
    std::optional<ast::Statement> head;  ///< nothing if its head was wrong
    std::vector<ast::Statement> body;
    std::vector<ast::Statement> first_body;  ///< of `when`, once `else` was met
    std::vector<ast::Comment> at_end;
    SourceRange brace;
    bool in_else = false;
    bool config = false;
  };

  void add(RawStatement& raw) {
    using Kind = RawStatement::Kind;
    if (raw.tokens.empty()) {
      auto& comments = blocks_.empty() ? module_.at_end : blocks_.back().at_end;
      comments.insert(comments.end(), raw.before.begin(), raw.before.end());
      return;
    }
    if (raw.kind == Kind::closes || raw.kind == Kind::closes_else) return close_with(raw);
    auto statement = parse(raw);
    if (raw.kind == Kind::opens) return open(raw, std::move(statement));
    if (statement) body().push_back(std::move(*statement));
  }

  std::optional<ast::Statement> parse(RawStatement& raw) {
    if (raw.broken) return std::nullopt;
    ast::Statement statement;
    statement.range = {file_, raw.tokens.front().begin, raw.tokens.back().end};
    statement.before = std::move(raw.before);
    if (!raw.behind.empty()) statement.behind = std::move(raw.behind.front());
    statement.after_blank_line = raw.after_blank_line;
    const bool config = !blocks_.empty() && blocks_.back().config;
    try {
      statement.node = parser_.parse(
          raw.tokens, config ? StatementParser::Context::config : StatementParser::Context::mapping);
      return statement;
    } catch (SyntaxError& error) {
      diagnostics_.push_back(std::move(error.diagnostic));
      return std::nullopt;
    }
  }

  void open(const RawStatement& raw, std::optional<ast::Statement> statement) {
    const Token& brace = raw.tokens.back();
    Block block;
    block.brace = {file_, brace.begin, brace.end};
    block.config = (!blocks_.empty() && blocks_.back().config) || raw.tokens.front().type == OmapLexer::CONFIG;
    block.head = std::move(statement);
    blocks_.push_back(std::move(block));
    if (blocks_.size() == limits_.block_depth + 1) {
      diagnostics_.push_back(
          Diagnostic(Code::nesting_too_deep, blocks_.back().brace, "blocks are nested more than {} deep", limits_.block_depth)
              .help("join prefixes: `a.b <-> c.d {{` instead of two blocks"));
    }
  }

  void close_with(const RawStatement& raw) {
    const SourceRange range{file_, raw.tokens.front().begin, raw.tokens.front().end};
    if (blocks_.empty()) {
      diagnostics_.push_back(Diagnostic(Code::unmatched_bracket, range, "`}}` closes nothing"));
      return;
    }
    Block& block = blocks_.back();
    block.at_end.insert(block.at_end.end(), raw.before.begin(), raw.before.end());
    if (raw.kind == RawStatement::Kind::closes) return close();
    const bool when = !block.head || std::holds_alternative<ast::When>(block.head->node);
    if (!when || block.in_else) {
      diagnostics_.push_back(Diagnostic(Code::misplaced_statement, range, "this `else` belongs to no `when`")
                                 .help("`when CONDITION {{ ... }} else {{ ... }}`"));
    }
    block.in_else = true;
    block.first_body = std::exchange(block.body, {});
  }

  void close() {
    Block block = std::move(blocks_.back());
    blocks_.pop_back();
    if (!block.head) return;  // a wrong head is one error; its statements were read for theirs
    ast::Statement statement = std::move(*block.head);
    statement.at_end = std::move(block.at_end);
    std::visit(
        [&](auto& node) {
          using Node = std::decay_t<decltype(node)>;
          if constexpr (std::is_same_v<Node, ast::When>) {
            node.body = block.in_else ? std::move(block.first_body) : std::move(block.body);
            if (block.in_else) node.else_body = std::move(block.body);
          } else if constexpr (requires { node.body; }) {
            node.body = std::move(block.body);
          }
        },
        statement.node);
    body().push_back(std::move(statement));
  }

  std::vector<ast::Statement>& body() { return blocks_.empty() ? module_.statements : blocks_.back().body; }

  std::uint32_t file_;
  const SyntaxLimits& limits_;
  Diagnostics& diagnostics_;
  StatementParser parser_;
  ast::Module module_;
  std::vector<Block> blocks_;
};

}  // namespace

ast::Module parse(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics, const SyntaxLimits& limits) {
  const SourceFile& source = sources.files[file];
  const std::string& text = source.text();
  if (text.size() > limits.file_bytes) {
    diagnostics.push_back(Diagnostic(Code::source_too_large, "a mapping file has {} bytes, more than {}", text.size(),
                                     limits.file_bytes)
                              .in(source.name()));
    return {file, {}, {}};
  }
  if (const std::size_t bad = first_invalid_utf8(text); bad != std::string::npos) {
    const auto at = static_cast<std::uint32_t>(bad);
    diagnostics.push_back(Diagnostic(Code::invalid_utf8, {file, at, at}, "the file is not valid UTF-8 from byte {} on", bad)
                              .help("save it as UTF-8"));
    return {file, {}, {}};
  }
  const auto tokens = lex(text, 0);
  report_unknown(tokens, text, file, diagnostics);
  auto statements = syntax::split_statements(tokens, text, file, limits, diagnostics);
  return ModuleBuilder(source, file, limits, diagnostics).build(std::move(statements));
}

}  // namespace omap
