#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"
#include "diagnostics/render.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"
#include "runtime/plan/verify.h"

using namespace omap;

namespace {

namespace fs = std::filesystem;

/// The golden cases' mappings, in an order that no file system decides.
std::vector<std::string> mappings() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(OMAP_FIXTURES) / ".." / "lang")) {
    if (entry.path().extension() == ".omap") paths.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(fs::path(OMAP_FIXTURES) / ".." / ".." / "stdlib-mappings")) {
    if (entry.path().extension() == ".omap") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    texts.push_back(text.substr(0, text.find("// ---- expected")));
  }
  return texts;
}

/// Standard mappings use each other.
Result<UsedText> find_used(std::string_view, bool, const std::string& name) {
  std::ifstream file(fs::path(OMAP_FIXTURES) / ".." / ".." / "stdlib-mappings" / (name + ".omap"), std::ios::binary);
  if (!file) return fail(Diagnostic(Code::not_found, "no such mapping"));
  return UsedText{name, std::string(std::istreambuf_iterator<char>(file), {})};
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::string mutate(std::string text, const std::vector<std::string>& others) {
    for (std::size_t i = below(3) + 1; i > 0; --i) mutate_once(text, others);
    return text;
  }

 private:
  void mutate_once(std::string& text, const std::vector<std::string>& others) {
    static constexpr std::string_view pieces[] = {"{",
                                                  "}",
                                                  "(",
                                                  ")",
                                                  "[",
                                                  "]",
                                                  "<->",
                                                  "->",
                                                  ",",
                                                  "..",
                                                  "...",
                                                  "??",
                                                  " when ",
                                                  " in ",
                                                  "if ",
                                                  "_",
                                                  "1",
                                                  "+",
                                                  " - ",
                                                  "*",
                                                  "**",
                                                  "\"",
                                                  "//",
                                                  "\n",
                                                  ".",
                                                  "|",
                                                  "=",
                                                  "==",
                                                  "else",
                                                  "not ",
                                                  "0",
                                                  ":",
                                                  "{_}",
                                                  "{layer}",
                                                  "{layer + 1}",
                                                  "[d]",
                                                  "[(d + d) ...]",
                                                  "state ",
                                                  "config {\n",
                                                  "param n: int = n\n",
                                                  "\xC3\xA9",
                                                  "9223372036854775807",
                                                  "as ",
                                                  "fill ",
                                                  "\r\n",
                                                  "\t"};
    const std::size_t at = below(text.size());
    switch (below(7)) {
      case 0:
        if (!text.empty()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(std::min(at, text.size()), below(8) + 1);
        break;
      case 2:
        text.insert(at, pieces[below(std::size(pieces))]);
        break;
      case 3:
        text.insert(at, text.substr(below(text.size()), below(40)));
        break;
      case 4:
        swap_lines(text);
        break;
      case 5:
        text.insert(line_at(text, at), line_of(others[below(others.size())]));
        break;
      default:
        replace_word(text, at);
        break;
    }
  }

  static std::size_t line_at(const std::string& text, std::size_t at) {
    const std::size_t end = text.find('\n', at);
    return end == std::string::npos ? text.size() : end + 1;
  }
  std::string line_of(const std::string& text) {
    const std::size_t begin = line_at(text, below(text.size()));
    return text.substr(begin, line_at(text, begin) - begin);
  }
  void swap_lines(std::string& text) {
    const std::size_t a = line_at(text, below(text.size()));
    const std::size_t b = line_at(text, a);
    const std::size_t c = line_at(text, b);
    if (a < b && b < c)
      std::rotate(text.begin() + static_cast<std::ptrdiff_t>(a), text.begin() + static_cast<std::ptrdiff_t>(b),
                  text.begin() + static_cast<std::ptrdiff_t>(c));
  }
  /// One word by another of the same text: names that exist, where they may not stand.
  void replace_word(std::string& text, std::size_t at) {
    const auto word = [&](std::size_t from) {
      constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
      const std::size_t begin = std::min(text.find_first_of(letters, from), text.size());
      return std::pair(begin, std::min(text.find_first_not_of(letters, begin), text.size()));
    };
    const auto [begin, end] = word(at);
    const auto [other_begin, other_end] = word(below(text.size()));
    text.replace(begin, end - begin, text.substr(other_begin, other_end - other_begin));
  }

  std::mt19937 random_;
};

/// A plan that a text compiled to is one that can be kept.
void check_plan(const Plan& plan) {
  REQUIRE_FALSE(has_errors(verify(plan)));
  REQUIRE_FALSE(print_ir(plan).empty());
  const std::string written = write_plan(plan);
  const auto loaded = read_plan(written, "fuzz");
  REQUIRE(loaded.has_value());
  REQUIRE(*loaded == plan);
  REQUIRE(write_plan(*loaded) == written);
}

}  // namespace

TEST_CASE("a damaged mapping is refused with a reason, or makes a sound plan") {
  const std::vector<std::string> texts = mappings();
  REQUIRE(texts.size() > 50);
  Mutator mutator(20260117);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutator.mutate(texts[mutator.below(texts.size())], texts);
    CAPTURE(text);
    const Compilation compilation = compile("fuzz.omap", text, find_used);
    bool blames_the_plan = false;
    for (const Diagnostic& diagnostic : compilation.diagnostics) {
      REQUIRE_FALSE(render_text(diagnostic, compilation.sources, false).empty());
      if (diagnostic.primary.range.known()) REQUIRE(compilation.sources.covers(diagnostic.primary.range));
      blames_the_plan = blames_the_plan || diagnostic.code == Code::plan_malformed;
    }
    // What the front end lets through is well formed: only its meaning may be refused.
    REQUIRE_FALSE(blames_the_plan);
    if (has_errors(compilation.diagnostics)) REQUIRE(compilation.plans.empty());
    for (const Plan& plan : compilation.plans) check_plan(plan);
    ++(has_errors(compilation.diagnostics) ? refused : accepted);
  }
  // Both happen, or the mutations test nothing.
  CHECK(accepted > 100);
  CHECK(refused > 1000);
}
