// Config sections: what a destination's files hold, built both ways, and what of the source's nobody reads.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

constexpr Direction left = Direction::left;
constexpr Direction right = Direction::right;

Value json(std::string_view text) {
  const auto value = parse_json(text, "a test");
  REQUIRE(value);
  return *value;
}

/// `x` and `y` are renamed; everything else is the config.
Plan plan_with(const std::string& body) { return plan_of("x <-> y\n" + body); }

Result<BoundMapping> bound_with(const Plan& plan, Direction direction, const Configs& configs,
                                const std::vector<std::string>& settings = {}) {
  const std::string key = direction == right ? "x" : "y";
  return bound_to(plan, TensorIndex({"made.safetensors"}, {{key, Dtype::f32, {1}, {0, 0, 4}}}),
                  {direction, settings, configs, {}});
}

/// The destination's files as text, from a source with this config.json.
std::map<std::string, std::string> written(const Plan& plan, Direction direction, const std::string& config,
                                           const std::vector<std::string>& settings = {}) {
  const auto bound = bound_with(plan, direction, {{"config.json", json(config)}}, settings);
  if (!bound) {
    for (const Diagnostic& diagnostic : bound.error()) FAIL_CHECK(diagnostic.message);
  }
  REQUIRE(bound);
  std::map<std::string, std::string> files;
  for (const auto& [name, value] : bound->configs) files.emplace(name, dump_json(value));
  return files;
}

std::string config_json(const Plan& plan, Direction direction, const std::string& config,
                        const std::vector<std::string>& settings = {}) {
  return written(plan, direction, config, settings).at("config.json");
}

std::vector<Code> refused(const Plan& plan, Direction direction, const std::string& config) {
  const auto bound = bound_with(plan, direction, {{"config.json", json(config)}});
  std::vector<Code> codes;
  if (bound) return codes;
  for (const Diagnostic& diagnostic : bound.error()) codes.push_back(diagnostic.code);
  return codes;
}

/// The message of the note on fields that nothing reads, or nothing.
std::string unread(const Plan& plan, Direction direction, const std::string& config) {
  const auto bound = bound_with(plan, direction, {{"config.json", json(config)}});
  REQUIRE(bound);
  const auto note = std::ranges::find(bound->notes, Code::config_unread, &Diagnostic::code);
  return note == bound->notes.end() ? "" : note->message;
}

}  // namespace

TEST_CASE("equations are written both ways, assignments towards their side") {
  const Plan plan = plan_with(R"(config {
    model.d_model <-> hidden_size
    model.n -> n
    vocab <- model.vocab_size
    b.model_type = "olmo2"
    a.model.block.name = "reordered_norm"
})");
  CHECK(config_json(plan, right, R"({"model": {"d_model": 8, "n": [1, 2]}, "vocab": 3})") ==
        R"({"hidden_size":8,"n":[1,2],"model_type":"olmo2"})");
  CHECK(config_json(plan, left, R"({"hidden_size": 8, "n": 2, "model": {"vocab_size": 3}})") ==
        R"({"model":{"d_model":8,"block":{"name":"reordered_norm"}},"vocab":3})");
}

TEST_CASE("fields stand in the order in which lines first write into them") {
  const Plan plan = plan_with(R"(config {
    b.z.second = 2
    b.a = 1
    b.z.first = 1
    b."a b"."c.d" = "x"
})");
  CHECK(config_json(plan, right, "{}") == R"({"z":{"second":2,"first":1},"a":1,"a b":{"c.d":"x"}})");
}

TEST_CASE("what is unavailable leaves its field out, and null is written") {
  const Plan plan = plan_with(R"(param p: config = a.p ?? b.q
config {
    n <-> m
    b.deep.er = a.gone
    b.rope = p
    b.when_unknown = 1 when a.gone == 1
    b.when_false = 1 when a.n == 2
    b.pad = null
    b.or_else = a.gone ?? 7
})");
  CHECK(config_json(plan, right, R"({"n": 1})") == R"({"m":1,"pad":null,"or_else":7})");
  CHECK(config_json(plan, right, R"({"n": null, "p": {"k": [true]}})") ==
        R"({"rope":{"k":[true]},"pad":null,"or_else":7})");
}

