#include "compiler/syntax/split_statements.h"

#include <algorithm>
#include <string>
#include <utility>

namespace omap::syntax {
namespace {

class Splitter {
 public:
  Splitter(std::span<const Token> tokens, std::string_view text, std::uint32_t file, const SyntaxLimits& limits,
           Diagnostics& diagnostics)
      : tokens_(tokens), text_(text), file_(file), limits_(limits), diagnostics_(diagnostics) {
    // Each word is kept once, and never moved: statements refer to theirs.
    words_.reserve(tokens.size());
  }

  SplitText split() {
    std::vector<RawStatement> all = statements();
    return {std::move(words_), std::move(all)};
  }

 private:
  std::vector<RawStatement> statements() {
    std::vector<RawStatement> all;
    while (true) {
      RawStatement statement = leading();
      const bool end = at_ == tokens_.size() || diagnostics_.size() >= limits_.errors;
      if (end && statement.before.empty()) return all;
      if (!end) read(statement);
      all.push_back(std::move(statement));
      if (end) return all;
      if (all.size() > limits_.statements) return too_many();
    }
  }

  /// Refused as a whole: nothing of it is parsed.
  std::vector<RawStatement> too_many() {
    diagnostics_.push_back(Diagnostic(Code::source_too_large, range(tokens_[at_ - 1]),
                                      "a file has more than {} statements", limits_.statements)
                               .help("say with an `index` what differs in a number only"));
    return {};
  }

