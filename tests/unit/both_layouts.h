#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/load_mapping.h"
#include "tests/unit/made_layouts.h"

/// A model in two layouts, and that a standard mapping makes either of the other.
namespace omap::test::layouts {

namespace fs = std::filesystem;

inline const fs::path transformers = fs::path(OMAP_FIXTURES) / "transformers";

inline Plan standard(const std::string& name) {
  LoadedMapping loaded = load_mapping("std:" + name);
  for (const Diagnostic& diagnostic : loaded.diagnostics) FAIL_CHECK(diagnostic.message);
  REQUIRE(loaded.plan);
  return std::move(*loaded.plan);
}

inline Value json_of(std::string_view text) {
  auto value = parse_json(text, "a test");
  REQUIRE(value);
  return std::move(*value);
}

inline Configs configs_in(const fs::path& folder, const std::string& name) {
  const auto text = read_text((folder / name).string());
  REQUIRE(text);
  return {{name, json_of(*text)}};
}

using Tensors = std::map<std::string, MadeTensor>;

inline Tensors tensors_in(const fs::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  Tensors tensors;
  for (const TensorInfo& info : checkpoint->index().tensors()) {
    MadeTensor tensor{info, std::vector<std::byte>(info.bytes.size)};
    REQUIRE(checkpoint->read(info.bytes.file, info.bytes.offset, tensor.bytes));
    tensors.emplace(info.key, std::move(tensor));
  }
  return tensors;
}

inline Tensors tensors_of(const MadeLayout& layout) {
  Tensors tensors;
  for (const MadeTensor& tensor : layout.tensors()) tensors.emplace(tensor.info.key, tensor);
  return tensors;
}

inline void check_same(const Tensors& made, const Tensors& wanted) {
  REQUIRE_FALSE(wanted.empty());
  for (const auto& [key, tensor] : made) CHECK_MESSAGE(wanted.contains(key), "nobody wants ", key);
  for (const auto& [key, tensor] : wanted) {
    CAPTURE(key);
    const auto found = made.find(key);
    REQUIRE(found != made.end());
    CHECK(found->second.info.dtype == tensor.info.dtype);
    CHECK(found->second.info.shape == tensor.info.shape);
    CHECK(found->second.bytes == tensor.bytes);
  }
}

/// Left and right are one model: either gives the other, and so itself on the way back.
inline void check_both_ways(const Plan& plan, const MadeLayout& left, const MadeLayout& right,
                            const Conversion& to_right = {}, Conversion to_left = {}) {
  to_left.direction = Direction::left;
  check_same(converted(plan, left.tensors(), to_right), tensors_of(right));
  check_same(converted(plan, right.tensors(), to_left), tensors_of(left));
}

/// Other head counts, widths and numbers of layers; the last has one head of keys, and more than ten layers.
inline std::vector<MadeModel> sizes(const MadeModel& like) {
  MadeModel small = like, wide = like;
  small.layers = 1, small.vocab = 7, small.width = 6, small.heads = 4, small.key_heads = 4, small.head = 2;
  small.inner = 3;
  wide.layers = 11, wide.vocab = 9, wide.width = 13, wide.heads = 5, wide.key_heads = 1, wide.head = 6, wide.inner = 8;
  if (like.experts > 0) wide.experts = 12;
  return {like, small, wide};
}

inline Configs config_json(std::string_view text) { return {{"config.json", json_of(text)}}; }

inline Conversion with_config(std::string_view text, std::vector<std::string> settings = {}) {
  return {Direction::right, std::move(settings), config_json(text), {}};
}

}  // namespace omap::test::layouts
