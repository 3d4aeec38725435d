#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "diagnostics/render.h"

using namespace omap;

namespace {

constexpr std::string_view moe_line = "    experts.mlp.w1[(expert d) x] <-> experts.{expert}.w1[h d]";

/// The range of the `nth` (from 0) occurrence of `needle` in a file of `sources`.
SourceRange range_of(const SourceMap& sources, std::string_view needle, int nth = 0, std::uint32_t file = 0) {
  const std::string& text = sources.files.at(file).text();
  std::size_t at = text.find(needle);
  for (; nth > 0; --nth) at = text.find(needle, at + 1);
  REQUIRE(at != std::string::npos);
  return {file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + needle.size())};
}

SourceMap one_file(std::string text, std::string name = "a.omap") {
  SourceMap sources;
  sources.add(SourceFile(std::move(name), std::move(text)));
  return sources;
}

std::string plain(const Diagnostic& diagnostic, const SourceMap& sources) {
  return render_text(diagnostic, sources, false);
}

}  // namespace

TEST_CASE("two labels on one line: the right one beside its underline, the left one beneath") {
  const SourceMap sources = one_file(std::string(11, '\n') + std::string(moe_line) + "\n", "moe.omap");
  const SourceRange h{0, range_of(sources, "h d]").begin, range_of(sources, "h d]").begin + 1};
  const auto diagnostic =
      Diagnostic(Code::axis_without_source, h, "axis `h` stands in the destination but in no source")
          .label("not determined by anything")
          .also(range_of(sources, "x", 2), "this axis has no partner")
          .note("`h` is no index and no param")
          .help("rename `x` to `h`");
  CHECK(plain(diagnostic, sources) ==
        "error[OM3004]: axis `h` stands in the destination but in no source\n"
        "  --> moe.omap:12:58\n"
        "   |\n"
        "12 |     experts.mlp.w1[(expert d) x] <-> experts.{expert}.w1[h d]\n"
        "   |                               -                          ^ not determined by anything\n"
        "   |                               |\n"
        "   |                               this axis has no partner\n"
        "   = note: `h` is no index and no param\n"
        "   = help: rename `x` to `h`\n");
}

TEST_CASE("three labels on one line hang from right to left") {
  const SourceMap sources = one_file("aa bb cc");
  const auto diagnostic = Diagnostic(Code::axis_twice, range_of(sources, "cc"), "twice")
                              .label("third")
                              .also(range_of(sources, "aa"), "first")
                              .also(range_of(sources, "bb"), "second");
  CHECK(plain(diagnostic, sources) ==
        "error[OM3005]: twice\n"
        " --> a.omap:1:7\n"
        "  |\n"
        "1 | aa bb cc\n"
        "  | -- -- ^^ third\n"
        "  | |  |\n"
        "  | |  second\n"
        "  | first\n");
}

TEST_CASE("the primary underline is drawn over a wider secondary one, and both texts hang") {
  const SourceMap sources = one_file("alpha beta gamma");
  const auto diagnostic = Diagnostic(Code::axis_twice, range_of(sources, "beta"), "twice")
                              .label("inner")
                              .also(range_of(sources, "alpha beta gamma"), "outer");
  CHECK(plain(diagnostic, sources) ==
        "error[OM3005]: twice\n"
        " --> a.omap:1:7\n"
        "  |\n"
        "1 | alpha beta gamma\n"
        "  | ------^^^^------\n"
        "  | |     |\n"
        "  | |     inner\n"
        "  | outer\n");
}

TEST_CASE("labels that begin together are all said, and one without a text is only underlined") {
  const SourceMap sources = one_file("alpha beta");
  const auto diagnostic = Diagnostic(Code::axis_twice, range_of(sources, "alpha"), "twice")
                              .label("one")
                              .also(range_of(sources, "alpha"), "two")
                              .also(range_of(sources, "beta"), "");
  CHECK(plain(diagnostic, sources) ==
        "error[OM3005]: twice\n"
        " --> a.omap:1:1\n"
        "  |\n"
        "1 | alpha beta\n"
        "  | ^^^^^ ----\n"
        "  | |\n"
        "  | one\n"
        "  | two\n");
}

TEST_CASE("labels on several lines stand in line order, and a gap is shown") {
  const SourceMap sources = one_file("one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n");
  const auto diagnostic = Diagnostic(Code::duplicate_name, range_of(sources, "ten"), "twice")
                              .label("again")
                              .also(range_of(sources, "two"), "here")
                              .also(range_of(sources, "one"), "and here");
  CHECK(plain(diagnostic, sources) ==
        "error[OM2002]: twice\n"
        "  --> a.omap:10:1\n"
        "   |\n"
        " 1 | one\n"
        "   | --- and here\n"
        " 2 | two\n"
        "   | --- here\n"
        "...\n"
        "10 | ten\n"
        "   | ^^^ again\n");
}

