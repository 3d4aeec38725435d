#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/plan/print_ir.h"
#include "tests/unit/example_plan.h"

using namespace omap;
using namespace omap::example;

namespace {

Expr a() { return param("a"); }
Expr b() { return param("b"); }
Expr c() { return param("c"); }
Expr binary(Op op, Expr left, Expr right) { return operation(op, {std::move(left), std::move(right)}); }
Expr choice(Expr condition, Expr yes, Expr no) {
  return operation(Op::conditional, {std::move(condition), std::move(yes), std::move(no)});
}

}  // namespace

TEST_CASE("literals") {
  CHECK(to_text(literal(nullptr)) == "null");
  CHECK(to_text(literal(true)) == "true");
  CHECK(to_text(number(-5)) == "-5");
  CHECK(to_text(literal(1.0)) == "1.0");
  CHECK(to_text(literal("a\"\\\n\t")) == R"("a\"\\\n\t")");
  CHECK(to_text(literal(Value::List{std::int64_t{1}, "q", Value::List{}})) == R"([1, "q", []])");
}

TEST_CASE("names, paths and calls") {
  CHECK(to_text(config("hf", {"rope", "theta"})) == "hf.rope.theta");
  CHECK(to_text(config("hf", {"generation.json", "x"})) == R"(hf."generation.json".x)");
  CHECK(to_text(binary(Op::item, config("hf", {"window"}), index("layer"))) == "hf.window[layer]");
  CHECK(to_text(operation(Op::list, {a(), number(1)})) == "[a, 1]");
  CHECK(to_text(operation(Op::list, {})) == "[]");
  CHECK(to_text(operation(Op::len, {named(Op::index_list, "full")})) == "len(full)");
  CHECK(to_text(operation(Op::min, {a(), b(), c()})) == "min(a, b, c)");
  CHECK(to_text(operation(Op::to_int, {a()})) == "int(a)");
  CHECK(to_text(operation(Op::present, {config("hf", {"x"})})) == "present(hf.x)");
  CHECK(to_text(keyed(Op::present_key, "hf", key("w.{layer}"))) == "present(hf:w.{layer})");
  CHECK(to_text(keyed(Op::extent, "hf", key("w"), {number(0)})) == "extent(hf:w, 0)");
  CHECK(to_text(keyed(Op::count, "hf", key("layers.{_}.w"))) == "count(hf:layers.{_}.w)");
  CHECK(to_text(keyed(Op::dtype, "hf", key("w"))) == "dtype(hf:w)");
}

TEST_CASE("brackets stand only where precedence needs them") {
  CHECK(to_text(binary(Op::add, a(), binary(Op::multiply, b(), c()))) == "a + b * c");
  CHECK(to_text(binary(Op::multiply, binary(Op::add, a(), b()), c())) == "(a + b) * c");
  CHECK(to_text(binary(Op::subtract, binary(Op::subtract, a(), b()), c())) == "a - b - c");
  CHECK(to_text(binary(Op::subtract, a(), binary(Op::subtract, b(), c()))) == "a - (b - c)");
  CHECK(to_text(binary(Op::divide, a(), binary(Op::modulo, b(), c()))) == "a / (b % c)");
  CHECK(to_text(operation(Op::negate, {binary(Op::add, a(), b())})) == "-(a + b)");
  CHECK(to_text(binary(Op::multiply, operation(Op::negate, {a()}), b())) == "-a * b");
  CHECK(to_text(member(operation(Op::negate, {a()}), "x")) == "(-a).x");
  CHECK(to_text(member(number(-1), "x")) == "(-1).x");
  CHECK(to_text(binary(Op::range, number(0), binary(Op::add, a(), number(1)))) == "0..a + 1");
  CHECK(to_text(binary(Op::item, binary(Op::range, number(0), a()), number(1))) == "(0..a)[1]");
  CHECK(to_text(binary(Op::in, a(), binary(Op::range, number(0), b()))) == "a in 0..b");
  CHECK(to_text(binary(Op::less, binary(Op::less, a(), b()), c())) == "a < b < c");
  CHECK(to_text(binary(Op::less, a(), binary(Op::less, b(), c()))) == "a < (b < c)");
  CHECK(to_text(operation(Op::logical_not, {binary(Op::not_in, a(), b())})) == "not a not in b");
  CHECK(to_text(binary(Op::equal, operation(Op::logical_not, {a()}), b())) == "(not a) == b");
  CHECK(to_text(binary(Op::logical_and, operation(Op::logical_not, {a()}), b())) == "not a and b");
  CHECK(to_text(operation(Op::logical_not, {binary(Op::logical_and, a(), b())})) == "not (a and b)");
  CHECK(to_text(binary(Op::logical_or, binary(Op::logical_and, a(), b()), c())) == "a and b or c");
  CHECK(to_text(binary(Op::logical_and, binary(Op::logical_or, a(), b()), c())) == "(a or b) and c");
}

