#include "runtime/checkpoint/safetensors_header.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace omap;
namespace fs = std::filesystem;

namespace {

const fs::path fixtures = OMAP_FIXTURES;
const fs::path safetensors = fixtures / "formats" / "safetensors";

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The header of a whole file's bytes.
Result<SafetensorsHeader> parse_file(std::string_view bytes, std::string_view name = "test.safetensors") {
  const auto all = std::as_bytes(std::span(bytes));
  const auto length = safetensors_header_length(all.first(std::min<std::size_t>(8, all.size())), bytes.size(), name);
  if (!length) return fail(length.error());
  return parse_safetensors_header(bytes.substr(8, *length), bytes.size(), name);
}

Result<SafetensorsHeader> parse_json_header(std::string_view json, std::uint64_t data_bytes) {
  return parse_safetensors_header(json, 8 + json.size() + data_bytes, "test.safetensors");
}

std::string message_of(const Result<SafetensorsHeader>& header) {
  REQUIRE_FALSE(header.has_value());
  REQUIRE(header.error().size() == 1);
  const Diagnostic& error = header.error().front();
  CHECK(error.code == Code::header_invalid);
  CHECK(error.subject == "test.safetensors");
  CHECK_FALSE(error.helps.empty());
  return error.message;
}

std::string refusal(std::string_view json, std::uint64_t data_bytes) {
  return message_of(parse_json_header(json, data_bytes));
}

/// What holds of every header that is accepted.
void check_invariants(const SafetensorsHeader& header, std::uint64_t file_size) {
  std::uint64_t end = header.tensors.empty() ? file_size : header.tensors.front().bytes.offset;
  REQUIRE(end >= 8);
  for (const TensorInfo& tensor : header.tensors) {
    REQUIRE(tensor.bytes.offset == end);
    REQUIRE(byte_count(tensor.dtype, tensor.shape) == static_cast<std::int64_t>(tensor.bytes.size));
    end += tensor.bytes.size;
  }
  REQUIRE(end == file_size);
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

TEST_CASE("dtypes are spelled as in safetensors") {
  for (unsigned i = 0; i <= static_cast<unsigned>(Dtype::u64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    CHECK(dtype_from_name(name(dtype)) == dtype);
  }
  CHECK(name(Dtype::f8_e4m3fnuz) == "F8_E4M3FNUZ");
  CHECK(bits(Dtype::f4) == 4);
  CHECK(bits(Dtype::f6_e3m2) == 6);
  CHECK(bits(Dtype::c64) == 64);
  CHECK_FALSE(dtype_from_name("bf16"));
  CHECK_FALSE(dtype_from_name(""));
}

TEST_CASE("sizes of tensors") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 3}) == 6);
  CHECK(element_count({INT64_MAX, INT64_MAX, 0}) == 0);
  CHECK_FALSE(element_count({2, INT64_MAX}));
  CHECK(element_count({1, INT64_MAX}) == INT64_MAX);
  CHECK(byte_count(Dtype::bf16, {2, 3}) == 12);
  CHECK(byte_count(Dtype::f4, {2, 3}) == 3);
  CHECK_FALSE(byte_count(Dtype::f4, {1, 3}));
  CHECK(byte_count(Dtype::f6_e2m3, {4}) == 3);
  CHECK_FALSE(byte_count(Dtype::f6_e2m3, {2}));
  CHECK(byte_count(Dtype::f64, {(INT64_MAX >> 3)}) == (INT64_MAX >> 3) * 8);
  CHECK_FALSE(byte_count(Dtype::f64, {(INT64_MAX >> 3) + 1}));
}

TEST_CASE("every malformed file is refused") {
  const std::vector<fs::path> bad = files_in(safetensors / "bad");
  REQUIRE(bad.size() > 40);
  for (const fs::path& path : bad) {
    CAPTURE(path.string());
    message_of(parse_file(contents(path)));
  }
}

TEST_CASE("every unusual file that is well formed is accepted") {
  std::vector<fs::path> good = files_in(safetensors / "good");
  REQUIRE(good.size() > 10);
  std::ranges::copy(files_in(safetensors), std::back_inserter(good));
  std::ranges::copy(files_in(safetensors / "sharded"), std::back_inserter(good));
  for (const fs::path& path : good) {
    CAPTURE(path.string());
    const std::string bytes = contents(path);
    const auto header = parse_file(bytes);
    REQUIRE(header.has_value());
    check_invariants(*header, bytes.size());
  }
}