TEST_CASE("labels in another file have a block of their own, and what is no source stands behind") {
  SourceMap sources = one_file("here\n");
  sources.add(SourceFile("b.omap", "\n  there\n"));
  const auto diagnostic = Diagnostic(Code::duplicate_name, range_of(sources, "here"), "twice")
                              .label("again")
                              .also(range_of(sources, "there", 0, 1), "first")
                              .in("model.safetensors");
  CHECK(plain(diagnostic, sources) ==
        "error[OM2002]: twice\n"
        " --> a.omap:1:1\n"
        "  |\n"
        "1 | here\n"
        "  | ^^^^ again\n"
        " ::: b.omap:2:3\n"
        "  |\n"
        "2 |   there\n"
        "  |   ----- first\n"
        " ::: model.safetensors\n");
}

TEST_CASE("a range of several lines is underlined to the end of its first") {
  const SourceMap sources = one_file("a {\r\n  b\r\n}\n");
  const auto diagnostic = Diagnostic(Code::misplaced_statement, SourceRange{0, 2, 11}, "no").label("block");
  CHECK(plain(diagnostic, sources) ==
        "error[OM1012]: no\n"
        " --> a.omap:1:3\n"
        "  |\n"
        "1 | a {\n"
        "  |   ^ block\n");
}

TEST_CASE("an empty range, at the end of the text too, is one caret") {
  const SourceMap sources = one_file("ab\n");
  CHECK(plain(Diagnostic(Code::syntax_error, SourceRange{0, 2, 2}, "no").label("here"), sources) ==
        "error[OM1005]: no\n"
        " --> a.omap:1:3\n"
        "  |\n"
        "1 | ab\n"
        "  |   ^ here\n");
  CHECK(plain(Diagnostic(Code::syntax_error, SourceRange{0, 3, 3}, "no"), sources) ==
        "error[OM1005]: no\n"
        " --> a.omap:2:1\n"
        "  |\n"
        "2 |\n"
        "  | ^\n");
}

TEST_CASE("carets stay aligned behind tabs and behind what is not ASCII") {
  const SourceMap sources = one_file("\té\t\"größe\" x");
  const auto diagnostic =
      Diagnostic(Code::unknown_name, range_of(sources, "x"), "no").label("x").also(range_of(sources, "größe"), "g");
  CHECK(plain(diagnostic, sources) ==
        "error[OM2001]: no\n"
        " --> a.omap:1:12\n"
        "  |\n"
        "1 |     é    \"größe\" x\n"
        "  |           -----  ^ x\n"
        "  |           |\n"
        "  |           g\n");
}

TEST_CASE("a very long line is cut around its labels") {
  const std::string left(500, 'a');
  const SourceMap sources = one_file(left + " wanted " + std::string(500, 'b'));
  const auto text = plain(Diagnostic(Code::unknown_name, range_of(sources, "wanted"), "no").label("here"), sources);
  CHECK(text.find("\n1 | …aaaa") != std::string::npos);
  CHECK(text.find("bbbb…\n") != std::string::npos);
  const std::size_t source = text.find("1 | ");
  const std::size_t marks = text.find("\n  | ", source) + 1;
  // `…` takes three bytes and one column.
  CHECK(text.find("wanted") - source - 2 == text.find("^^^^^^ here") - marks);
  CHECK(marks - 1 - source == 4 + 200 + 4);
}

TEST_CASE("labels that are too far apart for one line keep the primary one in sight") {
  const SourceMap sources = one_file("first" + std::string(1000, ' ') + "second" + std::string(1000, ' ') + "third");
  const auto text = plain(Diagnostic(Code::axis_twice, range_of(sources, "second"), "no")
                              .label("primary")
                              .also(range_of(sources, "first"), "left")
                              .also(range_of(sources, "third"), "right"),
                          sources);
  CHECK(text.find("second") != std::string::npos);
  CHECK(text.find("^^^^^^") != std::string::npos);
  for (const char* label : {"primary", "left", "right"}) CHECK(text.find(label) != std::string::npos);
}

TEST_CASE("without a place in a source there are the message, the subject and the remarks") {
  CHECK(plain(Diagnostic(Code::not_found, "no such path")
                  .in("dir/model.safetensors")
                  .note("first line\nsecond line")
                  .help("give another"),
              {}) ==
        "error[OM6001]: no such path\n"
        "  --> dir/model.safetensors\n"
        "   = note: first line\n"
        "           second line\n"
        "   = help: give another\n");
  CHECK(plain(Diagnostic(Code::unused_name, "unused"), {}) == "warning[OM2007]: unused\n");
  CHECK(plain(Diagnostic(Code::default_taken, "taken"), {}) == "note[OM5021]: taken\n");
}

