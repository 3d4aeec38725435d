#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "runtime/bind/bind.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/json/json.h"
#include "runtime/run/run.h"
#include "tests/unit/checkpoint_folder.h"

namespace omap::test {

/// The last mapping of a text that compiles without an error.
inline Plan last_plan(const std::string& text) {
  Compilation compilation = compile("test.omap", text);
  for (const Diagnostic& diagnostic : compilation.diagnostics) MESSAGE(diagnostic.message);
  REQUIRE_FALSE(compilation.plans.empty());
  return std::move(compilation.plans.back());
}

inline const std::string two_sides = "omap 1\nside a: safetensors\nside b: safetensors\n";

inline Plan plan_of(const std::string& body) {
  return last_plan(two_sides + "mapping m: a <-> b {\n" + body + "\n}\n");
}

/// `Element` is as wide as the dtype: its bits are taken as they are.
template <class Element>
MadeTensor tensor_of(std::string key, Dtype dtype, std::vector<std::int64_t> shape,
                     const std::vector<Element>& elements) {
  MadeTensor made{{std::move(key), dtype, std::move(shape), {}}, {}};
  REQUIRE(omap::elements(made.info.shape) == elements.size());
  REQUIRE(bits(dtype) == 8 * sizeof(Element));
  made.bytes.resize(elements.size() * sizeof(Element));
  if (!elements.empty()) std::memcpy(made.bytes.data(), elements.data(), made.bytes.size());
  made.info.bytes.size = made.bytes.size();
  return made;
}

template <class Element>
std::vector<Element> elements_of(const MadeTensor& made) {
  REQUIRE(bits(made.info.dtype) == 8 * sizeof(Element));
  std::vector<Element> elements(made.bytes.size() / sizeof(Element));
  if (!elements.empty()) std::memcpy(elements.data(), made.bytes.data(), made.bytes.size());
  return elements;
}

struct Conversion {
  Direction direction = Direction::right;
  std::vector<std::string> settings = {};
  Configs configs = {};
  RunOptions run = {};
  std::optional<Dtype> dtype = {};
};

inline Result<BoundMapping> bound_to(const Plan& plan, const TensorIndex& source, const Conversion& how = {}) {
  BindOptions options;
  options.direction = how.direction;
  auto settings = parse_settings(plan, how.settings);
  if (!settings) return fail(settings.error());
  options.settings = *settings;
  options.dtype = how.dtype;
  return bind_plan(plan, source, how.configs, options);
}

/// What a run writes of a checkpoint, read back from its file, by key.
inline std::map<std::string, MadeTensor> converted(const Plan& plan, const std::filesystem::path& checkpoint,
                                                   const Conversion& how = {}) {
  const CheckpointFolder folder;
  const auto source = open_checkpoint(checkpoint);
  REQUIRE(source);
  const auto bound = bound_to(plan, source->index(), how);
  if (!bound) {
    for (const Diagnostic& diagnostic : bound.error()) FAIL_CHECK(diagnostic.message);
  }
  REQUIRE(bound);
  std::vector<OutputTensor> outputs;
  for (const Destination& made : bound->program.destinations) outputs.push_back({made.key, made.dtype, made.shape});
  const auto layout = lay_out_safetensors_file(outputs, "out.safetensors");
  REQUIRE(layout);
  auto staged = stage_output(folder.path() / "out.safetensors", false, *layout, {.replace = true});
  REQUIRE(staged);
  REQUIRE(run(bound->program, *source, *layout, *staged, how.run));
  REQUIRE(staged->commit());
  const auto result = open_checkpoint(folder.path() / "out.safetensors");
  REQUIRE(result);
  std::map<std::string, MadeTensor> tensors;
  for (const TensorInfo& info : result->index().tensors()) {
    MadeTensor made{info, std::vector<std::byte>(info.bytes.size)};
    REQUIRE(result->read(info.bytes.file, info.bytes.offset, made.bytes));
    tensors.emplace(info.key, std::move(made));
  }
  return tensors;
}

inline std::map<std::string, MadeTensor> converted(const Plan& plan, const std::vector<MadeTensor>& sources,
                                                   const Conversion& how = {}) {
  const CheckpointFolder folder;
  return converted(plan, folder.write("source.safetensors", sources), how);
}

inline TensorIndex index_of_made(const std::vector<MadeTensor>& sources) {
  std::vector<TensorInfo> infos;
  std::uint64_t offset = 0;
  for (const MadeTensor& made : sources) {
    infos.push_back(made.info);
    infos.back().bytes = {0, offset, made.bytes.size()};
    offset += made.bytes.size();
  }
  return TensorIndex({"made.safetensors"}, std::move(infos));
}

/// The codes of what binding refuses.
inline std::vector<Code> refusals(const Plan& plan, const std::vector<MadeTensor>& sources,
                                  const Conversion& how = {}) {
  const auto bound = bound_to(plan, index_of_made(sources), how);
  std::vector<Code> codes;
  if (bound) return codes;
  for (const Diagnostic& diagnostic : bound.error()) codes.push_back(diagnostic.code);
  return codes;
}

/// A float as the nearest bf16, by the usual trick on its bits.
inline std::uint16_t bf16_of(float number) {
  const auto bits = std::bit_cast<std::uint32_t>(number);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
inline float float_of_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

}  // namespace omap::test
