// What PyTorch makes of every number of 16 and 8 bits, and of 2^16 of 32 and 64, by digests that it wrote
// (fixtures/casts): numbers, infinities and the bits of NaNs; integers and bool.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "runtime/copy/computation.h"
#include "runtime/dtype/element.h"
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

std::uint64_t double_pattern(std::uint64_t i) { return (splitmix(i) & 0x800fffffffffffff) | (1023 - 4 + i % 72) << 52; }

bool is_signed(Dtype integer) { return name(integer).front() == 'I'; }

std::uint64_t integer_pattern(std::uint64_t i, Dtype dtype, int kept) {
  const unsigned size = bits(dtype);
  const std::uint64_t x = splitmix(i), mask = UINT64_MAX >> (64 - size + (is_signed(dtype) ? 1 : 0));
  std::uint64_t magnitude = (x & mask) >> i % size;
  const int lost = std::max(static_cast<int>(std::bit_width(magnitude)) - kept, 0);
  magnitude = magnitude >> lost << lost;
  return is_signed(dtype) && x >> 63 != 0 ? -magnitude : magnitude;
}

bool is_small_float(Dtype dtype) { return !is_integer(dtype) && bits(dtype) <= 16; }

std::uint64_t input(Dtype dtype, std::uint64_t i, Dtype to) {
  if (bits(dtype) <= 16) return i;
  if (is_integer(dtype)) return integer_pattern(i, dtype, is_small_float(to) ? 24 : 64);
  if (dtype == Dtype::f64 && !is_small_float(to)) return to == Dtype::f32 ? splitmix(i) : double_pattern(i);
  const std::uint32_t single = single_pattern(i);
  return dtype == Dtype::f32 ? single : std::bit_cast<std::uint64_t>(double{std::bit_cast<float>(single)});
}

/// Whether an integer holds a float, but for what is behind its point.
bool holds(Dtype integer, double number) {
  const int size = static_cast<int>(bits(integer));
  const double least = is_signed(integer) ? -std::ldexp(1.0, size - 1) : 0;
  return std::trunc(number) >= least && number < std::ldexp(1.0, is_signed(integer) ? size - 1 : size);
}

std::vector<std::byte> inputs(Dtype dtype, Dtype to) {
  const std::size_t size = bits(dtype) / 8;
  const std::uint64_t n = dtype == Dtype::boolean ? 2 : size == 1 ? 256 : count;
  const bool truncates = !is_integer(dtype) && is_integer(to) && to != Dtype::boolean;
  std::vector<std::byte> bytes(n * size);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint64_t pattern = input(dtype, i, to);
    std::memcpy(&bytes[i * size], &pattern, size);
    if (truncates && !holds(to, decode(dtype, &bytes[i * size]))) std::memset(&bytes[i * size], 0, size);
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
  REQUIRE(casts.size() == 15 * 15 - 15);
  for (const Value& each : casts) {
    const Dtype from = *dtype_from_text(*each.member("from")->string());
    const Dtype to = *dtype_from_text(*each.member("to")->string());
    CAPTURE(name(from));
    CAPTURE(name(to));
    const std::vector<std::byte> source = inputs(from, to);
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
