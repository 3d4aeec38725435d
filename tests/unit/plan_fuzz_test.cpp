#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"
#include "runtime/plan/verify.h"
#include "tests/unit/example_plan.h"

using namespace omap;

namespace {

/// Bytes, and pieces of the format's own, so that some mutations get past the parser.
class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::size_t i = below(4) + 1; i > 0; --i) mutate_once(text);
    return text;
  }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  void mutate_once(std::string& text) {
    static const std::vector<std::string_view> pieces = {"[",
                                                         "]",
                                                         "{}",
                                                         "[]",
                                                         "null",
                                                         "1",
                                                         "-1",
                                                         "1.0",
                                                         "true",
                                                         "\"\"",
                                                         "\"layer\"",
                                                         "[\"index\",\"layer\"]",
                                                         "[\"any\"]",
                                                         "[\"segments\"]",
                                                         "[\"param\",\"q\"]",
                                                         "\"*\"",
                                                         "\"+\"",
                                                         "\"...\"",
                                                         "[\"_\"]",
                                                         "[\"=\",\"d\",2]",
                                                         "\"d\"",
                                                         "9223372036854775807",
                                                         ",",
                                                         "\\u0000",
                                                         "\"<-\"",
                                                         "[\"literal\",[]]"};
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, below(8) + 1);
        break;
      case 2:
        text.insert(at, pieces[below(pieces.size())]);
        break;
      case 3:
        replace_token(text, at, pieces[below(pieces.size())]);
        break;
      default:
        text.insert(at, text.substr(below(text.size()), below(40)));
        break;
    }
  }
  /// From one comma or bracket to the next.
  static void replace_token(std::string& text, std::size_t at, std::string_view with) {
    const std::size_t begin = text.find_first_of(",[:", at);
    if (begin == std::string::npos) return;
    const std::size_t end = text.find_first_of(",]}", begin + 1);
    if (end != std::string::npos) text.replace(begin + 1, end - begin - 1, with);
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("a damaged plan is refused, or is a sound one") {
  const std::string sound = write_plan(example::example_plan());
  Mutator mutator(20260101);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::string text = mutator.mutate(sound);
    const auto plan = read_plan(text, "fuzz");
    if (!plan) {
      REQUIRE(has_errors(plan.error()));
      ++refused;
      continue;
    }
    ++accepted;
    REQUIRE_FALSE(has_errors(verify(*plan)));
    REQUIRE_FALSE(print_ir(*plan).empty());
    const std::string written = write_plan(*plan);
    const auto again = read_plan(written, "fuzz");
    REQUIRE(again.has_value());
    REQUIRE(*again == *plan);
    REQUIRE(write_plan(*again) == written);
  }
  // Both happen, or the mutations test nothing.
  CHECK(accepted > 100);
  CHECK(refused > 1000);
}
