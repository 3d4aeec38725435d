#include "compiler/format/format.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "compiler/syntax/parse.h"
#include "compiler/syntax/words.h"
#include "runtime/plan/plan_json.h"
#include "tests/unit/ast_text.h"

using namespace omap;

namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path(OMAP_FIXTURES) / ".." / "..";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.is_open());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Nothing of a text that has a syntax error.
struct Formatted {
  std::string text;
  AstText tree;
};
std::optional<Formatted> formatted(std::string text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const std::uint32_t file = sources.add(SourceFile("test.omap", std::move(text)));
  const ast::Module module = parse(sources, file, diagnostics);
  if (has_errors(diagnostics)) return std::nullopt;
  return Formatted{format(module, sources), AstText(module)};
}

std::string canonical(const std::string& text) {
  CAPTURE(text);
  const auto made = formatted(text);
  REQUIRE(made.has_value());
  return made->text;
}

/// The plans of a text, without places in it; none where it does not compile.
std::string plans(const std::string& text) {
  static const std::regex place("\"at\": ?\\[[0-9, ]*\\]");
  std::string all;
  for (Plan& plan : compile("test.omap", text).plans) {
    plan.sources = {};
    all += std::regex_replace(write_plan(plan), place, "");
  }
  return all;
}

/// What holds for every text; false for one that has a syntax error.
bool keeps_everything(const std::string& text, bool with_plans) {
  CAPTURE(text);
  const auto first = formatted(text);
  if (!first) return false;
  CAPTURE(first->text);
  const auto second = formatted(first->text);
  REQUIRE(second.has_value());
  REQUIRE(second->text == first->text);
  REQUIRE(second->tree.text == first->tree.text);
  std::vector<std::string> before = first->tree.comments;
  std::vector<std::string> after = second->tree.comments;
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  REQUIRE(before == after);
  REQUIRE((first->text.empty() || first->text.ends_with('\n')));
  REQUIRE(first->text.find(" \n") == std::string::npos);
  REQUIRE(first->text.find("\n\n\n") == std::string::npos);
  REQUIRE(first->text.find_first_of("\r\t") == std::string::npos);
  if (with_plans) REQUIRE(plans(text) == plans(first->text));
  return true;
}

/// The blocks of a page that are mappings.
void add_blocks(const fs::path& page, std::vector<std::string>& texts) {
  const std::string text = read(page);
  for (std::size_t at = text.find("```omap"); at != std::string::npos; at = text.find("```omap", at)) {
    const std::size_t begin = text.find('\n', at) + 1;
    at = text.find("```", begin);
    texts.push_back(text.substr(begin, at - begin));
    at += 3;
  }
}

/// Every mapping of the repository.
std::vector<std::string> corpus() {
  std::vector<fs::path> paths;
  for (const fs::path folder : {"tests/lang", "tests/format", "stdlib-mappings"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".omap") paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const fs::path& path : paths) texts.push_back(read(path));
  add_blocks(root / "README.md", texts);
  add_blocks(root / "docs" / "language.md", texts);
  return texts;
}

/// Blanks where the language takes them as it pleases.
class Respacer {
 public:
  explicit Respacer(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return random_() % limit; }

  /// Other gaps between words: longer blanks; line ends, and with `comments` these too, inside brackets, behind commas
  /// and operators.
  std::string respace(const std::string& text, bool comments) {
    using syntax::TokenClass;
    std::string made;
    std::size_t end = 0;
    std::vector<TokenClass> open;
    TokenClass last = TokenClass::newline;
    for (const syntax::Token& token : syntax::lex(text, 0)) {
      const std::string_view gap = std::string_view(text).substr(end, token.begin - end);
      const std::string_view word = std::string_view(text).substr(token.begin, token.end - token.begin);
      const bool in_brackets = !open.empty() && open.back() == TokenClass::open;
      const bool wide = !gap.empty() || (in_brackets && (last == TokenClass::open || token.kind == TokenClass::close));
      const bool goes_on = last == TokenClass::arrow || last == TokenClass::comma || token.kind == TokenClass::arrow;
      const bool at_ends = last == TokenClass::newline || token.kind == TokenClass::newline ||
                           last == TokenClass::comment || token.kind == TokenClass::comment;
      made += wide && !at_ends && below(3) == 0 ? other_gap(in_brackets || goes_on, comments) : std::string(gap);
      made += word;
      if (token.kind == TokenClass::open || token.kind == TokenClass::brace_open) open.push_back(token.kind);
      if (!open.empty() && (token.kind == TokenClass::close || token.kind == TokenClass::brace_close)) open.pop_back();
      last = token.kind;
      end = token.end;
    }
    return made + text.substr(end);
  }

 private:
  std::string other_gap(bool lines, bool comments) {
    switch (below(lines ? (comments ? 6 : 4) : 2)) {
      case 0:
        return "   ";
      case 1:
        return "\t ";
      case 2:
        return "\n  ";
      case 3:
        return " \r\n\n\t";
      case 4:
        return " // a comment " + std::to_string(below(1000)) + "\n";
      default:
        return "\n\n  /// a comment " + std::to_string(below(1000)) + " \n // and another\n";
    }
  }

  std::mt19937 random_;
};