TEST_CASE("a line with an index is written once for each value") {
  const Plan plan = plan_with(R"(param n: int
index layer in 0..n
index full in 0..n when full % 2 == 1
index kind in {q, k}
param size[layer]: int = layer * 10
config {
    b.layers[layer].size = size[layer]
    b.overrides[full + 1] = full
    b.bias[kind].on = true when kind == "q"
    blocks[layer].w <-> by_layer[layer]
})");
  const std::vector<std::string> n = {"n=3"};
  CHECK(config_json(plan, right, R"({"blocks": {"0": {"w": 5}, "2": {"w": 7}}})", n) ==
        R"({"layers":{"0":{"size":0},"1":{"size":10},"2":{"size":20}},"overrides":{"2":1},)"
        R"("bias":{"q":{"on":true}},"by_layer":{"0":5,"2":7}})");
  CHECK(config_json(plan, left, R"({"by_layer": {"1": 6}})", n) == R"({"blocks":{"1":{"w":6}}})");
}

TEST_CASE("sections of other files write and read those") {
  const Plan plan = plan_with(R"(config "generation_config.json" {
    max_length <-> length
    b.eos = a.eos_token
}
config {
    b.k = a."generation_config.json".k
})");
  const auto bound = bound_with(plan, right,
                                {{"config.json", json(R"({"eos_token": 2, "max_length": 9})")},
                                 {"generation_config.json", json(R"({"max_length": 5, "k": 50})")}});
  REQUIRE(bound);
  REQUIRE(bound->configs.size() == 2);
  CHECK(dump_json(bound->configs.at("generation_config.json")) == R"({"length":5,"eos":2})");
  CHECK(dump_json(bound->configs.at("config.json")) == R"({"k":50})");
}

TEST_CASE("assignments under conditions take the place of each other") {
  const Plan plan = plan_with(R"(param tied: bool = a.tied ?? b.tied ?? false
config {
    when tied {
        b.head = "tied"
    } else {
        b.head = "own"
    }
    b.kind = 1 when a.k == 1
    b.kind = 2 when a.k == 2
})");
  CHECK(config_json(plan, right, R"({"tied": true, "k": 2})") == R"({"head":"tied","kind":2})");
  CHECK(config_json(plan, right, R"({"k": 1})") == R"({"head":"own","kind":1})");
  CHECK(config_json(plan, right, R"({"k": 3})") == R"({"head":"own"})");
}

TEST_CASE("one path is written once") {
  // What hangs on the config only is for binding to find.
  const Plan two = plan_with("config {\n b.n = 1 when a.p\n b.n = 2 when a.q\n}");
  CHECK(refused(two, right, R"({"p": true, "q": true})") == std::vector<Code>{Code::config_written_twice});
  CHECK(refused(two, right, R"({"p": true, "q": false})").empty());
  CHECK(refused(two, left, "{}").empty());
  const Plan each = plan_with("index i in 0..2\nconfig {\n n <-> layers[i].n\n}");
  CHECK(refused(each, right, R"({"n": 1})").empty());
  CHECK(refused(each, left, R"({"layers": {"0": {"n": 1}, "1": {"n": 1}}})") ==
        std::vector<Code>{Code::config_written_twice});
}

TEST_CASE("a path neither leads through a value nor replaces fields") {
  const std::vector<Code> blocked{Code::config_path_blocked};
  CHECK(refused(plan_with("config {\n b.n = 1\n b.n.k = 2\n}"), right, "{}") == blocked);
  CHECK(refused(plan_with("config {\n b.n.k = 2\n b.n = 1\n}"), right, "{}") == blocked);
  // Also where the value is an object: its fields are not for others to add to.
  CHECK(refused(plan_with("config {\n b.n = a.o\n b.n.k = 2\n}"), right, R"({"o": {"j": 1}})") == blocked);
}

TEST_CASE("a field that a mapping has a fixed value for is said where the source has another") {
  const Plan plan = plan_with(R"(param kind: string = a.kind ?? b.kind
config {
    d <-> d
    a.dropout = 0.0
    a.act = "silu" when kind == "x"
    a.act = "gelu" when kind == "y"
    b.kind = kind
    a.kind = kind
})");
  CHECK(unread(plan, right, R"({"d": 1, "kind": "y", "dropout": 0, "act": "gelu"})").empty());
  CHECK(unread(plan, right, R"({"d": 1, "kind": "x", "dropout": 0.5, "act": "relu"})") ==
        R"(of the config of `a` nothing reads `dropout` (0.5, where the mapping stands for 0.0), )"
        R"(`act` ("relu", where the mapping stands for "silu"))");
  CHECK(unread(plan, left, R"({"d": 1, "kind": "x", "dropout": 0})") == "of the config of `b` nothing reads `dropout`");
}

