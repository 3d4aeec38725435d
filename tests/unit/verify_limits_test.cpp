// What is too much for a plan, and definitions that need themselves.
#include "runtime/plan/verify.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "runtime/plan/plan_limits.h"
#include "tests/unit/changed_plan.h"

using namespace omap;
using namespace omap::example;

TEST_CASE("limits: at them is fine, beyond them is not") {
  const auto accepted = [](const Change& change) {
    Plan plan = example_plan();
    change(plan);
    CHECK(verify_structure(plan) == Diagnostics{});
  };
  accepted(value(nested(PlanLimits::expression_depth)));
  check_limit(
      value(nested(PlanLimits::expression_depth + 1)), "`params[1].value" + [] {
        std::string path;
        for (std::size_t i = 0; i < PlanLimits::expression_depth; ++i) path += "[1]";
        return path;
      }() + "`: an expression is nested at most 128 deep");
  Value list = Value::List{};
  for (std::size_t i = 1; i < PlanLimits::expression_depth; ++i) list = Value::List{list};
  accepted(value(literal(list)));
  check_limit(value(literal(Value::List{list})), "`params[1].value`: an expression is nested at most 128 deep");

  accepted(left_key({std::vector<KeyPart>(PlanLimits::key_parts, text("a"))}));
  check_limit(left_key({std::vector<KeyPart>(PlanLimits::key_parts + 1, text("a"))}),
              "`rules[2].left[0].key`: a key has at most 256 parts");
  const KeyPart two{KeyPart::Kind::alternatives, "", {}, {"a", "b"}};
  accepted(left_key({std::vector<KeyPart>(8, two)}));
  check_limit(left_key({std::vector<KeyPart>(9, two)}),
              "`rules[2].left[0].key`: a key has at most 256 spellings by its alternatives");

  accepted(shape(std::vector<AxisExpr>(PlanLimits::rank, one())));
  check_limit(shape(std::vector<AxisExpr>(PlanLimits::rank + 1, one())),
              "`rules[2].left[0].shape`: a shape has at most 64 dimensions");
  accepted(shape({nested_axis(PlanLimits::shape_depth)}));
  Plan deep = example_plan();
  shape({nested_axis(PlanLimits::shape_depth + 1)})(deep);
  REQUIRE(!verify(deep).empty());
  CHECK(verify(deep)[0].code == Code::plan_limit);

  accepted([](Plan& p) { p.rules[2].left.resize(PlanLimits::terms - 1, p.rules[2].left[0]); });
  check_limit([](Plan& p) { p.rules[2].left.resize(PlanLimits::terms, p.rules[2].left[0]); },
              "`rules[2]`: a rule has at most 1024 tensors");
  check_limit([](Plan& p) { p.params.resize(PlanLimits::params + 1); }, "`params`: a plan has at most 1000");
  check_limit([](Plan& p) { p.indexes.resize(PlanLimits::indexes + 1); }, "`indexes`: a plan has at most 1000");
  check_limit([](Plan& p) { p.rules.resize(PlanLimits::rules + 1); }, "`rules`: a plan has at most 1000000");
  check_limit([](Plan& p) { p.ties.resize(PlanLimits::rules + 1); }, "`ties`: a plan has at most 1000000");
  check_limit([](Plan& p) { p.sources.files.resize(PlanLimits::sources + 1, SourceFile("a", "")); },
              "`sources`: a plan has at most 1000");
}

TEST_CASE("the boxes of a tensor are choices, and multiply") {
  const AxisExpr two = sum({axis("a"), axis("b")});
  const auto dims = [&](std::size_t count) { return std::vector<AxisExpr>(count, two); };
  Plan plan = example_plan();
  shape(dims(12))(plan);
  CHECK(verify_structure(plan) == Diagnostics{});
  const std::string message =
      "`rules[2].left[0].shape`: a tensor has at most 4096 boxes: choices of one piece of each sum";
  check_limit(shape(dims(13)), message);
  check_limit(shape(dims(64)), message);
  check_limit(shape({product(dims(13))}), message);
  check_limit(shape({sum({product(dims(12)), axis("c")})}), message);
  check_limit(shape({sum(std::vector<AxisExpr>(4097, axis("a")))}), message);

  // 4096 boxes, each counted as 13, 37 times: 1,970,176; the 38th is too much.
  const auto repeated = [&](std::size_t tensors) {
    return [&, tensors](Plan& p) { p.rules[5].left.assign(tensors, term("w", Shape{dims(12)})); };
  };
  repeated(37)(plan = example_plan());
  CHECK(verify_structure(plan) == Diagnostics{});
  check_limit(repeated(38), "`rules[5].left[37].shape`: the boxes of a plan and their axes are at most 2000000");
}

TEST_CASE("params and indexes do not need themselves") {
  check_found(value(param("tied")), Code::cyclic_definition, "`tied` needs its own value: tied -> tied");
  check_found([](Plan& p) { p.params[0].value = param("vocab"), p.params[3].value = param("n_layers"); },
              Code::cyclic_definition, "`n_layers` needs its own value: n_layers -> vocab -> n_layers");
  check_found([](Plan& p) { p.params[0].value = operation(Op::len, {named(Op::index_list, "layer")}); },
              Code::cyclic_definition, "`n_layers` needs its own value: n_layers -> layer -> n_layers");
  check_found([](Plan& p) { p.params[0].value = param("window"); }, Code::cyclic_definition,
              "`n_layers` needs its own value: n_layers -> window -> layer -> n_layers");
  check_found([](Plan& p) { p.indexes[3].when = operation(Op::len, {named(Op::index_list, "expert")}); },
              Code::cyclic_definition, "`expert` needs its own value: expert -> expert");
  // In a placeholder of a key, too.
  check_found(value(keyed(Op::dtype, "hf", {{text("w"), placeholder(param("tied"))}})), Code::cyclic_definition,
              "`tied` needs its own value: tied -> tied");

  Plan plan = example_plan();
  plan.params[0].value = operation(Op::len, {named(Op::index_list, "layer")});
  const Diagnostics found = verify(plan);
  REQUIRE(found.size() == 1);
  CHECK(found[0].primary.range == plan.params[0].range);
  REQUIRE(found[0].secondary.size() == 1);
  CHECK(found[0].secondary[0].range == plan.indexes[0].range);
}

TEST_CASE("long chains of definitions are walked without recursion, and long cycles are cut") {
  Plan plan = small_plan();
  for (std::size_t i = 0; i < PlanLimits::params; ++i) {
    plan.params.push_back(
        {"p" + std::to_string(i), ParamType::integer, false, "", param("p" + std::to_string(i + 1)), {}});
  }
  plan.params.back().value = number(1);
  CHECK(verify(plan) == Diagnostics{});
  plan.params.back().value = param("p0");
  const Diagnostics found = verify(plan);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message ==
        "`p0` needs its own value: p0 -> p1 -> p2 -> p3 -> ... -> p996 -> p997 -> p998 -> p999 -> p0");
}
