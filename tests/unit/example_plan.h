#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/plan/plan.h"

// Plans by hand, in few words.
namespace omap::example {

using Op = Expr::Op;

inline Expr literal(Value value) {
  Expr expr;
  expr.value = std::move(value);
  return expr;
}
inline Expr number(std::int64_t value) { return literal(Value(value)); }

inline Expr operation(Op op, std::vector<Expr> args) {
  Expr expr;
  expr.op = op;
  expr.args = std::move(args);
  return expr;
}
inline Expr named(Op op, std::string name) {
  Expr expr;
  expr.op = op;
  expr.name = std::move(name);
  return expr;
}
inline Expr param(std::string name) { return named(Op::param, std::move(name)); }
inline Expr index(std::string name) { return named(Op::index, std::move(name)); }

inline Expr member(Expr object, std::string name) {
  Expr expr = operation(Op::member, {std::move(object)});
  expr.name = std::move(name);
  return expr;
}
/// `config("hf", {"model", "size"})` is `hf.model.size`.
inline Expr config(std::string side, std::initializer_list<const char*> path) {
  Expr expr = named(Op::config, std::move(side));
  for (const char* name : path) expr = member(std::move(expr), name);
  return expr;
}

inline KeyPart text(std::string_view text) {
  KeyPart part;
  part.text = text;
  return part;
}
inline KeyPart placeholder(Expr expr) {
  KeyPart part;
  part.kind = KeyPart::Kind::placeholder;
  part.expr = std::move(expr);
  return part;
}
inline KeyPart alternatives(std::vector<std::string> names) {
  KeyPart part;
  part.kind = KeyPart::Kind::alternatives;
  part.names = std::move(names);
  return part;
}
inline KeyPart wildcard(KeyPart::Kind kind) {
  KeyPart part;
  part.kind = kind;
  return part;
}
/// `{name}` is an index, `{_}` any number.
inline KeyTemplate key(std::string_view spelled) {
  KeyTemplate key;
  while (!spelled.empty()) {
    const std::size_t brace = std::min(spelled.find('{'), spelled.size());
    if (brace > 0) key.parts.push_back(text(spelled.substr(0, brace)));
    spelled.remove_prefix(brace);
    if (spelled.empty()) break;
    const std::size_t close = spelled.find('}');
    const std::string name(spelled.substr(1, close - 1));
    key.parts.push_back(name == "_" ? wildcard(KeyPart::Kind::any) : placeholder(index(name)));
    spelled.remove_prefix(close + 1);
  }
  return key;
}
inline Expr keyed(Op op, std::string side, KeyTemplate key, std::vector<Expr> args = {}) {
  Expr expr = operation(op, std::move(args));
  expr.name = std::move(side);
  expr.key = std::move(key);
  return expr;
}

inline AxisExpr axis(std::string name, std::optional<std::int64_t> size = {}) {
  return {AxisExpr::Kind::axis, std::move(name), size, {}, {}};
}
inline AxisExpr one() { return {AxisExpr::Kind::one, {}, {}, {}, {}}; }
inline AxisExpr product(std::vector<AxisExpr> parts) { return {AxisExpr::Kind::product, {}, {}, std::move(parts), {}}; }
inline AxisExpr sum(std::vector<AxisExpr> parts) { return {AxisExpr::Kind::sum, {}, {}, std::move(parts), {}}; }
inline AxisExpr dropped(std::optional<std::int64_t> size = {}) { return {AxisExpr::Kind::dropped, {}, size, {}, {}}; }
inline AxisExpr divided(std::string name, std::int64_t by) {
  return {AxisExpr::Kind::divided, std::move(name), by, {}, {}};
}
inline AxisExpr ellipsis() { return {AxisExpr::Kind::ellipsis, {}, {}, {}, {}}; }

inline Term term(KeyTemplate key, std::optional<Shape> shape = {}) { return {std::move(key), std::move(shape), {}}; }
inline Term term(std::string_view spelled, std::optional<Shape> shape = {}) {
  return term(key(spelled), std::move(shape));
}
inline Rule rule(std::vector<Term> left, std::vector<Term> right, std::optional<Expr> when = {}) {
  Rule rule;
  rule.left = std::move(left);
  rule.right = std::move(right);
  rule.when = std::move(when);
  return rule;
}

/// Two sides and one rule: the least that is a plan.
inline Plan small_plan() {
  Plan plan;
  plan.name = "small";
  plan.left.name = "a";
  plan.right.name = "b";
  plan.rules = {rule({term("x")}, {term("y")})};
  return plan;
}

/// Something of every kind.
inline Plan example_plan() {
  Plan plan;
  plan.name = "olmo2";
  plan.doc = "OLMo 2: \"both\" ways\nand back";
  plan.left = {"olmo_core", "dcp", "model."};
  plan.right = {"hf", "safetensors", ""};
  const std::uint32_t file =
      plan.sources.add(SourceFile("olmo2.omap", "omap 1\nthe text of the mapping \u2192 plan\n"));

  const Expr from_keys = keyed(Op::count, "hf", key("model.layers.{_}.mlp.up_proj.weight"));
  const Expr n_layers = operation(
      Op::coalesce, {config("olmo_core", {"model", "n_layers"}), config("hf", {"num_hidden_layers"}), from_keys});
  const Expr window = operation(
      Op::conditional, {operation(Op::equal, {operation(Op::modulo, {index("layer"), number(4)}), number(3)}),
                        number(-1), operation(Op::item, {config("olmo_core", {"model", "window"}), index("layer")})});
  plan.params = {
      {"n_layers", ParamType::integer, false, "", n_layers, {file, 0, 6}},
      {"tied", ParamType::boolean, false, "", operation(Op::coalesce, {config("hf", {"tie"}), literal(false)}), {}},
      {"window", ParamType::integer, false, "layer", window, {}},
      {"vocab",
       ParamType::integer,
       false,
       "",
       keyed(Op::extent, "olmo_core", key("embeddings.weight"), {number(0)}),
       {}},
      {"rope", ParamType::config, false, "", literal(nullptr), {}},
      {"scales", ParamType::real, true, "", literal(Value::List{1.0, std::int64_t{2}, 0.5}), {}},
      {"extra", ParamType::config, false, "", literal(Value::Object{{"b", std::int64_t{1}}, {"a", Value::List{}}}), {}},
      {"q", ParamType::integer, false, "", std::nullopt, {}},
      {"head", ParamType::integer, false, "", std::nullopt, {}},
  };
  plan.indexes = {
      {"layer", operation(Op::range, {number(0), param("n_layers")}), std::nullopt, {file, 7, 10}},
      {"part", literal(Value::List{"q", "k", "v"}), std::nullopt, {}},
      {"full",
       named(Op::index_list, "layer"),
       operation(Op::equal, {operation(Op::item, {param("window"), index("full")}), number(-1)}),
       {}},
      {"expert", operation(Op::range, {number(0), number(8)}), std::nullopt, {}},
  };
  plan.requirements = {
      {operation(Op::equal, {config("hf", {"model_type"}), literal("olmo2")}), "", {}},
      {operation(Op::logical_not, {keyed(Op::present_key, "hf", key("model.bias"))}), "it has a bias", {file, 0, 4}},
  };

  plan.rules = {
      rule({term("blocks.{layer}.attention.w_{part}.weight")},
           {term("model.layers.{layer}.self_attn.{part}_proj.weight")},
           operation(Op::in, {index("part"), literal(Value::List{"q", "k"})})),
      rule({term("blocks.{layer}.moe.w1", Shape{{product({axis("expert"), axis("d")}), axis("h")}})},
           {term("model.layers.{layer}.experts.{expert}.up.weight", Shape{{axis("h"), axis("d")}})}),
      rule({term("wq.weight", Shape{{axis("q"), axis("d")}}), term("wkv.weight", Shape{{axis("kv"), axis("d")}})},
           {term("qkv.weight", Shape{{sum({axis("q"), axis("kv")}), axis("d"), one()}})}),
      rule({term("rope.weight", Shape{{product({axis("head"), axis("half"), axis("two", 2)}), ellipsis()}})},
           {term("hf_rope.weight", Shape{{product({axis("head"), axis("two", 2), axis("half")}), ellipsis()}})}),
      rule({term("embeddings.weight", Shape{{sum({axis("vocab"), dropped()}), axis("d")}})},
           {term("model.embed_tokens.weight", Shape{{axis("vocab"), axis("d")}})}),
      rule({term("scalar", Shape{})}, {term("hf_scalar", Shape{{one()}})}),
      rule({term({{text("blocks."), placeholder(operation(Op::add, {index("full"), number(1)})), text(".norm")}})},
           {term({{text("model."), placeholder(index("full")), text("."), alternatives({"norm", "ln.weight"})}})}),
      rule({term("copied")}, {term({{text("x"), placeholder(literal("y"))}})}),
  };
  plan.rules[4].to_left = false;
  plan.rules[7].to_right = false;
  plan.rules[1].optional = true;
  plan.rules[0].range = {file, 7, 20};
  plan.rules[0].left[0].range = {file, 7, 12};

  plan.ties = {{"hf", key("lm_head.weight"), key("model.embed_tokens.weight"), param("tied"), {file, 1, 2}}};
  plan.ignores = {
      {"hf", {{text("model.visual."), wildcard(KeyPart::Kind::segments)}}, std::nullopt, {}},
      {"olmo_core",
       {{text("blocks."), placeholder(index("layer")), text("."), wildcard(KeyPart::Kind::segment), text(".cache")}},
       operation(Op::logical_not, {param("tied")}),
       {}},
  };
  return plan;
}

}  // namespace omap::example