/// Random expressions: as trees, each operand in parentheses, or as chains without any.
class Expressions {
 public:
  explicit Expressions(std::uint32_t seed) : random_(seed) {}

  std::string make(int depth) {
    static constexpr std::string_view leaves[] = {"a", "b.c", "1", "1.50e3", "\"x y\"", "true", "null", "a.\"b c\""};
    static constexpr std::string_view binary[] = {"+", "-",  "*",  "/",  "%",      "..",  "==", "!=", "<",
                                                  ">", "<=", ">=", "in", "not in", "and", "or", "??", "or"};
    if (depth == 0) return std::string(leaves[below(std::size(leaves))]);
    const auto operand = [&] { return random_() % 2 == 0 ? make(depth - 1) : "(" + make(depth - 1) + ")"; };
    switch (below(10)) {
      case 0:
        return "-" + operand();
      case 1:
        return "not " + operand();
      case 2:
        return "if " + operand() + " then " + operand() + " else " + operand();
      case 3:
        return "max(" + operand() + ", " + operand() + ")";
      case 4:
        return "[" + operand() + "," + operand() + "]";
      case 5:
        return "(" + operand() + ")[" + operand() + "].m";
      default:
        return operand() + " " + std::string(binary[below(std::size(binary))]) + " " + operand();
    }
  }

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("format: hurried texts become the canonical ones beside them") {
  int pairs = 0;
  for (const auto& entry : fs::directory_iterator(root / "tests" / "format")) {
    if (entry.path().extension() != ".canonical") continue;
    CAPTURE(entry.path().string());
    const std::string expected = read(entry.path());
    CHECK(canonical(read(fs::path(entry.path()).replace_extension(".omap"))) == expected);
    CHECK(canonical(expected) == expected);
    ++pairs;
  }
  CHECK(pairs == 4);
}

TEST_CASE("format: every mapping of the repository keeps its meaning and its comments") {
  const std::vector<std::string> texts = corpus();
  std::size_t kept = 0;
  std::size_t with_plans = 0;
  for (const std::string& text : texts) {
    kept += keeps_everything(text, true) ? 1U : 0U;
    with_plans += plans(text).empty() ? 0U : 1U;
  }
  CHECK(kept > 80);
  CHECK(with_plans > 25);
}

TEST_CASE("format: blanks and line ends where they mean nothing change nothing") {
  const std::vector<std::string> texts = corpus();
  Respacer respacer(20260118);
  int compared = 0;
  for (int i = 0; i < 2500; ++i) {
    const std::string& text = texts[respacer.below(texts.size())];
    const auto expected = formatted(text);
    if (!expected) continue;
    const std::string other = respacer.respace(text, false);
    CAPTURE(other);
    const auto made = formatted(other);
    REQUIRE(made.has_value());
    REQUIRE(made->text == expected->text);
    ++compared;
  }
  CHECK(compared > 1500);
}

TEST_CASE("format: comments between any words are kept") {
  const std::vector<std::string> texts = corpus();
  Respacer respacer(20260119);
  int kept = 0;
  for (int i = 0; i < 2500; ++i) {
    const std::string text = respacer.respace(texts[respacer.below(texts.size())], true);
    kept += keeps_everything(text, i % 10 == 0) ? 1 : 0;
  }
  CHECK(kept > 1500);
}

TEST_CASE("format: parentheses are kept where they mean something") {
  Expressions expressions(20260120);
  int kept = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::string value = expressions.make(1 + i % 5);
    kept += keeps_everything("param p: int = " + value + "\nwhen " + value + " {\n}\n", false) ? 1 : 0;
  }
  CHECK(kept > 5000);
  CHECK(canonical("require (a + b) + (c * d)\n") == "require a + b + c * d\n");
  CHECK(canonical("require a + (b + c) * -(d)\n") == "require a + (b + c) * -d\n");
  CHECK(canonical("require a or (b and c)\n") == "require a or (b and c)\n");
  CHECK(canonical("require a or b and c\n") == "require a or (b and c)\n");
  CHECK(canonical("require (if a then b else (if c then d else e)) == 1\n") ==
        "require (if a then b else if c then d else e) == 1\n");
  CHECK(canonical("require -(-a) == - -b\n") == "require - -a == - -b\n");
  CHECK(canonical("require not (a in b)\n") == "require not a in b\n");
  CHECK(canonical("require (a < b) == c\n") == "require (a < b) == c\n");
}

TEST_CASE("format: line ends, a byte order mark and empty lines") {
  CHECK(canonical("") == "");
  CHECK(canonical("\n\n") == "");
  CHECK(canonical("// only this") == "// only this\n");
  CHECK(canonical("\xEF\xBB\xBFomap 1\r\n\r\n\r\nside a: dcp // x \r\n\r\n") == "omap 1\n\nside a: dcp  // x\n");
}

TEST_CASE("format: a line of exactly the longest width is left whole") {
  const std::string left = "a." + std::string(60, 'x') + " <-> ";
  const std::string fits = left + std::string(120 - left.size(), 'y') + "\n";
  CHECK(canonical(fits) == fits);
  const std::string longer = left + std::string(121 - left.size(), 'y') + "\n";
  CHECK(canonical(longer) == longer.substr(0, 62) + "\n        <-> " + longer.substr(left.size()));
}
