// Second tensors on bytes: block scales, and what is repeated along axes.
#include <doctest/doctest.h>

#include "tests/unit/rule_values.h"

using namespace omap;
using namespace omap::test;
using namespace omap::test::rule_values;

TEST_CASE("a block scale meets the elements of its block, the last block being what is left") {
  struct Case {
    std::int64_t rows, columns, block_rows, block_columns;
  };
  for (const Case& c : {Case{5, 7, 2, 3}, Case{130, 257, 128, 128}, Case{4, 4, 8, 4}, Case{1, 1, 1, 1}}) {
    CAPTURE(c.rows);
    const std::int64_t scale_rows = (c.rows + c.block_rows - 1) / c.block_rows;
    const std::int64_t scale_columns = (c.columns + c.block_columns - 1) / c.block_columns;
    const Octets q = some_octets(static_cast<std::size_t>(c.rows * c.columns));
    const Floats s = some_floats(static_cast<std::size_t>(scale_rows * scale_columns), 0.0131f);
    const Plan plan = plan_of(fmt::format("v[r c] as bf16 <- q[r c] * s[r/{} c/{}]", c.block_rows, c.block_columns));
    const auto result = converted(plan,
                                  {tensor_of("q", Dtype::f8_e4m3, {c.rows, c.columns}, q),
                                   tensor_of("s", Dtype::f32, {scale_rows, scale_columns}, s)},
                                  {left, {}, {}, {}});
    Halves wanted;
    for (std::int64_t i = 0; i < c.rows; ++i) {
      for (std::int64_t j = 0; j < c.columns; ++j) {
        const auto element = static_cast<std::size_t>(i * c.columns + j);
        const auto scale = static_cast<std::size_t>(i / c.block_rows * scale_columns + j / c.block_columns);
        wanted.push_back(bf16_of(e4m3(q[element]) * s[scale]));
      }
    }
    CHECK(elements_of<std::uint16_t>(result.at("v")) == wanted);
    CHECK(result.at("v").info.shape == std::vector<std::int64_t>{c.rows, c.columns});
  }
}

TEST_CASE("a scale of another size than its blocks is refused") {
  const Plan plan = plan_of("w[r c] <- q[r c] * s[r/2 c/3]");
  const MadeTensor q = tensor_of("q", Dtype::f32, {5, 7}, some_floats(35));
  CHECK(refusals(plan, {q, tensor_of("s", Dtype::f32, {2, 3}, some_floats(6))}, {left, {}, {}, {}}) ==
        std::vector<Code>{Code::extent_conflict});
  CHECK(refusals(plan, {q, tensor_of("s", Dtype::f32, {9}, some_floats(9))}, {left, {}, {}, {}}) ==
        std::vector<Code>{Code::rank_mismatch});
  CHECK(refusals(plan, {q}, {left, {}, {}, {}}) == std::vector<Code>{Code::source_missing});
}

TEST_CASE("stacked experts each have the scale of their key") {
  const Plan plan = plan_of(
      "index layer in 0..2\n index expert in 0..12\n"
      "moe.{layer}[expert d h] <- l.{layer}.e.{expert}.q[h d] * l.{layer}.e.{expert}.s[h/2 1]");
  std::vector<MadeTensor> sources;
  std::map<std::string, Floats> wanted;
  for (int layer = 0; layer < 2; ++layer) {
    Floats stacked(12 * 4 * 3);
    for (int expert = 0; expert < 12; ++expert) {
      const std::string key = fmt::format("l.{}.e.{}", layer, expert);
      const Floats q = some_floats(12, 1.0f + static_cast<float>(expert + 100 * layer));
      const Floats s = some_floats(2, 0.1f * static_cast<float>(expert + 1));
      sources.push_back(tensor_of(key + ".q", Dtype::f32, {3, 4}, q));
      sources.push_back(tensor_of(key + ".s", Dtype::f32, {2, 1}, s));
      for (std::size_t h = 0; h < 3; ++h) {
        for (std::size_t d = 0; d < 4; ++d) {
          stacked[(static_cast<std::size_t>(expert) * 4 + d) * 3 + h] = q[h * 4 + d] * s[h / 2];
        }
      }
    }
    wanted[fmt::format("moe.{}", layer)] = stacked;
  }
  const auto result = converted(plan, sources, {left, {}, {}, {}});
  for (const auto& [key, numbers] : wanted) CHECK(elements_of<float>(result.at(key)) == numbers);
}

TEST_CASE("a loop index as an axis of an operand gives each tensor its own entry") {
  const Plan plan =
      plan_of("index sparse in 0..6 when sparse % 2 == 1\n x.{sparse}[d] <- y.{sparse}[d] * scales[sparse] + shift[]");
  std::vector<MadeTensor> sources = {tensor_of("scales", Dtype::f32, {3}, Floats{2, 3, 5}),
                                     tensor_of("shift", Dtype::f32, {}, Floats{0.5f})};
  for (const int layer : {1, 3, 5}) {
    sources.push_back(tensor_of(fmt::format("y.{}", layer), Dtype::f32, {2}, Floats{1, -1}));
  }
  const auto result = converted(plan, sources, {left, {}, {}, {}});
  CHECK(elements_of<float>(result.at("x.1")) == Floats{2.5f, -1.5f});
  CHECK(elements_of<float>(result.at("x.3")) == Floats{3.5f, -2.5f});
  CHECK(elements_of<float>(result.at("x.5")) == Floats{5.5f, -4.5f});
}

TEST_CASE("an operand is repeated along the axes that it lacks") {
  const Plan plan = plan_of("w[c r] <- q[r c] * row[r] - column[1 c]");
  const Floats q = some_floats(6), row = {2, -3}, column = {0.5f, 0.25f, 8};
  const auto result = converted(plan,
                                {tensor_of("q", Dtype::f32, {2, 3}, q), tensor_of("row", Dtype::f32, {2}, row),
                                 tensor_of("column", Dtype::f32, {1, 3}, column)},
                                {left, {}, {}, {}});
  Floats wanted;
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t r = 0; r < 2; ++r) wanted.push_back(q[r * 3 + c] * row[r] - column[c]);
  }
  CHECK(elements_of<float>(result.at("w")) == wanted);
}

TEST_CASE("operands have dtypes of their own") {
  const Plan plan = plan_of("w[r c] as f32 <- q[r c] * s[r]");
  const auto result = converted(
      plan,
      {tensor_of("q", Dtype::i8, {2, 2}, Octets{1, 0xff, 3, 4}), tensor_of("s", Dtype::f8_e8m0, {2}, Octets{128, 126})},
      {left, {}, {}, {}});
  CHECK(elements_of<float>(result.at("w")) == Floats{2, -2, 1.5f, 2});
}

TEST_CASE("pieces of a sum are computed each from its own tensor") {
  const Plan plan = plan_of("param q: int\n wq[q d] * 2, wk[k d] + 1 <-> qk[d (q + k)]");
  const MadeTensor wq = tensor_of("wq", Dtype::f32, {2, 2}, Floats{1, 2, 3, 4});
  const MadeTensor wk = tensor_of("wk", Dtype::f32, {1, 2}, Floats{5, 6});
  const auto there = converted(plan, {wk, wq}, {right, {"q=2"}, {}, {}});
  CHECK(elements_of<float>(there.at("qk")) == Floats{2, 6, 6, 4, 8, 7});
  const auto back = converted(plan, {there.at("qk")}, {left, {"q=2"}, {}, {}});
  CHECK(back.at("wq").bytes == wq.bytes);
  CHECK(back.at("wk").bytes == wk.bytes);
}
