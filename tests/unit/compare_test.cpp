#include "runtime/run/compare.h"

#include <doctest/doctest.h>

#include <chrono>

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

TEST_CASE("a checkpoint that changes while it is compared is noticed") {
  CheckpointFolder folder;
  Draw draw(22);
  const std::vector<MadeTensor> tensors = {random_tensor(draw, "x", Dtype::f32, {3})};
  const auto first = open_checkpoint(folder.write("a.safetensors", tensors));
  const auto path = folder.write("b.safetensors", tensors);
  const auto second = open_checkpoint(path);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(compare(*first, *second, {}));
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + std::chrono::seconds(1));
  for (const bool swapped : {false, true}) {
    const auto result = swapped ? compare(*second, *first, {}) : compare(*first, *second, {});
    REQUIRE_FALSE(result);
    CHECK(result.error().front().code == Code::source_changed);
  }
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

TEST_CASE("with a tolerance numbers are compared, and the largest differences are found across chunks") {
  CheckpointFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto within = [&](const std::vector<float>& a, const std::vector<float>& b, const Tolerance& tolerance) {
    return compared(folder, {of_floats(a)}, {of_floats(b)}, {.threads = 3, .memory = 0, .tolerance = tolerance});
  };
  CHECK(within({0.0F, nan, infinity, 2}, {-0.0F, nan, infinity, 2}, {}).same());
  CHECK(within({1.5F, 8}, {1, 4}, {.relative = 1}).same());
  CHECK(within({1.5F, 4.5F}, {1, 4}, {.absolute = 0.5}).same());
  // 0.5 + 2 / 4 is the limit of the second.
  CHECK(within({3}, {2}, {.relative = 0.25, .absolute = 0.5}).same());
  CHECK(within({3.25F}, {2}, {.relative = 0.25, .absolute = 0.5}).bits ==
        std::vector<BitDifference>{{"x", 1, {0}, LargestDifference{1.25, 0.625}}});
  // Relative to the second, not to the first.
  CHECK_FALSE(within({2}, {1}, {.relative = 0.5}).same());
  CHECK(within({1}, {2}, {.relative = 0.5}).same());
  const double unbounded = std::numeric_limits<double>::infinity();
  for (const auto& [a, b] : {std::pair{1.0F, infinity}, {infinity, 1.0F}, {-infinity, infinity}, {nan, 1.0F}}) {
    CHECK(within({a}, {b}, {.relative = 10, .absolute = 10}).bits ==
          std::vector<BitDifference>{{"x", 1, {0}, LargestDifference{unbounded, unbounded}}});
  }
  std::vector<float> a(100000, 4);
  std::vector<float> b = a;
  a[70] = 4.5F;
  a[40000] = 8;
  a[90000] = 1, b[90000] = 0.25F;
  CHECK(within(a, b, {.absolute = 0.5}).bits == std::vector<BitDifference>{{"x", 2, {40000}, LargestDifference{4, 3}}});
}

TEST_CASE("a tolerance leaves integers that doubles do not hold, and elements smaller than a byte, to their bits") {
  CheckpointFolder folder;
  Draw draw(24);
  const CompareOptions options{.threads = 1, .tolerance = Tolerance{.relative = 1e9, .absolute = 1e9}};
  for (const Dtype dtype : {Dtype::i64, Dtype::u64, Dtype::f4}) {
    const MadeTensor made = random_tensor(draw, "x", dtype, {2, 4});
    MadeTensor other = made;
    other.bytes[0] ^= std::byte{1};
    CHECK(compared(folder, {made}, {other}, options).bits == std::vector<BitDifference>{{"x", 1, {0, 0}}});
  }
  MadeTensor made = random_tensor(draw, "x", Dtype::i32, {2, 4});
  MadeTensor other = made;
  other.bytes[0] ^= std::byte{1};
  CHECK(compared(folder, {made}, {other}, options).same());
}

TEST_CASE("a root that keys of one side have and those of the other lack is left out, and told") {
  CheckpointFolder folder;
  Draw draw(25);
  const CompareOptions options{.find_root = true};
  std::vector<MadeTensor> plain;
  for (const char* key : {"a.x", "a.y", "b"}) plain.push_back(random_tensor(draw, key, Dtype::f32, {3}));
  std::vector<MadeTensor> rooted = plain;
  for (MadeTensor& tensor : rooted) tensor.info.key = "m.n." + tensor.info.key;

  const Comparison none = compared(folder, plain, plain, options);
  CHECK(none.same());
  CHECK((none.root_a.empty() && none.root_b.empty()));
  const Comparison left = compared(folder, rooted, plain, options);
  CHECK(left.same());
  CHECK(left.equal == 3);
  CHECK(left.root_a == "m.n.");
  CHECK(left.root_b.empty());
  CHECK(compared(folder, plain, rooted, options).root_b == "m.n.");
  CHECK(compared(folder, plain, rooted).only_b.size() == 3);

  // Other keys of both sides stay as they are.
  rooted.push_back(random_tensor(draw, "optim.x", Dtype::f32, {3}));
  rooted[1].info.key = "m.n.z";
  const Comparison some = compared(folder, rooted, plain, options);
  CHECK(some.root_a == "m.n.");
  CHECK(some.only_a == std::vector<std::string>{"z", "optim.x"});
  CHECK(some.only_b == std::vector<std::string>{"a.y"});
  // Half of the keys are too few, and a key must not get the name of another.
  rooted[2].info.key = "m.n.w";
  CHECK(compared(folder, rooted, plain, options).root_a.empty());
  rooted[2].info.key = "m.n.b";
  CHECK(compared(folder, rooted, plain, options).root_a == "m.n.");
  rooted[3].info.key = "z";
  CHECK(compared(folder, rooted, plain, options).root_a.empty());
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