TEST_CASE("conditionals and alternatives bind loosest") {
  CHECK(to_text(operation(Op::coalesce, {a(), b(), c()})) == "a ?? b ?? c");
  CHECK(to_text(binary(Op::coalesce, binary(Op::coalesce, a(), b()), c())) == "a ?? b ?? c");
  CHECK(to_text(binary(Op::coalesce, a(), binary(Op::coalesce, b(), c()))) == "a ?? (b ?? c)");
  CHECK(to_text(choice(binary(Op::coalesce, a(), b()), b(), c())) == "if a ?? b then b else c");
  CHECK(to_text(choice(a(), b(), binary(Op::coalesce, b(), c()))) == "if a then b else (b ?? c)");
  CHECK(to_text(choice(a(), b(), choice(b(), a(), c()))) == "if a then b else if b then a else c");
  CHECK(to_text(binary(Op::coalesce, choice(a(), b(), c()), b())) == "if a then b else c ?? b");
  CHECK(to_text(binary(Op::add, choice(a(), b(), c()), number(1))) == "(if a then b else c) + 1");
  CHECK(to_text(operation(Op::len, {binary(Op::coalesce, a(), b())})) == "len(a ?? b)");
}

TEST_CASE("an operation with too few args has a text too") {
  CHECK(to_text(operation(Op::add, {a()})) == "+(a)");
  CHECK(to_text(operation(Op::conditional, {})) == "if()");
}

