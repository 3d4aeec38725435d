// What PyTorch makes of every number of 16 and 8 bits, and of 2^16 of 32 and 64, by digests that it wrote
// (fixtures/casts): numbers, infinities and the bits of NaNs.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <fstream>
#include <sstream>

#include "runtime/copy/computation.h"
#include "runtime/json/json.h"

using namespace omap;

namespace {

constexpr std::uint64_t count = 1u << 16;

std::uint64_t splitmix(std::uint64_t i) {
  std::uint64_t x = (i + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

/// As make.py draws them.
std::uint32_t single_pattern(std::uint64_t i) {
  const std::uint64_t x = splitmix(i);
  auto pattern = static_cast<std::uint32_t>(x >> 32);
  if (i % 3 != 0) pattern = (pattern & 0x807fffff) | static_cast<std::uint32_t>(127 - 40 + x % 64) << 23;
  if (i % 256 == 0) pattern |= 0x7f800000;
  if (i % 512 == 256) pattern &= 0xff800000;
  const auto tie = [&](unsigned width, std::uint32_t middle) { pattern = pattern >> width << width | middle; };
  if (i % 16 == 2) tie(16, 0x8000);
  if (i % 16 == 4) tie(13, 0x1000);
  if (i % 16 == 6) tie(20, 0x80000);
  if (i % 16 == 8) tie(21, 0x100000);
  return pattern;
}

std::uint64_t input(Dtype dtype, std::uint64_t i, bool wide) {
  if (bits(dtype) <= 16) return i;
  if (dtype == Dtype::f64 && wide) return splitmix(i);
  const std::uint32_t single = single_pattern(i);
  return dtype == Dtype::f32 ? single : std::bit_cast<std::uint64_t>(double{std::bit_cast<float>(single)});
}

std::vector<std::byte> inputs(Dtype dtype, bool wide) {
  const std::size_t size = bits(dtype) / 8;
  const std::uint64_t n = size == 1 ? 256 : count;
  std::vector<std::byte> bytes(n * size);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t pattern = input(dtype, i, wide);
    std::memcpy(&bytes[i * size], &pattern, size);
  }
  return bytes;
}

std::string fnv1a(std::span<const std::byte> bytes) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (const std::byte byte : bytes) digest = (digest ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return fmt::format("{:016x}", digest);
}

Value fixture() {
  std::ifstream file(std::string(OMAP_FIXTURES) + "/casts/digests.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto value = parse_json(text.str(), "digests.json");
  REQUIRE(value);
  return *value;
}

}  // namespace

TEST_CASE("casts give the bits that PyTorch gives") {
  const Value all = fixture();
  const std::size_t block = static_cast<std::size_t>(*all.member("block")->integer());
  const Value::List& casts = *all.member("casts")->list();
  REQUIRE(casts.size() == 10 * 6 - 6);
  for (const Value& each : casts) {
    const Dtype from = *dtype_from_text(*each.member("from")->string());
    const Dtype to = *dtype_from_text(*each.member("to")->string());
    CAPTURE(name(from));
    CAPTURE(name(to));
    const std::vector<std::byte> source = inputs(from, to == Dtype::f32);
    std::vector<std::byte> made(source.size() / (bits(from) / 8) * (bits(to) / 8));
    compute({from, 0, to, {}, {}}, source, {}, made);
    std::size_t first = 0;
    for (const Value& digest : *each.member("digests")->list()) {
      CAPTURE(first);
      const std::size_t size = std::min(block * bits(to) / 8, made.size() - first * bits(to) / 8);
      REQUIRE(fnv1a(std::span(made).subspan(first * bits(to) / 8, size)) == *digest.string());
      first += block;
    }
    REQUIRE(first * bits(to) / 8 >= made.size());
  }
}
