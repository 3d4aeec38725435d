#pragma once

#include <algorithm>

#include "tests/unit/conversion.h"
#include "tests/unit/standard_families.h"

namespace omap::test {

inline constexpr Direction to_hf = Direction::right;
inline constexpr Direction to_olmo_core = Direction::left;

inline Configs config_of(const std::string& folder, const std::string& side) {
  return {{"config.json", json_file(fixtures / folder / side / "config.json")}};
}

inline std::filesystem::path state_of(const std::string& folder, const std::string& side) {
  return fixtures / folder / "expected" / (side + ".safetensors");
}

inline TensorIndex index_of(const std::filesystem::path& path) {
  const auto checkpoint = open_checkpoint(path);
  REQUIRE(checkpoint);
  return checkpoint->index();
}

/// The config.json that a conversion writes.
inline Value made_config(const std::string& mapping, const TensorIndex& state, const Conversion& how) {
  const auto bound = bound_to(standard_plan(mapping), state, how);
  if (!bound) FAIL_CHECK(bound.error().front().message);
  REQUIRE(bound);
  return bound->configs.at("config.json");
}

inline Value at(const Value& config, const std::string& path) {
  const Value* value = &config;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    value = value->member(path.substr(begin, end - begin));
    CAPTURE(path);
    REQUIRE(value != nullptr);
    begin = end + 1;
  }
  return *value;
}

inline Value with(const Value& config, const std::string& name, Value value) {
  Value::Object made = *config.object();
  std::erase_if(made, [&](const auto& member) { return member.first == name; });
  made.emplace_back(name, std::move(value));
  return made;
}

inline Value without(const Value& config, const std::string& name) {
  Value::Object made = *config.object();
  std::erase_if(made, [&](const auto& member) { return member.first == name; });
  return made;
}

/// With another value at a path of members.
inline Value with_at(const Value& config, const std::string& path, Value value) {
  const std::size_t dot = path.find('.');
  const std::string name = path.substr(0, dot);
  if (dot == std::string::npos) return with(config, name, std::move(value));
  return with(config, name, with_at(at(config, name), path.substr(dot + 1), std::move(value)));
}

inline std::vector<Code> codes(const Diagnostics& diagnostics) {
  std::vector<Code> all;
  for (const Diagnostic& diagnostic : diagnostics) all.push_back(diagnostic.code);
  return all;
}

}  // namespace omap::test
