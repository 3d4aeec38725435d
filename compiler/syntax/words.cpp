#include "compiler/syntax/words.h"

#include <antlr4-runtime.h>

#include <cctype>
#include <utility>

#include "OmapLexer.h"
#include "OmapParser.h"

namespace omap::syntax {
namespace {

using antlr::OmapLexer;
using antlr::OmapParser;

TokenClass token_class(std::size_t type) {
  switch (type) {
    case OmapLexer::NEWLINE:
      return TokenClass::newline;
    case OmapLexer::COMMENT:
    case OmapLexer::DOC_COMMENT:
      return TokenClass::comment;
    case OmapLexer::BOTH:
    case OmapLexer::RIGHT:
    case OmapLexer::LEFT:
      return TokenClass::arrow;
    case OmapLexer::COMMA:
      return TokenClass::comma;
    case OmapLexer::DOT:
      return TokenClass::dot;
    case OmapLexer::PAREN_OPEN:
    case OmapLexer::BRACKET_OPEN:
      return TokenClass::open;
    case OmapLexer::PAREN_CLOSE:
    case OmapLexer::BRACKET_CLOSE:
      return TokenClass::close;
    case OmapLexer::BRACE_OPEN:
      return TokenClass::brace_open;
    case OmapLexer::BRACE_CLOSE:
      return TokenClass::brace_close;
    case OmapLexer::STAR:
    case OmapLexer::STARS:
    case OmapLexer::MINUS:
      return TokenClass::stars;
    case OmapLexer::NOT:
    case OmapLexer::IF:
      return TokenClass::prefix;
    case OmapLexer::THEN:
    case OmapLexer::ELSE:
    case OmapLexer::COALESCE:
      return TokenClass::continuation;
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
    case OmapLexer::GREATER_EQUAL:
      return TokenClass::infix;
    case OmapLexer::STRING:
    case OmapLexer::BAR:
    case OmapLexer::COLON:
    case OmapLexer::RANGE:
    case OmapLexer::ELLIPSIS:
      return TokenClass::other;
    case OmapLexer::UNTERMINATED_STRING:
    case OmapLexer::UNKNOWN:
      return TokenClass::unknown;
    default:
      return TokenClass::word;
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

/// Thrown within this file only, to leave a statement at its first error.
struct SyntaxError {
  Diagnostic diagnostic;
};

/// What to call a word that would have been right.
std::string spelled(const antlr4::dfa::Vocabulary& vocabulary, std::size_t type) {
  switch (type) {
    case OmapParser::NAME:
      return "a name";
    case OmapParser::INT:
      return "a number";
    case OmapParser::STRING:
      return "a string";
    case antlr4::Token::EOF:
      return "the end of the statement";
    default:
      break;
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
    if (const auto glue = glue_at_fault(parser, *offending)) throw SyntaxError{missing_blank(*glue)};
    const bool at_end = offending->getType() == antlr4::Token::EOF;
    const std::string what = at_end
                                 ? "the statement ends too early"
                                 : fmt::format("unexpected `{}`", text_.substr(range.begin, range.end - range.begin));
    Diagnostic diagnostic(Code::syntax_error, range, "{}", what);
    if (offending == parser.getCurrentToken()) diagnostic.primary.text = expected(parser);
    if (auto help = advice(parser, offending->getType()); !help.empty()) diagnostic.helps.push_back(std::move(help));
    throw SyntaxError{std::move(diagnostic)};
  }

 private:
  [[nodiscard]] SourceRange range_of(const antlr4::Token& token) const {
    return {file_, static_cast<std::uint32_t>(token.getStartIndex()), static_cast<std::uint32_t>(token.getStopIndex())};
  }

  /// `{i-1}` could have become alternatives, `{i-1|j}`: what is missing shows behind it only.
  [[nodiscard]] std::optional<SourceRange> glue_at_fault(OmapParser& parser, const antlr4::Token& offending) const {
    if (offending.getType() == OmapParser::GLUE) return range_of(offending);
    if (!parser.getExpectedTokens().contains(static_cast<std::size_t>(OmapParser::BAR))) return std::nullopt;
    antlr4::TokenStream& words = *parser.getTokenStream();
    for (std::size_t i = offending.getTokenIndex(); i-- > 0 && words.get(i)->getType() != OmapParser::BRACE_OPEN;) {
      const bool minus = words.get(i)->getType() == OmapParser::MINUS;
      if (minus && i > 0 && words.get(i - 1)->getType() == OmapParser::GLUE) return range_of(*words.get(i - 1));
    }
    return std::nullopt;
  }

  static std::string advice(OmapParser& parser, std::size_t offending) {
    switch (offending) {
      case OmapParser::BOTH:
      case OmapParser::RIGHT:
      case OmapParser::LEFT:
        return "a rule has one arrow; a line that ends in an arrow, a comma or an operator goes on in the next one";
      case OmapParser::ASSIGN:
        return parser.getContext()->getRuleIndex() == OmapParser::RuleRequireStatement ? "`==` compares" : "";
      case OmapParser::BAR:
        return "write `or` for conditions; `|` stands between the alternatives of a key: `{a|b}`";
      default:
        return {};
    }
  }

  [[nodiscard]] Diagnostic missing_blank(SourceRange at) const {
    return Diagnostic(Code::missing_blank, {file_, at.begin == 0 ? 0 : at.begin - 1, at.begin + 1},
                      "a blank is missing here")
        .label("these two touch, so they read as one key")
        .help("put blanks around operators: `a - b`, `a * b`");
  }

  static std::string expected(OmapParser& parser) {
    std::vector<std::string> names;
    const auto all = parser.getExpectedTokens();
    const auto has = [&](std::size_t type) { return all.contains(type); };
    const bool name = has(OmapParser::NAME);
    // What begins in many ways has a name of its own.
    const std::string_view whole = name && has(OmapParser::STARS)        ? "a key"
                                   : name && has(OmapParser::ELLIPSIS)   ? "an axis"
                                   : name && has(OmapParser::PAREN_OPEN) ? "a value"
                                                                         : "";
    if (!whole.empty()) names.emplace_back(whole);
    for (const auto token : all.toList()) {
      const auto type = static_cast<std::size_t>(token);
      const bool closes = type == OmapParser::BRACKET_CLOSE || type == OmapParser::PAREN_CLOSE;
      if (type == OmapParser::GLUE || (!whole.empty() && !closes)) continue;
      if (auto text = spelled(parser.getVocabulary(), type); !text.empty()) {
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

/// ANTLR's tokens for the words, with a GLUE where two parts of a key touch. Positions are bytes of the file, the end
/// one past the last: nothing here reads them as ANTLR would.
std::vector<std::unique_ptr<antlr4::Token>> antlr_tokens(std::span<const Token> words) {
  std::vector<std::unique_ptr<antlr4::Token>> tokens;
  const auto add = [&](std::size_t type, std::uint32_t begin, std::uint32_t end) {
    auto token = std::make_unique<antlr4::CommonToken>(type);
    token->setStartIndex(begin);
    token->setStopIndex(end);
    tokens.push_back(std::move(token));
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && touch(words[i - 1], words[i])) add(OmapLexer::GLUE, words[i].begin, words[i].begin);
    add(words[i].type, words[i].begin, words[i].end);
  }
  add(antlr4::Token::EOF, words.back().end, words.back().end);
  return tokens;
}

/// The grammar's rule for a statement, by its first words. A keyword begins its statement, unless it goes on as a key
/// does: `state.step <-> ...`.
antlr4::ParserRuleContext* parse_statement(OmapParser& p, std::span<const Token> words) {
  const bool key = words.size() > 1 && (words[1].kind == TokenClass::dot || words[1].kind == TokenClass::arrow ||
                                        words[1].kind == TokenClass::comma || touch(words[0], words[1]) ||
                                        (words[1].kind == TokenClass::open && words[0].end == words[1].begin));
  if (key) return p.ruleStatement();
  switch (words.front().type) {
    case OmapLexer::OMAP:
      return p.versionStatement();
    case OmapLexer::USE:
      return p.useStatement();
    case OmapLexer::SIDE:
      return p.sideStatement();
    case OmapLexer::MAPPING:
      return p.mappingStatement();
    case OmapLexer::PARAM:
      return p.paramStatement();
    case OmapLexer::INDEX:
      return p.indexStatement();
    case OmapLexer::REQUIRE:
      return p.requireStatement();
    case OmapLexer::NOTE:
      return p.noteStatement();
    case OmapLexer::CONFIG:
      return p.configStatement();
    case OmapLexer::STATE:
      return p.stateStatement();
    case OmapLexer::WHEN:
      return p.whenStatement();
    case OmapLexer::TIE:
      return p.tieStatement();
    case OmapLexer::IGNORE:
      return p.ignoreStatement();
    case OmapLexer::SAME:
      return p.sameStatement();
    case OmapLexer::REMOVE:
      return p.removeStatement();
    case OmapLexer::RESTRICT:
      return p.restrictStatement();
    case OmapLexer::OVERRIDE:
      if (words.size() > 1 && words[1].type == OmapLexer::PARAM) return p.paramStatement();
      return p.ruleStatement();
    default:
      return p.ruleStatement();
  }
}

antlr4::ParserRuleContext* parse_as(OmapParser& p, Wanted wanted, std::span<const Token> words) {
  if (wanted == Wanted::placeholder) return p.placeholderText();
  // `when` blocks stand in config sections too.
  if (wanted == Wanted::config_line && words.front().type != OmapLexer::WHEN) return p.configLine();
  return parse_statement(p, words);
}

/// The lexer's names of its words, once for the program.
std::string_view word_name(const OmapParser& parser, std::size_t type) {
  static const std::vector<std::string> names = [&] {
    std::vector<std::string> all;
    for (std::size_t t = 0; t <= parser.getVocabulary().getMaxTokenType(); ++t) {
      all.push_back(parser.getVocabulary().getSymbolicName(t));
    }
    return all;
  }();
  return names[type];
}

SourceRange range_of(const antlr4::Token& first, const antlr4::Token& last, std::uint32_t file) {
  return {file, static_cast<std::uint32_t>(first.getStartIndex()), static_cast<std::uint32_t>(last.getStopIndex())};
}

ParseNode plain_tree(const OmapParser& parser, antlr4::ParserRuleContext& context, std::uint32_t file) {
  const antlr4::Token& last = context.stop ? *context.stop : *context.start;
  ParseNode node{parser.getRuleNames()[context.getRuleIndex()], range_of(*context.start, last, file), {}};
  for (antlr4::tree::ParseTree* child : context.children) {
    if (auto* rule = dynamic_cast<antlr4::ParserRuleContext*>(child)) {
      node.children.push_back(plain_tree(parser, *rule, file));
    } else if (auto* word = dynamic_cast<antlr4::tree::TerminalNode*>(child)) {
      const antlr4::Token& token = *word->getSymbol();
      if (token.getType() == antlr4::Token::EOF) continue;
      node.children.push_back({word_name(parser, token.getType()), range_of(token, token, file), {}});
    }
  }
  return node;
}

}  // namespace

/// ANTLR counts code points; offsets here are bytes.
std::vector<Token> lex(std::string_view text, std::uint32_t base) {
  // Some editors begin a file with it; ANTLR takes it off without counting it.
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) {
    text.remove_prefix(byte_order_mark.size());
    base += static_cast<std::uint32_t>(byte_order_mark.size());
  }
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
    const std::size_t type = token->getType();
    const std::uint32_t end = byte_of(token->getStopIndex() + 1);
    tokens.push_back({token_class(type), static_cast<std::uint16_t>(type), begin, end});
  }
}

tl::expected<ParseNode, Diagnostic> parse_words(std::span<const Token> words, Wanted wanted, std::string_view text,
                                                std::uint32_t file) {
  antlr4::ListTokenSource source(antlr_tokens(words));
  antlr4::CommonTokenStream stream(&source);
  OmapParser parser(&stream);
  FirstError listener(text, file);
  parser.removeErrorListeners();
  parser.addErrorListener(&listener);
  try {
    return plain_tree(parser, *parse_as(parser, wanted, words), file);
  } catch (SyntaxError& error) {
    return tl::unexpected(std::move(error.diagnostic));
  }
}

}  // namespace omap::syntax
