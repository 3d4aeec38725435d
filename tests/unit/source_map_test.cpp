#include "diagnostics/source_map.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "diagnostics/utf8.h"

using namespace omap;

TEST_CASE("positions are lines and code points from 1") {
  const SourceFile file("a", "ab\n\n\u00e9\u20acx\n");
  CHECK(file.position(0) == Position{1, 1});
  CHECK(file.position(2) == Position{1, 3});
  CHECK(file.position(3) == Position{2, 1});
  CHECK(file.position(4) == Position{3, 1});
  CHECK(file.position(6) == Position{3, 2});
  CHECK(file.position(9) == Position{3, 3});
  CHECK(file.position(11) == Position{4, 1});
  CHECK(file.position(UINT32_MAX) == Position{4, 1});
}

TEST_CASE("lines come without their ends") {
  const SourceFile file("a", "one\r\n\ntwo");
  CHECK(file.line_count() == 3);
  CHECK(file.line(1) == "one");
  CHECK(file.line(2) == "");
  CHECK(file.line(3) == "two");
  CHECK(file.line(0) == "");
  CHECK(file.line(4) == "");
  CHECK(SourceFile("b", "").line_count() == 1);
  CHECK(SourceFile("b", "").position(0) == Position{1, 1});
}

TEST_CASE("a map gives the text of the ranges it covers, and nothing for others") {
  SourceMap map;
  CHECK(map.add(SourceFile("a", "hello")) == 0);
  CHECK(map.add(SourceFile("b", "world")) == 1);
  CHECK(map.text({1, 1, 3}) == "or");
  CHECK(map.covers({0, 5, 5}));
  CHECK(map.text({0, 2, 6}) == "");
  CHECK_FALSE(map.covers({0, 2, 6}));
  CHECK_FALSE(map.covers({0, 3, 2}));
  CHECK_FALSE(map.covers({2, 0, 0}));
  CHECK_FALSE(map.covers({}));
}

TEST_CASE("well-formed UTF-8 is accepted to the ends of its ranges") {
  for (const std::string_view text : {"", "plain", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                      "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    CHECK(first_invalid_utf8(text) == std::string_view::npos);
  }
  CHECK(first_invalid_utf8(std::string_view("\0", 1)) == std::string_view::npos);
}

TEST_CASE("what RFC 3629 forbids is found where it begins") {
  struct Case {
    const char* what;
    std::string_view bytes;
  };
  for (const Case& c : {Case{"stray continuation", "\x80"},
                        {"overlong, 2 bytes", "\xC0\x80"},
                        {"overlong, 2 bytes, largest", "\xC1\xBF"},
                        {"overlong, 3 bytes", "\xE0\x9F\xBF"},
                        {"overlong, 4 bytes", "\xF0\x8F\xBF\xBF"},
                        {"first surrogate", "\xED\xA0\x80"},
                        {"last surrogate", "\xED\xBF\xBF"},
                        {"above U+10FFFF", "\xF4\x90\x80\x80"},
                        {"lead byte F5", "\xF5\x80\x80\x80"},
                        {"5 bytes", "\xF8\x88\x80\x80\x80"},
                        {"byte FF", "\xFF"},
                        {"truncated, 2 bytes", "\xC3"},
                        {"truncated, 3 bytes", "\xE2\x82"},
                        {"truncated, 4 bytes", "\xF0\x9F\x98"},
                        {"cut short by a letter", "\xE2\x82z"}}) {
    CAPTURE(c.what);
    CHECK(first_invalid_utf8(c.bytes) == 0);
    CHECK(first_invalid_utf8("a\u20ac" + std::string(c.bytes)) == 4);
    CHECK_FALSE(decode_utf8(c.bytes).has_value());
  }
}

TEST_CASE("encoding is the inverse of decoding") {
  for (const char32_t value :
       {U'\0', U'a', U'\u007F', U'\u0080', U'\u07FF', U'\u0800', U'\uFFFF', U'\U00010000', U'\U0010FFFF'}) {
    std::string text;
    append_utf8(text, value);
    const auto point = decode_utf8(text + "tail");
    REQUIRE(point.has_value());
    CHECK(point->value == value);
    CHECK(point->length == text.size());
  }
}
