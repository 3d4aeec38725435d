// Values through small buffers and several threads: what a run computes does not depend on how it is cut.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

struct Case {
  std::string body;
  Direction direction = Direction::right;
  std::vector<MadeTensor> sources;
};

/// Random elements without NaN, whose bits a computation need not keep.
MadeTensor random_numbers(Draw& draw, const std::string& key, Dtype dtype, std::vector<std::int64_t> shape) {
  MadeTensor made = random_tensor(draw, key, dtype, std::move(shape));
  const std::size_t size = bits(dtype) / 8;
  // The greatest exponent becomes another one.
  for (std::size_t i = size - 1; i < made.bytes.size(); i += size) made.bytes[i] &= std::byte{0xbf};
  return made;
}

std::vector<Case> cases() {
  Draw draw(21);
  std::vector<Case> all;
  // Larger than a slab, transposed, with fewer and with more bytes than its source.
  all.push_back(
      {"x[r c] -> y[c r] * 2 as f32", Direction::right, {random_numbers(draw, "x", Dtype::bf16, {1500, 1300})}});
  all.push_back({"x[r c] -> y[c r] as bf16", Direction::right, {random_numbers(draw, "x", Dtype::f32, {3, 400000})}});
  all.push_back({"x[r c] -> y[c r] as f64", Direction::right, {random_numbers(draw, "x", Dtype::f16, {200001, 3})}});
  // Operands in blocks, of a tensor whose rows are longer than what is computed at once.
  all.push_back(
      {"w[c r] as bf16 <- q[r c] * s[r/128 c/128]",
       Direction::left,
       {random_numbers(draw, "q", Dtype::f8_e4m3, {1001, 1999}), random_numbers(draw, "s", Dtype::f32, {8, 16})}});
  all.push_back({"w[r c] <- q[r c] * s[c] + t[r]",
                 Direction::left,
                 {random_numbers(draw, "q", Dtype::f32, {2, 500003}), random_numbers(draw, "s", Dtype::f32, {500003}),
                  random_numbers(draw, "t", Dtype::f64, {2})}});
  // Computed and moved pieces side by side, with others that are zero.
  all.push_back(
      {"param q: int\n x[q d], z[k d] -> y[d (q + _=5 + k)] as bf16",
       Direction::right,
       {random_numbers(draw, "x", Dtype::bf16, {300, 1001}), random_numbers(draw, "z", Dtype::f32, {400, 1001})}});
  // Values repeated.
  all.push_back(
      {"x[r c] -> y[c three=3 r] + 1", Direction::right, {random_numbers(draw, "x", Dtype::f32, {701, 301})}});
  all.push_back(
      {"index e in 0..3\n y[h e d] as f32 <- x.{e}[d h] * s.{e}[1 h]",
       Direction::left,
       {random_numbers(draw, "x.0", Dtype::bf16, {501, 401}), random_numbers(draw, "s.0", Dtype::f32, {1, 401}),
        random_numbers(draw, "x.1", Dtype::bf16, {501, 401}), random_numbers(draw, "s.1", Dtype::f32, {1, 401}),
        random_numbers(draw, "x.2", Dtype::bf16, {501, 401}), random_numbers(draw, "s.2", Dtype::f32, {1, 401})}});
  all.push_back({"y[thousand=1000 n=1001] as f32 <- fill 1.5", Direction::left, {}});
  return all;
}

}  // namespace

TEST_CASE("small buffers and several threads compute what one run in one buffer does") {
  for (const Case& c : cases()) {
    CAPTURE(c.body);
    const Plan plan = plan_of(c.body);
    const std::vector<std::string> settings =
        plan.find_param("q") ? std::vector<std::string>{"q=300"} : std::vector<std::string>{};
    const auto whole = converted(plan, c.sources, {c.direction, settings, {}, {.threads = 1, .memory = 1ull << 30}});
    for (const unsigned threads : {1u, 4u}) {
      const auto cut = converted(plan, c.sources, {c.direction, settings, {}, {.threads = threads, .memory = 0}});
      REQUIRE(cut.size() == whole.size());
      for (const auto& [key, made] : whole) REQUIRE(cut.at(key).bytes == made.bytes);
    }
  }
}

TEST_CASE("a transposed cast of a large tensor is right in every element") {
  Draw draw(22);
  const std::size_t rows = 1201, columns = 1403;
  const MadeTensor x =
      random_numbers(draw, "x", Dtype::bf16, {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)});
  const auto result =
      converted(plan_of("x[r c] -> y[c r] as f32"), {x}, {Direction::right, {}, {}, {.threads = 3, .memory = 0}});
  const auto from = elements_of<std::uint16_t>(x);
  const auto to = elements_of<std::uint32_t>(result.at("y"));
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      REQUIRE(to[c * rows + r] == std::uint32_t{from[r * columns + c]} << 16);
    }
  }
}