TEST_CASE("keys") {
  CHECK(to_text(key("blocks.{layer}.w_{part}.weight")) == "blocks.{layer}.w_{part}.weight");
  CHECK(to_text(KeyTemplate{{placeholder(binary(Op::add, index("layer"), number(1))), text(".w")}}) == "{layer + 1}.w");
  CHECK(to_text(KeyTemplate{{alternatives({"out_proj", "o.proj"}), text("-0")}}) == "{out_proj|o.proj}-0");
  CHECK(to_text(KeyTemplate{{wildcard(KeyPart::Kind::segment), text("."), wildcard(KeyPart::Kind::segments)}}) ==
        "*.**");
  CHECK(to_text(key("params/{layer}/kernel")) == "\"params/{layer}/kernel\"");
  CHECK(to_text(key(".a")) == "\".a\"");
  CHECK(to_text(key("a..b")) == "\"a..b\"");
  CHECK(to_text(KeyTemplate{{text("a{b}\"")}}) == R"("a\{b\}\"")");
  CHECK(to_text(KeyTemplate{{text("a\x1b[2J")}}) == R"("a\u001b[2J")");
  CHECK(to_text(KeyTemplate{}) == "\"\"");
}

TEST_CASE("shapes") {
  CHECK(to_text(Shape{}) == "");
  CHECK(to_text(Shape{{axis("d"), axis("two", 2), one(), ellipsis()}}) == "d two=2 1 ...");
  CHECK(to_text(product({axis("a"), product({axis("b"), axis("c")})})) == "(a (b c))");
  CHECK(to_text(sum({axis("a"), product({axis("b"), axis("c")}), dropped(), dropped(3)})) == "(a + b c + _ + _=3)");
  CHECK(to_text(product({axis("g"), sum({axis("r"), axis("kv")}), axis("hd")})) == "(g (r + kv) hd)");
  CHECK(to_text(sum({sum({axis("a"), axis("b")}), axis("c")})) == "((a + b) + c)");
  CHECK(to_text(divided("r", 128)) == "r/128");
}

TEST_CASE("types of params") {
  for (const ParamType type : {ParamType::integer, ParamType::real, ParamType::boolean, ParamType::string,
                               ParamType::dtype, ParamType::config}) {
    CHECK(param_type_from_text(to_text(type)) == type);
  }
  CHECK(to_text(ParamType::real) == "float");
  CHECK_FALSE(param_type_from_text("real").has_value());
}

TEST_CASE("loops are the indexes in every key, in the order of their declaration") {
  const Plan plan = example_plan();
  using Names = std::vector<std::string>;
  CHECK(loop_indexes(plan, plan.rules[0]) == Names{"layer", "part"});
  CHECK(loop_indexes(plan, plan.rules[1]) == Names{"layer"});
  CHECK(loop_indexes(plan, plan.rules[2]) == Names{});
  CHECK(loop_indexes(plan, plan.rules[6]) == Names{"full"});
  CHECK(loop_indexes(plan, rule({term("{part}.{layer}")}, {term("{layer}"), term("{layer}.{part}")})) ==
        Names{"layer"});
  CHECK(indexes_of(plan, key("{part}.{layer}.{part}")) == Names{"layer", "part"});
  CHECK(indexes_of(plan, key("x")) == Names{});
  CHECK(indexes_of(plan, KeyTemplate{{placeholder(operation(Op::first, {named(Op::index_list, "layer")}))}}) ==
        Names{});
  REQUIRE(plan.find_index("full"));
  CHECK(plan.find_index("full")->name == "full");
  CHECK_FALSE(plan.find_index("tied"));
  REQUIRE(plan.find_param("tied"));
  CHECK_FALSE(plan.find_param("full"));
}

TEST_CASE("a plan as a person reads it") {
  CHECK(print_ir(example_plan()) == R"(plan olmo2: olmo_core (dcp, root "model.") <-> hf (safetensors)
doc "OLMo 2: \"both\" ways\nand back"
param n_layers: int = olmo_core.model.n_layers ?? hf.num_hidden_layers ?? count(hf:model.layers.{_}.mlp.up_proj.weight)
param tied: bool = hf.tie ?? false
param window[layer]: int = if layer % 4 == 3 then -1 else olmo_core.model.window[layer]
param vocab: int = extent(olmo_core:embeddings.weight, 0)
param rope: config = null
param scales: [float] = [1.0, 2, 0.5]
param extra: config = {"b":1,"a":[]}
param q: int
param head: int
index layer in 0..n_layers
index part in {q, k, v}
index full in layer  when window[full] == -1
index expert in 0..8
require hf.model_type == "olmo2"
require not present(hf:model.bias)  "it has a bias"
rule 0  for layer, part  when part in ["q", "k"]
      blocks.{layer}.attention.w_{part}.weight
  <-> model.layers.{layer}.self_attn.{part}_proj.weight
rule 1  optional  for layer
      blocks.{layer}.moe.w1[(expert d) h]
  <-> model.layers.{layer}.experts.{expert}.up.weight[h d]
rule 2
      wq.weight[q d]
      wkv.weight[kv d]
  <-> qkv.weight[(q + kv) d 1]
rule 3
      rope.weight[(head half two=2) ...]
  <-> hf_rope.weight[(head two=2 half) ...]
rule 4
      embeddings.weight[(vocab + _) d]
  ->  model.embed_tokens.weight[vocab d]
rule 5
      scalar[]
  <-> hf_scalar[1]
rule 6  for full
      blocks.{full + 1}.norm
  <-> model.{full}.{norm|ln.weight}
rule 7
      copied
  <-  x{"y"}
tie hf:lm_head.weight = hf:model.embed_tokens.weight  when tied
ignore hf:model.visual.**
ignore olmo_core:blocks.{layer}.*.cache  when not tied
)");
}
