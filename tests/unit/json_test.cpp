#include "runtime/json/json.h"

#include <doctest/doctest.h>

using namespace omap;

TEST_CASE("a text that is not JSON is refused, and says where") {
  for (const char* text : {"", "{", "{\"a\": }", "[1,]", "{\"a\": 1, \"a\": 2}", "nul"}) {
    CAPTURE(text);
    const auto value = parse_json(text, "config.json");
    REQUIRE_FALSE(value);
    CHECK(value.error().front().code == Code::json_invalid);
    CHECK(value.error().front().subject == "config.json");
  }
  const auto deep = parse_json("[[[1]]]", "", {100, 2});
  REQUIRE_FALSE(deep);
  CHECK(deep.error().front().code == Code::json_invalid);
  CHECK(parse_json("{\"a\": [1, 2]}", "config.json"));
}
