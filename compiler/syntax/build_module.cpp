#include "compiler/syntax/build_module.h"

#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "compiler/syntax/build_ast.h"
#include "compiler/syntax/words.h"

namespace omap::syntax {
namespace {

/// Puts statements into the blocks that they stand in.
class ModuleBuilder {
 public:
  ModuleBuilder(std::string_view text, std::uint32_t file, const SyntaxLimits& limits, Diagnostics& diagnostics)
      : text_(text), file_(file), limits_(limits), diagnostics_(diagnostics) {
    module_.file = file;
  }

  ast::Module build(std::span<RawStatement> statements) {
    for (RawStatement& raw : statements) {
      if (diagnostics_.size() >= limits_.errors || too_deep()) break;
      add(raw);
    }
    for (const Block& block : blocks_) {
      if (diagnostics_.size() >= limits_.errors || too_deep()) break;
      diagnostics_.push_back(
          Diagnostic(Code::unclosed_bracket, block.brace, "this block is not closed").help("close it with `}}`"));
    }
    while (!blocks_.empty()) close(std::nullopt);
    return std::move(module_);
  }

 private:
  struct Block {
    std::optional<ast::Statement> head;  ///< nothing if its head was wrong
    std::vector<ast::Statement> body;
    std::vector<ast::Statement> first_body;  ///< of `when`, once `else` was met
    std::vector<ast::Comment> at_first_end;
    std::vector<ast::Comment> at_end;
    std::optional<ast::Comment> behind_else;
    SourceRange brace;
    bool in_else = false;
    bool config = false;
  };

  /// Trees are walked by recursion: what stands deeper is not read, nor what follows it.
  [[nodiscard]] bool too_deep() const { return blocks_.size() > limits_.block_depth; }

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
    const Wanted wanted = config ? Wanted::config_line : Wanted::statement;
    auto node = parse_words(raw.tokens, wanted, text_, file_).and_then([&](const ParseNode& tree) {
      return build_statement(tree, text_);
    });
    if (!node) {
      diagnostics_.push_back(std::move(node.error()));
      return std::nullopt;
    }
    statement.node = std::move(*node);
    return statement;
  }

  void open(const RawStatement& raw, std::optional<ast::Statement> statement) {
    const Token& brace = raw.tokens.back();
    Block block;
    block.brace = {file_, brace.begin, brace.end};
    // Of a head that is wrong the first word tells.
    const std::string_view word =
        text_.substr(raw.tokens.front().begin, raw.tokens.front().end - raw.tokens.front().begin);
    const bool config = statement ? std::holds_alternative<ast::Config>(statement->node) : word == "config";
    block.config = config || (!blocks_.empty() && blocks_.back().config);
    block.head = std::move(statement);
    blocks_.push_back(std::move(block));
    if (too_deep()) {
      diagnostics_.push_back(Diagnostic(Code::nesting_too_deep, blocks_.back().brace,
                                        "blocks are nested more than {} deep", limits_.block_depth)
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
    std::optional<ast::Comment> behind;
    if (!raw.behind.empty()) behind = raw.behind.front();
    if (raw.kind == RawStatement::Kind::closes) return close(std::move(behind));
    const bool when = !block.head || std::holds_alternative<ast::When>(block.head->node);
    if (!when || block.in_else) {
      const SourceRange at{file_, raw.tokens[1].begin, raw.tokens[1].end};
      diagnostics_.push_back(Diagnostic(Code::misplaced_statement, at, "{}",
                                        when ? "this `when` has an `else` already" : "this `else` belongs to no `when`")
                                 .help("`when CONDITION {{ ... }} else {{ ... }}`"));
    }
    block.in_else = true;
    block.first_body = std::exchange(block.body, {});
    block.at_first_end = std::exchange(block.at_end, {});
    block.behind_else = std::move(behind);
  }

  void close(std::optional<ast::Comment> behind) {
    Block block = std::move(blocks_.back());
    blocks_.pop_back();
    if (!block.head) return;     // a wrong head is one error; its statements were read for theirs
    block.body.shrink_to_fit();  // of the many small blocks of a large file, half of the room would be empty
    ast::Statement statement = std::move(*block.head);
    statement.at_end = std::move(block.at_end);
    statement.behind_end = std::move(behind);
    std::visit(
        [&](auto& node) {
          using Node = std::decay_t<decltype(node)>;
          if constexpr (std::is_same_v<Node, ast::When>) {
            node.body = block.in_else ? std::move(block.first_body) : std::move(block.body);
            if (block.in_else) node.else_body = std::move(block.body);
            node.has_else = block.in_else;
            node.at_body_end = std::move(block.at_first_end);
            node.behind_else = std::move(block.behind_else);
          } else if constexpr (requires { node.body; }) {
            node.body = std::move(block.body);
          }
        },
        statement.node);
    body().push_back(std::move(statement));
  }

  std::vector<ast::Statement>& body() { return blocks_.empty() ? module_.statements : blocks_.back().body; }

  std::string_view text_;
  std::uint32_t file_;
  const SyntaxLimits& limits_;
  Diagnostics& diagnostics_;
  ast::Module module_;
  std::vector<Block> blocks_;
};

}  // namespace

ast::Module build_module(SplitText split, std::string_view text, std::uint32_t file, const SyntaxLimits& limits,
                         Diagnostics& diagnostics) {
  return ModuleBuilder(text, file, limits, diagnostics).build(split.statements);
}

}  // namespace omap::syntax