TEST_CASE("what is wrong is said") {
  const auto message = [](std::string_view file) {
    return message_of(parse_file(contents(safetensors / "bad" / file)));
  };
  CHECK(message("empty.safetensors") == "the file has 0 bytes; the length of the header alone takes 8");
  CHECK(message("header_length_max.safetensors").ends_with("the format allows 100000000"));
  CHECK(message("not_utf8.safetensors").starts_with("the JSON is not UTF-8 at byte "));
  CHECK(message("bad_json.safetensors").starts_with("the JSON is broken at byte "));
  CHECK(message("overlap.safetensors") == "`t1` begins at byte 0 of the data, inside `t0`, which ends at 16");
  CHECK(message("hole.safetensors").find("belong to no tensor") != std::string::npos);
  CHECK(message("overflow_shape_1.safetensors").find("overflows") != std::string::npos);
  CHECK(message("overflow_shape_2.safetensors").find("overflows") != std::string::npos);
  CHECK(message("f4_half_byte.safetensors").find("not a whole number of bytes") != std::string::npos);
  CHECK(message("duplicate_name.safetensors").ends_with("stands twice"));
  CHECK(message("duplicate_metadata.safetensors") == "`__metadata__` holds `x` twice");
  CHECK(message("huge_offset.safetensors").find("a number beyond 64 bits") != std::string::npos);
  const auto lower_case = parse_file(contents(safetensors / "bad" / "lowercase_dtype.safetensors"));
  REQUIRE_FALSE(lower_case.has_value());
  CHECK(lower_case.error().front().helps.front().starts_with("did you mean `F32`?"));
}

TEST_CASE("an entry is what the format says") {
  const auto with = [](std::string_view entry) { return fmt::format(R"({{"a":{}}})", entry); };
  CHECK(parse_json_header(with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})"), 2).has_value());
  CHECK(refusal(with(R"(["U8",[2],[0,2]])"), 2) == "the entry of `a` is a list, not an object");
  CHECK(refusal(with(R"({"dtype":"U8","shape":[[2]],"data_offsets":[0,2]})"), 2) ==
        "`shape` of `a` holds a list, not a whole number");
  CHECK(refusal(with(R"({"dtype":"U8","shape":[2],"data_offsets":[0,[2]]})"), 2) ==
        "`data_offsets` of `a` holds a list, not a whole number");
  CHECK(refusal(with(R"({"dtype":"U8","shape":[null],"data_offsets":[0,2]})"), 2) ==
        "`shape` of `a` holds null, not a whole number");
  CHECK(refusal(with(R"({"dtype":"U8","shape":[-0],"data_offsets":[0,0]})"), 0) ==
        "`shape` of `a` holds a negative number, not a whole number");
  CHECK(refusal(with(R"({"dtype":{"U8":null},"shape":[2],"data_offsets":[0,2]})"), 2) ==
        "`dtype` of `a` is an object, not a string");
  CHECK(refusal(with(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,2]})"), 2) ==
        "an extent of `a` overflows 63 bits: 9223372036854775808");
  CHECK(refusal(with("{}"), 0) == "the entry of `a` has no `dtype`");
  CHECK(refusal(R"({"__metadata__":{"format":"pt","format":"tf"}})", 0) == "`__metadata__` holds `format` twice");
  CHECK(refusal(R"({"__metadata__":{},"__metadata__":{}})", 0) == "`__metadata__` stands twice");
  CHECK(refusal(R"({"__metadata__":null})", 0) == "`__metadata__` is null, not an object");
}

TEST_CASE("unknown fields are passed over, to a depth") {
  const auto nested = [](std::size_t depth) {
    return fmt::format(
        R"({{"a":{{"x":{}{},"dtype":"U8","y":{{"dtype":["F32"]}},"shape":[],"data_offsets":[0,1],"z":1.5}}}})",
        std::string(depth, '['), std::string(depth, ']'));
  };
  const auto accepted = parse_json_header(nested(100), 1);
  REQUIRE(accepted.has_value());
  CHECK(accepted->tensors == std::vector<TensorInfo>{{"a", Dtype::u8, {}, {0, 8 + nested(100).size(), 1}}});
  CHECK(refusal(nested(127), 1) == "the JSON is nested deeper than 128 levels");
  CHECK(refusal(nested(1'000'000), 1) == "the JSON is nested deeper than 128 levels");
}

