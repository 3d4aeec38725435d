#include "runtime/run/compare.h"

#include <doctest/doctest.h>

#include "tests/unit/checkpoint_folder.h"

namespace omap {
namespace {

Comparison compared(const CheckpointFolder& folder, const std::vector<MadeTensor>& a, const std::vector<MadeTensor>& b,
                    const CompareOptions& options = {.threads = 3, .memory = 0}) {
  const auto first = open_checkpoint(folder.write("a.safetensors", a));
  const auto second = open_checkpoint(folder.write("b.safetensors", b));
  REQUIRE(first);
  REQUIRE(second);
  auto result = compare(*first, *second, options);
  REQUIRE(result);
  return *std::move(result);
}

TEST_CASE("a checkpoint is the same as itself in another order") {
  CheckpointFolder folder;
  Draw draw(19);
  std::vector<MadeTensor> tensors;
  tensors.push_back(random_tensor(draw, "large", Dtype::f32, {700, 500}));
  tensors.push_back(random_tensor(draw, "scalar", Dtype::i64, {}));
  tensors.push_back(random_tensor(draw, "nothing", Dtype::bf16, {3, 0}));
  std::vector<MadeTensor> reversed(tensors.rbegin(), tensors.rend());
  const Comparison result = compared(folder, tensors, reversed);
  CHECK(result.same());
  CHECK(result.equal == 3);
}

TEST_CASE("headers that differ are told apart") {
  CheckpointFolder folder;
  Draw draw(20);
  std::vector<MadeTensor> a;
  std::vector<MadeTensor> b;
  a.push_back(random_tensor(draw, "only a", Dtype::u8, {4}));
  b.push_back(random_tensor(draw, "only b", Dtype::u8, {4}));
  a.push_back(random_tensor(draw, "shape", Dtype::u8, {4, 2}));
  b.push_back(random_tensor(draw, "shape", Dtype::u8, {2, 4}));
  a.push_back(random_tensor(draw, "dtype", Dtype::f16, {4}));
  b.push_back(random_tensor(draw, "dtype", Dtype::bf16, {4}));
  a.push_back(random_tensor(draw, "both", Dtype::i32, {2}));
  b.push_back(random_tensor(draw, "both", Dtype::f64, {3}));
  const Comparison result = compared(folder, a, b);
  CHECK_FALSE(result.same());
  CHECK(result.only_a == std::vector<std::string>{"only a"});
  CHECK(result.only_b == std::vector<std::string>{"only b"});
  CHECK(result.shapes ==
        std::vector<HeaderDifference<std::vector<std::int64_t>>>{{"shape", {4, 2}, {2, 4}}, {"both", {2}, {3}}});
  CHECK(result.dtypes ==
        std::vector<HeaderDifference<Dtype>>{{"dtype", Dtype::f16, Dtype::bf16}, {"both", Dtype::i32, Dtype::f64}});
  CHECK(result.bits.empty());
  CHECK(result.equal == 0);
}

TEST_CASE("elements that differ are counted once, and the first is found, across chunks") {
  CheckpointFolder folder;
  Draw draw(21);
  for (int i = 0; i < 20; ++i) {
    std::vector<MadeTensor> a;
    a.push_back(random_tensor(draw, "x", Dtype::f32, {400, 300}));
    a.push_back(random_tensor(draw, "y", Dtype::f32, {50}));
    std::vector<MadeTensor> b = a;
    std::vector<std::uint64_t> changed;
    for (std::uint64_t n = draw.from(1, 20); n > 0; --n) changed.push_back(draw.from(0, 400 * 300 - 1));
    std::ranges::sort(changed);
    changed.erase(std::ranges::unique(changed).begin(), changed.end());
    for (const std::uint64_t element : changed) {
      // One, two or all bytes of the element.
      for (std::uint64_t k = draw.from(0, 3); k < 4; ++k) b[0].bytes[element * 4 + k] ^= std::byte{0x10};
    }
    const Comparison result = compared(folder, a, b);
    const auto row = static_cast<std::int64_t>(changed.front() / 300);
    const auto column = static_cast<std::int64_t>(changed.front() % 300);
    CAPTURE(i);
    CHECK(result.bits == std::vector<BitDifference>{{"x", changed.size(), {row, column}}});
    CHECK(result.equal == 1);
  }
}

MadeTensor of_floats(const std::vector<float>& values) {
  MadeTensor made{{"x", Dtype::f32, {static_cast<std::int64_t>(values.size())}, {}}, {}};
  made.bytes.resize(values.size() * 4);
  std::memcpy(made.bytes.data(), values.data(), made.bytes.size());
  made.info.bytes.size = made.bytes.size();
  return made;
}

TEST_CASE("bits are compared, not values") {
  CheckpointFolder folder;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(compared(folder, {of_floats({nan, 1})}, {of_floats({nan, 1})}).same());
  const Comparison zeros = compared(folder, {of_floats({1, 0.0F})}, {of_floats({1, -0.0F})});
  CHECK(zeros.bits == std::vector<BitDifference>{{"x", 1, {1}}});
}

TEST_CASE("types smaller than a byte are compared by bytes") {
  CheckpointFolder folder;
  Draw draw(22);
  const MadeTensor four = random_tensor(draw, "x", Dtype::f4, {3, 4});
  MadeTensor other = four;
  other.bytes[3] ^= std::byte{0x11};
  other.bytes[5] ^= std::byte{0x10};
  CHECK(compared(folder, {four}, {other}).bits == std::vector<BitDifference>{{"x", 2, {1, 2}}});
  const MadeTensor six = random_tensor(draw, "x", Dtype::f6_e2m3, {2, 4});
  MadeTensor changed = six;
  changed.bytes[4] ^= std::byte{1};
  CHECK(compared(folder, {six}, {changed}).bits == std::vector<BitDifference>{{"x", 1, {1, 1}}});
}

TEST_CASE("rank 0 has an empty index") {
  CheckpointFolder folder;
  Draw draw(23);
  const MadeTensor scalar = random_tensor(draw, "x", Dtype::i64, {});
  MadeTensor other = scalar;
  other.bytes[7] ^= std::byte{1};
  CHECK(compared(folder, {scalar}, {other}).bits == std::vector<BitDifference>{{"x", 1, {}}});
}

}  // namespace
}  // namespace omap
