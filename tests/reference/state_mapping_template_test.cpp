// OLMo-core's StateMappingTemplate, field by field: what docs/language.md shows beside each template does what the
// template does, which is written here in LibTorch's words, and undoes it.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "tests/reference/convert.h"
#include "tests/reference/read_rule.h"
#include "tests/reference/torch_tensors.h"

using namespace omap;
using namespace omap::test;

namespace {

constexpr std::int64_t layers = 2, experts = 3;

struct Template {
  std::int64_t source_concat_dim = 0;
  std::optional<std::pair<std::int64_t, std::vector<std::int64_t>>> unflatten_dim = {};
  std::vector<std::int64_t> dims_permutation = {};
  std::optional<std::pair<std::int64_t, std::int64_t>> flatten_dims = {};
  std::int64_t dest_chunk_dim = 0;
};

std::vector<at::Tensor> apply(const Template& fields, const std::vector<at::Tensor>& sources,
                              std::size_t destinations) {
  at::Tensor made = at::cat(sources, fields.source_concat_dim);
  if (fields.unflatten_dim) made = made.unflatten(fields.unflatten_dim->first, fields.unflatten_dim->second);
  if (!fields.dims_permutation.empty()) made = made.permute(fields.dims_permutation);
  if (fields.flatten_dims) made = made.flatten(fields.flatten_dims->first, fields.flatten_dims->second);
  return made.chunk(static_cast<std::int64_t>(destinations), fields.dest_chunk_dim);
}

struct Source {
  std::string key;
  std::vector<std::int64_t> shape;
};

std::string page() {
  std::ifstream file(OMAP_FIXTURES "/../../docs/language.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The page's rule does what the template does to these sources, and back.
void check(const std::string& rule, const Template& fields, const std::vector<Source>& sources,
           const std::vector<std::string>& destinations, const Extents& params = {}) {
  CAPTURE(rule);
  REQUIRE(page().find("\n" + rule + "\n") != std::string::npos);
  Mapping mapping;
  for (const auto& [name, value] : params) mapping.params.push_back({name, value, false, false});
  for (const auto& [name, size] : {std::pair("layer", layers), std::pair("expert", experts)}) {
    MadeIndex index{name, {}, false, fmt::format("0..{}", size)};
    for (std::int64_t i = 0; i < size; ++i) index.values.push_back(std::to_string(i));
    mapping.indexes.push_back(index);
  }
  mapping.top.rules.push_back(read_rule(rule));

  Tensors left, right;
  std::uint64_t next = 1;
  // A rule of every layer is given tensors of every layer.
  for (std::int64_t layer = 0; layer < (rule.find("{layer}") == std::string::npos ? 1 : layers); ++layer) {
    const auto key_of = [&](std::string key) {
      if (const std::size_t at = key.find(".L."); at != std::string::npos)
        key.replace(at, 3, fmt::format(".{}.", layer));
      return key;
    };
    std::vector<at::Tensor> read;
    for (const Source& source : sources) {
      Tensor& tensor = left[key_of(source.key)] = counted_tensor(Dtype::f32, source.shape, next);
      read.push_back(to_torch(tensor));
    }
    const auto written = apply(fields, read, destinations.size());
    REQUIRE(written.size() == destinations.size());
    for (std::size_t i = 0; i < destinations.size(); ++i)
      right[key_of(destinations[i])] = from_torch(written[i], Dtype::f32);
  }
  const Conversion there = convert(mapping, Direction::right, left);
  REQUIRE_MESSAGE(there.made, there.refusal);
  REQUIRE(there.fault == "");
  REQUIRE(first_difference(*there.made, right) == "");
  const Conversion back = convert(mapping, Direction::left, right);
  REQUIRE_MESSAGE(back.made, back.refusal);
  REQUIRE(back.fault == "");
  REQUIRE(first_difference(*back.made, left) == "");
}

}  // namespace

TEST_CASE("template: one source key, one destination key") {
  check("one.weight <-> single.weight", {}, {{"one.weight", {4, 3}}}, {"single.weight"});
}

TEST_CASE("template: source_concat_dim") {
  check("proj.q[q d], proj.k[k d] <-> proj.qk[(q + k) d]", {}, {{"proj.q", {4, 3}}, {"proj.k", {2, 3}}}, {"proj.qk"},
        {{"q", 4}});
  check("wide.l[d q], wide.r[d rest] <-> wide.lr[d (q + rest)]", {.source_concat_dim = 1},
        {{"wide.l", {3, 4}}, {"wide.r", {3, 5}}}, {"wide.lr"}, {{"q", 4}});
}

TEST_CASE("template: dest_chunk_dim") {
  check("fused.gate_up[(x + x) d] <-> fused.gate[x d], fused.up[x d]", {}, {{"fused.gate_up", {8, 3}}},
        {"fused.gate", "fused.up"});
  check("kv.both[d (x + x)] <-> kv.k[d x], kv.v[d x]", {.dest_chunk_dim = 1}, {{"kv.both", {3, 8}}}, {"kv.k", "kv.v"});
}

TEST_CASE("template: unflatten_dim, with a number, a placeholder and -1") {
  check("rows.flat[(four=4 r) d] <-> rows.apart[four r d]", {.unflatten_dim = {{0, {4, -1}}}}, {{"rows.flat", {20, 3}}},
        {"rows.apart"});
  check("stack.flat[(expert h) d] <-> stack.apart[expert h d]", {.unflatten_dim = {{0, {experts, -1}}}},
        {{"stack.flat", {experts * 5, 4}}}, {"stack.apart"});
}

TEST_CASE("template: dims_permutation") {
  check("conv.in_out[i o] <-> conv.out_in[o i]", {.dims_permutation = {1, 0}}, {{"conv.in_out", {4, 5}}},
        {"conv.out_in"});
  check("cube.xyz[x y z] <-> cube.zxy[z x y]", {.dims_permutation = {2, 0, 1}}, {{"cube.xyz", {2, 3, 4}}},
        {"cube.zxy"});
}

TEST_CASE("template: flatten_dims") {
  check("heads.apart[head hd d] <-> heads.flat[(head hd) d]", {.flatten_dims = {{0, 1}}}, {{"heads.apart", {3, 4, 5}}},
        {"heads.flat"}, {{"head", 3}});
}

TEST_CASE("template: source_key_per_placeholder") {
  check("moe.{layer}.experts.{expert}.w[h d] <-> moe.{layer}.stack[(expert h) d]", {},
        {{"moe.L.experts.0.w", {4, 3}}, {"moe.L.experts.1.w", {4, 3}}, {"moe.L.experts.2.w", {4, 3}}}, {"moe.L.stack"});
}

TEST_CASE("template: dest_key_per_placeholder") {
  check("moe.{layer}.wide[d (expert h)] <-> moe.{layer}.e.{expert}.w[d h]", {.dest_chunk_dim = 1},
        {{"moe.L.wide", {4, experts * 5}}}, {"moe.L.e.0.w", "moe.L.e.1.w", "moe.L.e.2.w"});
}

TEST_CASE("template: all fields at once") {
  check("mix.{layer}.up[(expert d) h], mix.{layer}.gate[(expert d) h] <-> mix.{layer}.e.{expert}.w[(h + h) d]",
        {.source_concat_dim = 1,
         .unflatten_dim = {{0, {experts, -1}}},
         .dims_permutation = {0, 2, 1},
         .flatten_dims = {{0, 1}},
         .dest_chunk_dim = 0},
        {{"mix.L.up", {experts * 4, 5}}, {"mix.L.gate", {experts * 4, 5}}},
        {"mix.L.e.0.w", "mix.L.e.1.w", "mix.L.e.2.w"});
}