TEST_CASE("fields that nothing reads are said, unless they are ignored") {
  const Plan plan = plan_with(R"(require a.kind == "x" or a.kind == "y"
param tied: bool = a.tied ?? b.tied ?? false
index layer in 0..2
config {
    model.d <-> d
    b.tied = tied
    b.layers[layer] = a.layers[layer]
    ignore a.version
    ignore a.train.optimizer
})");
  CHECK(unread(plan, right, R"({"kind": "x", "tied": true, "model": {"d": 1}, "layers": [1, 2], "version": {"n": 1},
                               "train": {"optimizer": {"lr": 1}}})")
            .empty());
  CHECK(unread(plan, right, R"({"kind": "x", "model": {"d": 1, "e": {"f": 2}}, "train": {"steps": 1}, "other": []})") ==
        "of the config of `a` nothing reads `model.e`, `train.steps`, `other`");
  // Only the source is asked, and only of mappings that write configs.
  CHECK(unread(plan, left, R"({"d": 1, "unknown": 1})") == "of the config of `b` nothing reads `unknown`");
  CHECK(unread(plan_with("x2 -> y2 when a.n == 1"), right, R"({"unknown": 1, "n": 2})").empty());
}

TEST_CASE("what keys, ties and patterns read of a config is read") {
  const Plan plan = plan_with(R"(u.{a.name} -> v when a.some
optional v2.{a.other} -> w2
tie a:t = a:x when a.tied
ignore a:i.* when a.ignores
same s.* when a.sames
config {
    d <-> d
})");
  CHECK(unread(plan, right, R"({"d": 1, "some": false, "name": "n", "other": "o", "tied": false, "ignores": false,
                               "sames": false})")
            .empty());
}

TEST_CASE("many unread fields are counted") {
  std::string config = R"({"d": 1)";
  for (int i = 0; i < 12; ++i) config += fmt::format(R"(, "f{}": 1)", i);
  CHECK(unread(plan_with("config {\n d <-> d\n}"), right, config + "}").ends_with("`f7` and 4 more fields"));
}

TEST_CASE("a mapping without config sections writes no files") {
  CHECK(written(plan_with("param n: int = a.n ?? b.n\nz.{n} -> w when n > 3"), right, R"({"n": 1})").empty());
}

TEST_CASE("a config is carried over as a whole, but for what other lines write") {
  const Plan plan = plan_with(R"(config {
    a = b
    b.model.eps = 2
    b = a
    b.model.names = a.n when present(a.n)
    b.tied = true
})");
  CHECK(config_json(plan, right, R"({"model": {"d": 8, "eps": null, "names": {"x": 1}}, "tied": false, "n": [1]})") ==
        R"({"model":{"d":8,"eps":2,"names":[1]},"tied":true,"n":[1]})");
  CHECK(config_json(plan, right, R"({"model": 8, "tied": null})") == R"({"model":{"eps":2},"tied":true})");
  CHECK(config_json(plan, left, R"({"tied": false, "model": {}})") == R"({"tied":false,"model":{}})");
  CHECK(unread(plan, left, R"({"hidden": 8})") == "");
}

TEST_CASE("a config as a whole is an object, and one line's") {
  CHECK(refused(plan_with("config {\nb = a.model\n}"), right, R"({"model": [1]})") ==
        std::vector<Code>{Code::config_path_blocked});
  CHECK(refused(plan_with("config {\nb = a when a.x\nb = a.model when a.y\n}"), right,
                R"({"x": true, "y": true, "model": {}})") == std::vector<Code>{Code::config_written_twice});
  CHECK(written(plan_with("config {\nb = a.model\n}"), right, R"({"x": 1})").empty());
}

TEST_CASE("a path of the side that is written, as a value, copies what other lines write there") {
  const Plan plan = plan_with(R"(param n: int
index layer in 0..n
config {
    b.head.norm = b.block.norm
    b.overrides[layer] = b.block
    b.overrides[layer].norm.eps = 2
    b.block.norm.eps = 1
    b.block.inner.norm = b.block.norm
    b.itself = b.itself
    b.gone = b.nothing
})");
  // What is copied into a block comes before the copy of the block, and what stands there stays.
  CHECK(config_json(plan, right, "{}", {"n=1"}) ==
        R"({"overrides":{"0":{"norm":{"eps":2},"inner":{"norm":{"eps":1}}}},)"
        R"("block":{"norm":{"eps":1},"inner":{"norm":{"eps":1}}},"head":{"norm":{"eps":1}}})");
}

TEST_CASE("a param that stands for paths reads what is asked of it, and no more") {
  const Plan plan = plan_with(R"(param text: config = b.text_config ?? b
param whole: config = b.rope
config {
    a.n = text.n
    a.rope = whole
})");
  CHECK(unread(plan, left, R"({"text_config": {"n": 1, "m": 2}, "n": 3, "k": 4, "rope": {"theta": 5}})") ==
        "of the config of `b` nothing reads `text_config.m`, `k`");
}
