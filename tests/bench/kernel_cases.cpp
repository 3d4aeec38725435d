#include "tests/bench/kernel_cases.h"

#include <fmt/format.h>

#include <cmath>

namespace omap {
namespace {

using View = std::function<at::Tensor(const at::Tensor&)>;

View permuted(std::vector<std::int64_t> order) {
  return [order = std::move(order)](const at::Tensor& tensor) { return tensor.permute(order); };
}

const std::vector<std::pair<at::ScalarType, std::int64_t>> element_types = {
    {at::kByte, 1}, {at::kBFloat16, 2}, {at::kFloat, 4}, {at::kDouble, 8}, {at::kComplexDouble, 16}};

/// The greatest power of two whose square has at most so many elements.
std::int64_t square_edge(std::int64_t elements) {
  std::int64_t edge = 1;
  while (4 * edge * edge <= elements) edge *= 2;
  return edge;
}

void add_transposes(std::vector<CopyCase>& cases, std::int64_t bytes) {
  for (const auto& [type, size] : element_types) {
    const std::int64_t edge = square_edge(bytes / size);
    const std::int64_t columns = bytes / size / edge;
    cases.push_back({fmt::format("transpose, {} B", size), type, {edge, columns}, permuted({1, 0})});
    cases.push_back(
        {fmt::format("transpose of odd extents, {} B", size), type, {edge - 3, columns - 7}, permuted({1, 0})});
  }
  const std::int64_t elements = bytes / 2;
  for (const std::int64_t narrow : {2, 3, 4, 5, 8, 12, 16, 64}) {
    cases.push_back({fmt::format("[n {}] -> [{} n], 2 B", narrow, narrow),
                     at::kBFloat16,
                     {elements / narrow, narrow},
                     permuted({1, 0})});
    cases.push_back({fmt::format("[{} n] -> [n {}], 2 B", narrow, narrow),
                     at::kBFloat16,
                     {narrow, elements / narrow},
                     permuted({1, 0})});
  }
  for (const auto& [type, size] : element_types) {
    cases.push_back({fmt::format("[n 2] -> [2 n], {} B", size), type, {bytes / size / 2, 2}, permuted({1, 0})});
    cases.push_back({fmt::format("[2 n] -> [n 2], {} B", size), type, {2, bytes / size / 2}, permuted({1, 0})});
  }
}

void add_ranks(std::vector<CopyCase>& cases, std::int64_t bytes) {
  const auto edge = [&](double rank) {
    return static_cast<std::int64_t>(std::pow(static_cast<double>(bytes) / 2, 1 / rank));
  };
  const std::int64_t a = edge(3), b = edge(4), c = edge(5), d = edge(6), rows = square_edge(bytes / 2 / 8);
  cases.push_back({"[8 a b] -> [8 b a], 2 B", at::kBFloat16, {8, rows, bytes / 16 / rows}, permuted({0, 2, 1})});
  cases.push_back({"[a b c] -> [c b a], 2 B", at::kBFloat16, {a, a, a}, permuted({2, 1, 0})});
  cases.push_back({"[a b c] -> [c a b], 2 B", at::kBFloat16, {a, a, a}, permuted({2, 0, 1})});
  cases.push_back({"[a b c] -> [b c a], 2 B", at::kBFloat16, {a, a, a}, permuted({1, 2, 0})});
  cases.push_back({"[a b c d] -> [d c b a], 2 B", at::kBFloat16, {b, b, b, b}, permuted({3, 2, 1, 0})});
  cases.push_back({"[a b c d] -> [b d a c], 2 B", at::kBFloat16, {b, b, b, b}, permuted({1, 3, 0, 2})});
  cases.push_back({"[a b c d e] -> [e d c b a], 2 B", at::kBFloat16, {c, c, c, c, c}, permuted({4, 3, 2, 1, 0})});
  cases.push_back(
      {"[a b c d e f] -> [f e d c b a], 2 B", at::kBFloat16, {d, d, d, d, d, d}, permuted({5, 4, 3, 2, 1, 0})});
  cases.push_back({"[a b 4] -> [a 4 b], 2 B", at::kBFloat16, {bytes / 8 / 512, 512, 4}, permuted({0, 2, 1})});
  cases.push_back({"[a (n 2)] -> [2 n a], 2 B", at::kBFloat16, {bytes / 2 / 128, 64, 2}, permuted({2, 1, 0})});
}

void add_runs(std::vector<CopyCase>& cases, std::int64_t bytes) {
  for (const std::int64_t run : {4, 6, 8, 12, 16, 24, 32, 64, 96, 128, 256, 512, 1024, 4096}) {
    const std::int64_t edge = square_edge(bytes / run);
    cases.push_back({fmt::format("rows and columns of runs of {} B", run),
                     at::kByte,
                     {edge, bytes / run / edge, run},
                     permuted({1, 0, 2})});
  }
  for (const std::int64_t run : {2, 8, 32, 64, 256}) {
    cases.push_back(
        {fmt::format("[n 2 d] -> [2 n d], d of {} B", run), at::kByte, {bytes / run / 2, 2, run}, permuted({1, 0, 2})});
  }
  cases.push_back({"a third of each row of 3 KiB", at::kBFloat16, {bytes / 1024, 1536}, [](const at::Tensor& tensor) {
                     return tensor.narrow(1, 512, 512);
                   }});
}

void add_strides(std::vector<CopyCase>& cases, std::int64_t bytes) {
  for (const std::int64_t stride : {2, 3, 4, 8}) {
    for (const auto& [type, size] : {std::pair(at::kBFloat16, std::int64_t{2}), {at::kFloat, 4}}) {
      cases.push_back({fmt::format("one of {} elements, {} B", stride, size),
                       type,
                       {bytes / size / stride, stride},
                       [](const at::Tensor& tensor) { return tensor.select(1, 0); }});
    }
  }
  cases.push_back({"one element everywhere, 2 B", at::kBFloat16, {1}, [=](const at::Tensor& tensor) {
                     return tensor.expand({bytes / 2});
                   }});
  for (const std::int64_t times : {2, 16, 256}) {
    cases.push_back({fmt::format("each element {} times, 2 B", times),
                     at::kBFloat16,
                     {bytes / 2 / times, 1},
                     [=](const at::Tensor& tensor) {
                       return tensor.expand({bytes / 2 / times, times});
                     }});
  }
  cases.push_back({"a row of 4 KiB again and again", at::kBFloat16, {1, 2048}, [=](const at::Tensor& tensor) {
                     return tensor.expand({bytes / 4096, 2048});
                   }});
}

}  // namespace

std::vector<CopyCase> copy_cases(std::int64_t bytes) {
  std::vector<CopyCase> cases;
  add_transposes(cases, bytes);
  add_ranks(cases, bytes);
  add_runs(cases, bytes);
  add_strides(cases, bytes);
  return cases;
}

std::vector<ComputeCase> compute_cases(std::int64_t bytes) {
  const auto cast = [](const at::Tensor& from, const at::Tensor& to) { to.copy_(from); };
  std::vector<ComputeCase> cases;
  const auto add_cast = [&](const char* name, Dtype from, at::ScalarType torch_from, Dtype to,
                            at::ScalarType torch_to) {
    cases.push_back({name, {from, 0, to, {}, {}}, torch_from, torch_to, bytes / 4, cast});
  };
  add_cast("f32 -> bf16", Dtype::f32, at::kFloat, Dtype::bf16, at::kBFloat16);
  add_cast("bf16 -> f32", Dtype::bf16, at::kBFloat16, Dtype::f32, at::kFloat);
  add_cast("f32 -> f16", Dtype::f32, at::kFloat, Dtype::f16, at::kHalf);
  add_cast("f16 -> f32", Dtype::f16, at::kHalf, Dtype::f32, at::kFloat);
  add_cast("f16 -> bf16", Dtype::f16, at::kHalf, Dtype::bf16, at::kBFloat16);
  add_cast("bf16 -> f16", Dtype::bf16, at::kBFloat16, Dtype::f16, at::kHalf);
  add_cast("f64 -> f32", Dtype::f64, at::kDouble, Dtype::f32, at::kFloat);
  add_cast("f32 -> f64", Dtype::f32, at::kFloat, Dtype::f64, at::kDouble);
  add_cast("u8 -> f32", Dtype::u8, at::kByte, Dtype::f32, at::kFloat);
  const std::vector<ValueStep> steps = {{ValueStep::Op::multiply, 0.5, {}}, {ValueStep::Op::add, 1, {}}};
  cases.push_back(
      {"bf16 * 0.5 + 1",
       {Dtype::bf16, 0, Dtype::bf16, {}, steps},
       at::kBFloat16,
       at::kBFloat16,
       bytes / 4,
       [](const at::Tensor& from, const at::Tensor& to) { to.copy_(from.to(at::kFloat).mul_(0.5).add_(1)); }});
  return cases;
}

}  // namespace omap
