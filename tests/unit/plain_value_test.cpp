#include "runtime/checkpoint/pickle/plain_value.h"

#include <doctest/doctest.h>

#include <string>

#include "runtime/checkpoint/pickle/read_pickle.h"
#include "runtime/json/json.h"
#include "tests/unit/format_fixtures.h"
#include "tests/unit/made_archive.h"

using namespace omap;
using namespace omap::test;

namespace {

/// As JSON, or `-` if it is not plain.
std::string read(const std::string& value) {
  const std::string bytes = "\x80\x02" + value + ".";
  const auto pickle = read_pickle({bytes.begin(), bytes.end()}, [](std::string_view) { return true; });
  REQUIRE(pickle.has_value());
  const auto plain = plain_value(pickle->root());
  return plain ? dump_json(*plain) : "-";
}

std::string pickle_real(std::uint64_t bits) {
  std::string bytes = "G";
  for (int i = 7; i >= 0; --i) bytes += static_cast<char>((bits >> (8 * i)) & 0xFF);
  return bytes;
}

}  // namespace

TEST_CASE("values that JSON has") {
  CHECK(read("N") == "null");
  CHECK(read("\x88") == "true");
  CHECK(read(pickle_int(INT64_MIN)) == "-9223372036854775808");
  CHECK(read(pickle_real(0x3FB999999999999A)) == "0.1");
  CHECK(read(pickle_real(0x7FF0000000000000)) == R"("inf")");
  CHECK(read(pickle_real(0xFFF0000000000000)) == R"("-inf")");
  CHECK(read(pickle_real(0x7FF8000000000000)) == R"("nan")");
  CHECK(read(pickle_text("größer \"x\"")) == R"("größer \"x\"")");
  CHECK(read(pickle_tuple({pickle_int(1), pickle_list({pickle_int(2)})})) == "[1,[2]]");
  CHECK(read(pickle_dict({{pickle_text("b"), "N"}, {pickle_int(4), "}"}})) == R"({"b":null,"4":{}})");
}

TEST_CASE("values that JSON has not") {
  const std::string class_object = pickle_global("m", "C") + ")\x81";
  for (const std::string& value :
       {class_object, pickle_global("torch", "bfloat16"), std::string("C\x01x", 3), std::string("\x8f"),
        pickle_list({pickle_int(1), class_object}), pickle_dict({{pickle_tuple({}), "N"}}),
        pickle_dict({{pickle_text("a"), "N"}, {pickle_text("a"), "N"}}),
        pickle_dict({{pickle_text("4"), "N"}, {pickle_int(4), "N"}}), "\x8a\x09" + std::string(9, '\x7f')}) {
    CHECK(read(value) == "-");
  }
}

TEST_CASE("values that contain themselves, or each other again and again, end") {
  CHECK(read("]q" + little(0, 1) + "h" + little(0, 1) + "a") == "-");
  std::string doubled = "]q" + little(0, 1);
  for (unsigned i = 1; i < 30; ++i)
    doubled += "0]q" + little(i, 1) + "(h" + little(i - 1, 1) + "h" + little(i - 1, 1) + "e";
  CHECK(read(doubled) == "-");
  // A text of a megabyte once, and twice.
  const std::string large = pickle_text(std::string(1 << 20, 'x').substr(2));
  CHECK(read(large).size() == (1 << 20));
  CHECK(read("](" + large + "q" + little(0, 1) + "h" + little(0, 1) + "e") == "-");
}