TEST_CASE("only JSON is JSON") {
  CHECK(parse_json_header(" \t\r\n{} \t\r\n", 0).has_value());
  CHECK(refusal("", 0).starts_with("the JSON is broken at byte "));
  CHECK(refusal("{},", 0).starts_with("the JSON is broken at byte "));
  CHECK(refusal("{}{}", 0).starts_with("the JSON is broken at byte "));
  CHECK(refusal("{/**/}", 0).starts_with("the JSON is broken at byte "));
  CHECK(refusal("\xEF\xBB\xBF{}", 0) == "the JSON begins with a byte order mark");
  CHECK(refusal(std::string_view("{}\0\0", 4), 0) == "the JSON has a NUL at byte 3");
  CHECK(refusal(R"({"\ud800":{}})", 0).starts_with("the JSON is broken at byte "));
  CHECK(refusal("\"text\"", 0) == "the header is a string, not an object");
  CHECK(refusal("1e999", 0) == "the JSON is broken at byte 5: number overflow");
  const std::string long_text = fmt::format(R"({{"{}": 1 1}})", std::string(100'000, 'x'));
  CHECK(refusal(long_text, 0).size() < 100'200);
}

TEST_CASE("tensors tile the data") {
  const auto entry = [](std::string_view key, int begin, int end) {
    return fmt::format(R"("{}":{{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}})", key, end - begin, begin, end);
  };
  const auto header = parse_json_header(fmt::format("{{{},{},{},{}}}", entry("late", 4, 8), entry("none", 4, 4),
                                                    entry("early", 0, 4), entry("end", 8, 8)),
                                        8);
  REQUIRE(header.has_value());
  std::vector<std::string> keys;
  for (const TensorInfo& tensor : header->tensors) keys.push_back(tensor.key);
  CHECK(keys == std::vector<std::string>{"early", "none", "late", "end"});

  const std::string two = fmt::format("{{{},{}}}", entry("a", 0, 4), entry("b", 4, 8));
  CHECK(refusal(two, 9) == "the last 1 bytes of the file belong to no tensor");
  CHECK(refusal(two, 6) == "the last 2 bytes of the data are missing: the file ends inside `b`");
  CHECK(refusal(fmt::format("{{{},{}}}", entry("a", 0, 4), entry("b", 2, 2)), 4) ==
        "`b` begins at byte 2 of the data, inside `a`, which ends at 4");
}

TEST_CASE("a file that ends inside its header is refused") {
  CHECK(message_of(parse_safetensors_header("{}", 9, "test.safetensors")) ==
        "the file ends inside its header of 2 bytes");
}

TEST_CASE("headers are written byte for byte as the reference writer does") {
  std::vector<fs::path> files = files_in(safetensors / "sharded");
  for (const char* family : {"llama", "olmo2", "olmo2_headdim", "olmo2_tied"}) {
    files.push_back(fixtures / family / "hf" / "model.safetensors");
    files.push_back(fixtures / family / "expected" / "olmo_core.safetensors");
  }
  files.push_back(safetensors / "every_dtype.safetensors");
  files.push_back(safetensors / "one_file" / "model.safetensors");
  for (const fs::path& path : files) {
    CAPTURE(path.string());
    const std::string bytes = contents(path);
    const auto header = parse_file(bytes);
    REQUIRE(header.has_value());
    REQUIRE(header->metadata.size() <= 1);
    const std::string head = write_safetensors_header(header->tensors, header->metadata);
    CHECK(bytes.substr(0, head.size()) == head);
    CHECK(head.size() == header->tensors.front().bytes.offset);
  }
}

TEST_CASE("strings are escaped as serde_json does") {
  const std::string key = "\"\\/\b\f\n\r\t\x01\x1f\x7f é 😀";
  const std::string head = write_safetensors_header(std::vector<TensorInfo>{{key, Dtype::u8, {0}, {}}}, {{key, key}});
  const std::string quoted = R"("\"\\/\b\f\n\r\t\u0001\u001f)"
                             "\x7f é 😀\"";
  CHECK(head.substr(8).starts_with(
      fmt::format(R"({{"__metadata__":{{{0}:{0}}},{0}:{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}})", quoted)));
  CHECK(head.size() % 8 == 0);
  const auto again = parse_file(head);
  REQUIRE(again.has_value());
  CHECK(again->tensors.front().key == key);
  CHECK(again->metadata.at(key) == key);
}

TEST_CASE("a header without tensors") {
  CHECK(write_safetensors_header({}, {}) == std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
}

TEST_CASE("damaged headers are refused or harmless") {
  std::vector<std::string> good;
  for (const fs::path& path : files_in(safetensors / "good")) good.push_back(contents(path));
  good.push_back(contents(safetensors / "sharded" / "model-00001-of-00003.safetensors"));
  std::mt19937 random(20240607);
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  std::size_t refused = 0;
  constexpr std::string_view likely = R"({}[]":,\0123456789-.eEu )";
  for (int round = 0; round < 6000; ++round) {
    std::string bytes = good[below(good.size())];
    const std::size_t head = std::min<std::size_t>(bytes.size(), 1000);
    switch (below(4)) {
      case 0:
        bytes.resize(below(bytes.size()));
        break;
      case 1:
        bytes[below(head)] ^= static_cast<char>(1U << below(8));
        break;
      case 2:
        bytes.erase(8 + below(head - 8), 1 + below(8));
        break;
      default:
        for (std::size_t i = 1 + below(4); i > 0; --i) bytes[8 + below(head - 8)] = likely[below(likely.size())];
    }
    const auto header = parse_file(bytes);
    if (header) {
      check_invariants(*header, bytes.size());
    } else {
      REQUIRE(header.error().front().code == Code::header_invalid);
      ++refused;
    }
  }
  CHECK(refused > 3000);
}