TEST_CASE("a range that does not fit its file counts as unknown") {
  const SourceMap sources = one_file("abc");
  for (const SourceRange range : {SourceRange{0, 2, 1}, SourceRange{0, 1, 4}, SourceRange{0, UINT32_MAX, UINT32_MAX},
                                  SourceRange{1, 0, 1}, SourceRange{UINT32_MAX - 1, 0, 0}}) {
    const auto diagnostic = Diagnostic(Code::syntax_error, range, "no").label("here").also(range, "there");
    CHECK(plain(diagnostic, sources) == "error[OM1005]: no\n");
    CHECK(nlohmann::json::parse(render_json(diagnostic, sources))["labels"].empty());
  }
}

TEST_CASE("a range inside a code point, in a text that is not UTF-8, does no harm") {
  const SourceMap sources = one_file("a\xE2\x82\xAC\xFF z");
  for (std::uint32_t begin = 0; begin <= 7; ++begin) {
    for (std::uint32_t end = begin; end <= 7; ++end) {
      const std::string text = plain(Diagnostic(Code::syntax_error, SourceRange{0, begin, end}, "no"), sources);
      CHECK(text.find("1 | a€\uFFFD z\n") != std::string::npos);
      CHECK(first_invalid_utf8(text) == std::string_view::npos);
      CHECK(text.find('^') != std::string::npos);
    }
  }
}

TEST_CASE("what a terminal would obey is not passed on") {
  const SourceMap sources = one_file("a\x1b[2Jb\u202Ec");
  const std::string text = plain(
      Diagnostic(Code::syntax_error, SourceRange{0, 0, 1}, "key `{}`", "\x1b]0;x\x07").label("\r").in("p\nq"), sources);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\r') == std::string::npos);
  CHECK(text.find("1 | a\uFFFD[2Jb\uFFFDc\n") != std::string::npos);
  CHECK(text.find("p\uFFFDq") != std::string::npos);
}

TEST_CASE("colours follow the severity, and are only there when asked for") {
  const SourceMap sources = one_file("ab cd");
  const auto diagnostic = Diagnostic(Code::unused_name, range_of(sources, "cd"), "unused")
                              .label("this")
                              .also(range_of(sources, "ab"), "that")
                              .help("drop it");
  const std::string text = render_text(diagnostic, sources, true);
  CHECK(text.find("\x1b[0;1;33mwarning[OM2007]\x1b[0;1m: unused\x1b[0m\n") == 0);
  CHECK(text.find("\x1b[0;1;34m--\x1b[0m \x1b[0;1;33m^^\x1b[0m \x1b[0;1;33mthis\x1b[0m\n") != std::string::npos);
  CHECK(text.find("\x1b[0;1;36mhelp: \x1b[0mdrop it\n") != std::string::npos);
  CHECK(render_text(Diagnostic(Code::syntax_error, "no"), {}, true).find("\x1b[0;1;31merror[OM1005]") == 0);
  CHECK(plain(diagnostic, sources).find('\x1b') == std::string::npos);
}

TEST_CASE("JSON holds everything, on one line") {
  const SourceMap sources = one_file("é\n  ab cd\n");
  const auto diagnostic = Diagnostic(Code::unknown_name, range_of(sources, "cd"), "no \"name\"\nat all")
                              .label("here")
                              .also(range_of(sources, "ab"), "there")
                              .note("n")
                              .help("h")
                              .in("s");
  CHECK(render_json(diagnostic, sources) ==
        R"({"code":"OM2001","severity":"error","message":"no \"name\"\nat all","labels":[)"
        R"({"file":"a.omap","begin":8,"end":10,"line":2,"column":6,"text":"here","primary":true},)"
        R"({"file":"a.omap","begin":5,"end":7,"line":2,"column":3,"text":"there","primary":false}],)"
        R"("notes":["n"],"help":["h"],"subject":"s"})");
}

TEST_CASE("JSON is valid even where texts are not UTF-8") {
  const auto diagnostic = Diagnostic(Code::header_invalid, "key `{}`", "\xFF\xC0").in("\xED\xA0\x80").note("\xE2\x82");
  const auto parsed = nlohmann::json::parse(render_json(diagnostic, {}));
  CHECK(parsed["message"].get<std::string>().find("\uFFFD") != std::string::npos);
  CHECK(parsed["severity"] == "error");
}