  [[nodiscard]] SourceRange range(const Token& token) const { return {file_, token.begin, token.end}; }
  [[nodiscard]] std::string_view text(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  [[nodiscard]] bool is(std::size_t i, TokenClass kind) const { return i < tokens_.size() && tokens_[i].kind == kind; }
  [[nodiscard]] bool blank_before(std::size_t i) const {
    return i == 0 || tokens_[i - 1].end != tokens_[i].begin || is(i - 1, TokenClass::newline);
  }
  [[nodiscard]] bool blank_after(std::size_t i) const {
    return i + 1 == tokens_.size() || tokens_[i + 1].begin != tokens_[i].end || is(i + 1, TokenClass::newline) ||
           is(i + 1, TokenClass::comment);
  }
  [[nodiscard]] ast::Comment comment(const Token& token) const {
    std::string_view words = text(token);
    words.remove_suffix(words.size() - 1 - words.find_last_not_of(" \t"));
    return {std::string(words), {file_, token.begin, token.begin + static_cast<std::uint32_t>(words.size())}, false};
  }

  /// Comments and empty lines in front of a statement.
  RawStatement leading() {
    RawStatement statement;
    bool blank_line = false;
    for (; at_ < tokens_.size(); ++at_) {
      if (is(at_, TokenClass::newline)) {
        blank_line = blank_line || at_ == 0 || is(at_ - 1, TokenClass::newline);
      } else if (is(at_, TokenClass::comment)) {
        statement.before.push_back(comment(tokens_[at_]));
        statement.before.back().after_blank_line = std::exchange(blank_line, false);
      } else {
        break;
      }
    }
    statement.after_blank_line = blank_line;
    return statement;
  }

  void read(RawStatement& statement) {
    open_.clear();
    operators_ = steps_ = 0;
    if (is(at_, TokenClass::brace_close)) {
      close_block(statement);
    } else {
      while (at_ < tokens_.size() && step(statement)) {
      }
      if (!open_.empty()) unclosed(statement);
    }
    if (is(at_, TokenClass::comment)) statement.behind.push_back(comment(tokens_[at_++]));
  }

  void close_block(RawStatement& statement) {
    statement.kind = RawStatement::Kind::closes;
    keep(statement, tokens_[at_++]);
    std::size_t next = at_;
    while (is(next, TokenClass::newline)) ++next;
    if (is(next, TokenClass::continuation) && text(tokens_[next]) == "else" && is(next + 1, TokenClass::brace_open)) {
      statement.kind = RawStatement::Kind::closes_else;
      keep(statement, tokens_[next]);
      keep(statement, tokens_[next + 1]);
      at_ = next + 2;
    }
  }

  /// Takes one word; false where the statement ends before it.
  bool step(RawStatement& statement) {
    const Token& token = tokens_[at_];
    switch (token.kind) {
      case TokenClass::newline:
        if (open_.empty() && !goes_on(statement)) return false;
        ++at_;
        return true;
      case TokenClass::comment:
        if (open_.empty() && !goes_on(statement)) return false;
        statement.before.push_back(comment(token));
        ++at_;
        return true;
      case TokenClass::brace_open:
        return brace_open(statement);
      case TokenClass::brace_close:
        if (open_.empty() || !is(open_.back(), TokenClass::brace_open)) return false;
        open_.pop_back();
        break;
      case TokenClass::open:
        if (text(token) == "[" && !blank_before(at_)) count(statement, steps_, limits_.steps, "members and items");
        push(statement);
        break;
      case TokenClass::close:
        if (!close(statement)) return true;
        break;
      case TokenClass::arrow:
        if (!open_.empty()) return false;
        check_blanks(statement);
        operators_ = steps_ = 0;
        break;
      case TokenClass::comma:
        if (open_.empty()) operators_ = steps_ = 0;
        break;
      case TokenClass::unknown:
        return unknown(statement);
      case TokenClass::dot:
        if (blank_before(at_) || blank_after(at_)) {
          report(statement, Diagnostic(Code::syntax_error, range(token), "a blank stands beside a dot")
                                .label("parts of a key or a path touch their dots"));
        }
        count(statement, steps_, limits_.steps, "members and items");
        break;
      case TokenClass::stars:
      case TokenClass::prefix:
      case TokenClass::infix:
      case TokenClass::continuation:
        count(statement, operators_, limits_.operators, "operators");
        break;
      default:
        break;
    }
    take(statement);
    return true;
  }

  /// The words of a statement lie behind those of the one before.
  void keep(RawStatement& statement, const Token& token) {
    words_.push_back(token);
    const std::size_t count = statement.tokens.size() + 1;
    statement.tokens = std::span(words_).last(count);
  }

  void take(RawStatement& statement) {
    keep(statement, tokens_[at_++]);
    if (statement.tokens.size() == limits_.statement_words + 1) {
      report(statement, Diagnostic(Code::source_too_large, range(statement.tokens.back()),
                                   "a statement has more than {} words", limits_.statement_words)
                            .help("cut it into several rules, or move a long list into the config"));
    }
  }

  void count(RawStatement& statement, std::size_t& counter, std::size_t limit, std::string_view what) {
    if (++counter == limit + 1) {
      report(statement,
             Diagnostic(Code::nesting_too_deep, range(tokens_[at_]), "a statement has more than {} {}", limit, what)
                 .help("name a part of it with a `param`"));
    }
  }

  void push(RawStatement& statement) {
    open_.push_back(at_);
    if (open_.size() == limits_.bracket_depth + 1) {
      report(statement, Diagnostic(Code::nesting_too_deep, range(tokens_[at_]), "brackets are nested more than {} deep",
                                   limits_.bracket_depth)
                            .help("name a part of the expression with a `param`"));
    }
  }

  /// False if the bracket was dropped.
  bool close(RawStatement& statement) {
    const char open = text(tokens_[at_]) == ")" ? '(' : '[';
    if (!open_.empty() && text_[tokens_[open_.back()].begin] == open) {
      open_.pop_back();
      return true;
    }
    Diagnostic diagnostic(Code::unmatched_bracket, range(tokens_[at_]), "`{}` closes nothing", text(tokens_[at_]));
    if (!open_.empty()) {
      diagnostic.secondary.push_back({range(tokens_[open_.back()]), "this is the bracket that is open here"});
    }
    report(statement, std::move(diagnostic));
    ++at_;
    return false;
  }

  bool brace_open(RawStatement& statement) {
    const bool touches = !blank_before(at_) && !statement.tokens.empty();
    const bool opens_block = blank_after(at_) && !opens_name_set(statement);
    if (opens_block && !open_.empty()) return false;
    if (opens_block && touches) {
      report(statement, Diagnostic(Code::missing_blank, range(tokens_[at_]), "a blank is missing before `{{`")
                            .label("this reads as the beginning of a placeholder")
                            .help("write ` {{` to open a block, or `{{index}}`, without blanks, for a placeholder"));
    }
    // `x.{ layer }.w` was meant as a placeholder: a block goes on in the next line.
    if (!opens_block || (touches && !ends_line(at_))) {
      push(statement);
      take(statement);
      return true;
    }
    statement.kind = RawStatement::Kind::opens;
    take(statement);
    return false;
  }

  [[nodiscard]] bool ends_line(std::size_t i) const {
    return i + 1 == tokens_.size() || is(i + 1, TokenClass::newline) || is(i + 1, TokenClass::comment);
  }

  /// `index NAME in {`
  [[nodiscard]] bool opens_name_set(const RawStatement& statement) const {
    const auto& words = statement.tokens;
    return words.size() == 3 && text(words[0]) == "index" && words[1].kind == TokenClass::word &&
           text(words[2]) == "in";
  }

  /// False where the statement ends with it: a string that does not end may hold the brace of a block.
  bool unknown(RawStatement& statement) {
    const Token& token = tokens_[at_];
    if (text(token).front() != '"') {
      report(statement, Diagnostic(Code::unexpected_character, range(token), "unexpected character `{}`", text(token))
                            .help("{}", instead_of(text(token))));
      take(statement);
      return true;
    }
    report(statement, Diagnostic(Code::unterminated_string, range(token), "a string does not end on its line")
                          .help("close it with `\"`"));
    take(statement);
    if (!text(token).ends_with('{') || !open_.empty()) return true;
    statement.kind = RawStatement::Kind::opens;
    return false;
  }

  /// What a character was probably meant for.
  static std::string_view instead_of(std::string_view character) {
    if (character == "#") return "comments begin with `//`";
    if (character == "'") return "strings stand between `\"`";
    if (character == ";") return "a statement ends with its line: no `;` is needed";
    if (character == "&") return "write `and`";
    if (character == "!") return "write `not`, or `!=` to compare";
    if (character == "?") return "write `??` to choose what is available, or `if C then A else B`";
    return "a key with other characters than letters, digits, `_`, `-` and `.` is quoted: `\"...\"`";
  }

  /// Whether the statement continues behind the line end (or comment) at `at_`.
  [[nodiscard]] bool goes_on(const RawStatement& statement) const {
    if (statement.tokens.empty()) return false;
    const Token& last = statement.tokens.back();
    const std::size_t last_at = index_of(last);
    if (last.kind == TokenClass::arrow || last.kind == TokenClass::comma) return true;
    const bool is_operator = last.kind == TokenClass::infix || last.kind == TokenClass::stars ||
                             last.kind == TokenClass::prefix || last.kind == TokenClass::continuation;
    const bool is_key =
        statement.tokens.size() > 1 && (statement.tokens[statement.tokens.size() - 2].kind == TokenClass::arrow ||
                                        statement.tokens[statement.tokens.size() - 2].kind == TokenClass::comma);
    // The pattern of `same **` stands where an operator could.
    const bool is_pattern = statement.tokens.size() == 2 && text(statement.tokens.front()) == "same";
    if (is_operator && statement.tokens.size() > 1 && blank_before(last_at) && !is_key && !is_pattern) return true;
    const std::size_t next = next_word();
    if (is(next, TokenClass::arrow)) return true;
    return is(next, TokenClass::continuation) && !is(next + 1, TokenClass::dot) && !is(next + 1, TokenClass::arrow);
  }

  /// The first word behind line ends and comments; remembered, so that many empty lines cost one look.
  [[nodiscard]] std::size_t next_word() const {
    if (next_word_ < at_) next_word_ = at_;
    while (is(next_word_, TokenClass::newline) || is(next_word_, TokenClass::comment)) ++next_word_;
    return next_word_;
  }

  [[nodiscard]] std::size_t index_of(const Token& token) const {
    const auto found = std::lower_bound(tokens_.begin(), tokens_.end(), token.begin,
                                        [](const Token& a, std::uint32_t begin) { return a.begin < begin; });
    return static_cast<std::size_t>(found - tokens_.begin());
  }

  void check_blanks(RawStatement& statement) {
    if (blank_before(at_) && blank_after(at_)) return;
    report(statement, Diagnostic(Code::missing_blank, range(tokens_[at_]), "an arrow stands between blanks")
                          .label("a blank is missing {} it", blank_before(at_) ? "behind" : "before"));
  }

  /// The statement ends with the line of its first open bracket; what follows is read afresh.
  void unclosed(RawStatement& statement) {
    const std::size_t bracket = open_.front();
    report(statement,
           Diagnostic(Code::unclosed_bracket, range(tokens_[bracket]), "`{}` is not closed", text(tokens_[bracket]))
               .label("opened here"));
    std::size_t line_end = bracket;
    while (line_end < tokens_.size() && !is(line_end, TokenClass::newline)) ++line_end;
    at_ = line_end;
    drop_from(statement, line_end);
    if (line_end > bracket && is(line_end - 1, TokenClass::brace_open)) statement.kind = RawStatement::Kind::opens;
  }

  /// The words from `tokens_[at]` on are not the statement's.
  void drop_from(RawStatement& statement, std::size_t at) {
    const auto is_before = [&](const Token& token) { return at == tokens_.size() || token.begin < tokens_[at].begin; };
    const auto count = std::ranges::partition_point(statement.tokens, is_before) - statement.tokens.begin();
    words_.resize(words_.size() - statement.tokens.size() + static_cast<std::size_t>(count));
    statement.tokens = statement.tokens.first(static_cast<std::size_t>(count));
  }

  void report(RawStatement& statement, Diagnostic diagnostic) {
    if (!std::exchange(statement.broken, true)) diagnostics_.push_back(std::move(diagnostic));
  }

  std::span<const Token> tokens_;
  std::string_view text_;
  std::uint32_t file_;
  const SyntaxLimits& limits_;
  Diagnostics& diagnostics_;
  std::vector<Token> words_;
  std::size_t at_ = 0;
  mutable std::size_t next_word_ = 0;
  std::vector<std::size_t> open_;
  std::size_t operators_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

SplitText split_statements(std::span<const Token> tokens, std::string_view text, std::uint32_t file,
                           const SyntaxLimits& limits, Diagnostics& diagnostics) {
  return Splitter(tokens, text, file, limits, diagnostics).split();
}

}  // namespace omap::syntax
