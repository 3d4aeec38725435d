#include "runtime/plan/verify.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <string>

#include "tests/unit/changed_plan.h"

using namespace omap;
using namespace omap::example;

TEST_CASE("sound plans are accepted") {
  CHECK(verify(small_plan()) == Diagnostics{});
  CHECK(verify(example_plan()) == Diagnostics{});
}

TEST_CASE("names are words, and each is declared once") {
  check_malformed([](Plan& p) { p.name = ""; }, "`name`: a name is empty");
  check_malformed([](Plan& p) { p.name = "a b"; }, "`name`: `a b` is no name: letters, digits and `_`, no digit first");
  check_malformed([](Plan& p) { p.params[4].name = "4"; },
                  "`params[4]`: `4` is no name: letters, digits and `_`, no digit first");
  check_malformed([](Plan& p) { p.params[4].name = "_"; },
                  "`params[4]`: `_` is no name: letters, digits and `_`, no digit first");
  check_malformed([](Plan& p) { p.params[4].name = "layer"; },
                  "`indexes[0]`: `layer` is declared twice among sides, params and indexes");
  check_malformed([](Plan& p) { p.params[4].name = "hf"; },
                  "`params[4]`: `hf` is declared twice among sides, params and indexes");
  check_malformed([](Plan& p) { p.params[4].name = "tied"; },
                  "`params[4]`: `tied` is declared twice among sides, params and indexes");
  check_malformed([](Plan& p) { p.indexes[3].name = "part"; },
                  "`indexes[3]`: `part` is declared twice among sides, params and indexes");
  check_limit([](Plan& p) { p.name = std::string(257, 'a'); }, "`name`: a name has at most 256 bytes");
  check_malformed([](Plan& p) { p.left.format = "d cp"; },
                  "`left`: `d cp` is no name: letters, digits and `_`, no digit first");
  Plan same = small_plan();
  same.right.name = same.left.name;
  REQUIRE(verify(same).size() == 1);
  CHECK(verify(same)[0].message == "`right`: `a` is declared twice among sides, params and indexes");
}

TEST_CASE("texts can be written as UTF-8") {
  check_malformed([](Plan& p) { p.doc = "\xff"; }, "`doc`: a text is not valid UTF-8");
  check_malformed([](Plan& p) { p.right.root = "\xff"; }, "`right`: a text is not valid UTF-8");
  check_malformed([](Plan& p) { p.requirements[1].message = "\xff"; }, "`requirements[1]`: a text is not valid UTF-8");
  check_malformed([](Plan& p) { p.sources.add(SourceFile("x", "\xff")); }, "`sources[1]`: a text is not valid UTF-8");
  check_malformed(left_key({{text("\xff")}}), "`rules[2].left[0].key[0]`: a text is not valid UTF-8");
  check_malformed(left_key({{alternatives({"a", "\xff"})}}), "`rules[2].left[0].key[0]`: a text is not valid UTF-8");
  check_malformed(value(literal("\xff")), "`params[1].value`: a text is not valid UTF-8");
  check_malformed(value(literal(Value::Object{{"\xff", nullptr}})), "`params[1].value`: a text is not valid UTF-8");
  check_malformed(value(config("hf", {"\xff"})), "`params[1].value`: a text is not valid UTF-8");
}

TEST_CASE("every name that is used is declared, as what it is used for") {
  check_malformed(value(param("nobody")), "`params[1].value`: no param is called `nobody`");
  check_malformed(value(param("layer")), "`params[1].value`: no param is called `layer`");
  check_malformed(value(named(Op::index_list, "vocab")), "`params[1].value`: no index is called `vocab`");
  check_malformed(value(config("meta", {})), "`params[1].value`: no side is called `meta`");
  check_malformed(value(keyed(Op::dtype, "meta", key("w"))), "`params[1].value`: no side is called `meta`");
  check_malformed(value(operation(Op::add, {number(1), operation(Op::negate, {param("nobody")})})),
                  "`params[1].value[2][1]`: no param is called `nobody`");
  check_malformed([](Plan& p) { p.params[2].index = "vocab", p.params[2].value.reset(); },
                  "`params[2].index`: no index is called `vocab`");
  check_malformed([](Plan& p) { p.ties[0].side = "left"; }, "`ties[0].side`: no side is called `left`");
  check_malformed([](Plan& p) { p.ignores[0].side = "layer"; }, "`ignores[0].side`: no side is called `layer`");
  check_malformed(left_key(key("w.{nobody}")), "`rules[2].left[0].key[1]`: no index is called `nobody`");
}

TEST_CASE("an index has a value only in its scope") {
  check_malformed(value(index("layer")), "`params[1].value`: the index `layer` has no value here");
  check_malformed([](Plan& p) { p.params[2].value = index("part"); },
                  "`params[2].value`: the index `part` has no value here");
  check_malformed([](Plan& p) { p.indexes[2].when = index("layer"); },
                  "`indexes[2].when`: the index `layer` has no value here");
  check_malformed([](Plan& p) { p.indexes[3].list = index("expert"); },
                  "`indexes[3].in`: the index `expert` has no value here");
  check_malformed([](Plan& p) { p.requirements[0].condition = index("layer"); },
                  "`requirements[0].condition`: the index `layer` has no value here");
  check_malformed([](Plan& p) { p.rules[1].when = index("expert"); },
                  "`rules[1].when`: the index `expert` has no value here");
  check_malformed([](Plan& p) { p.ties[0].when = index("layer"); },
                  "`ties[0].when`: the index `layer` has no value here");
  check_malformed([](Plan& p) { p.ignores[1].when = index("layer"); },
                  "`ignores[1].when`: the index `layer` has no value here");
  check_malformed(value(keyed(Op::present_key, "hf", key("w.{layer}"))),
                  "`params[1].value[2][1]`: the index `layer` has no value here");
  Plan loop = example_plan();
  loop.rules[1].when = keyed(Op::present_key, "hf", key("w.{layer}"));
  CHECK(verify(loop) == Diagnostics{});
}

TEST_CASE("operations have what they take, and no more") {
  for (const OpInfo& op : all_ops()) {
    if (op.max_args == any_number_of_args) continue;
    Plan plan = example_plan();
    plan.params[1].value = operation(op.op, std::vector<Expr>(op.max_args + 1u, number(1)));
    CAPTURE(op.name);
    const Diagnostics found = verify_structure(plan);
    REQUIRE(!found.empty());
    CHECK(found[0].message == "`params[1].value`: `" + std::string(op.name) + "` does not take " +
                                  std::to_string(op.max_args + 1) + " args");
  }
  check_malformed(value(operation(Op::coalesce, {number(1)})), "`params[1].value`: `??` does not take 1 args");
  check_malformed(value(operation(Op::max, {})), "`params[1].value`: `max` does not take 0 args");
  check_malformed(value(member(config("hf", {}), "")), "`params[1].value`: a member has no name");
  check_limit(value(member(config("hf", {}), std::string(257, 'x'))),
              "`params[1].value`: a name has at most 256 bytes");

  Expr with_key = operation(Op::len, {number(1)});
  with_key.key = key("w");
  check_malformed(value(with_key), "`params[1].value`: `len` takes no key");
  Expr with_name = operation(Op::len, {number(1)});
  with_name.name = "hf";
  check_malformed(value(with_name), "`params[1].value`: `len` takes no name");
  Expr with_value = operation(Op::len, {number(1)});
  with_value.value = true;
  check_malformed(value(with_value), "`params[1].value`: `len` takes no value");
}

TEST_CASE("literals are finite") {
  check_malformed(value(literal(std::nan(""))), "`params[1].value`: a literal is not finite");
  check_malformed(value(literal(Value::List{HUGE_VAL})), "`params[1].value`: a literal is not finite");
}

TEST_CASE("keys are formed as their use allows") {
  check_malformed(left_key({}), "`rules[2].left[0].key`: a key is empty");
  check_malformed(left_key(key("w.{_}")), "`rules[2].left[0].key[1]`: `{_}` stands only in `count`");
  check_malformed(left_key({{wildcard(KeyPart::Kind::segment)}}),
                  "`rules[2].left[0].key[0]`: wildcards stand only in `ignore`");
  check_malformed([](Plan& p) { p.ties[0].kept = {{wildcard(KeyPart::Kind::segments)}}; },
                  "`ties[0].kept[0]`: wildcards stand only in `ignore`");
  check_malformed([](Plan& p) { p.ignores[0].pattern = key("{_}"); },
                  "`ignores[0].pattern[0]`: `{_}` stands only in `count`");
  check_malformed([](Plan& p) { p.ties[0].dropped = {}; }, "`ties[0].dropped`: a key is empty");
  check_malformed(left_key({{alternatives({})}}), "`rules[2].left[0].key[0]`: there are no alternatives");
  check_malformed(left_key({{alternatives({"a", ""})}}), "`rules[2].left[0].key[0]`: an alternative is empty");
  check_malformed(value(keyed(Op::count, "hf", key("w"))),
                  "`params[1].value[2]`: the key of `count` has one `{_}`, not 0");
  check_malformed(value(keyed(Op::count, "hf", key("{_}.{_}"))),
                  "`params[1].value[2]`: the key of `count` has one `{_}`, not 2");
  check_malformed(value(keyed(Op::present_key, "hf", key("{_}"))),
                  "`params[1].value[2][0]`: `{_}` stands only in `count`");
  KeyPart both = text("a");
  both.names = {"b"};
  check_malformed(left_key({{both}}), "`rules[2].left[0].key[0]`: a part of a key holds what belongs to another kind");
  both = wildcard(KeyPart::Kind::segments);
  both.expr = number(1);
  check_malformed([both](Plan& p) { p.ignores[0].pattern = {{both}}; },
                  "`ignores[0].pattern[0]`: a part of a key holds what belongs to another kind");
}

TEST_CASE("shapes have what their kinds of dimension take") {
  const std::string at = "`rules[2].left[0].shape[0]`: ";
  const auto bad = [](AxisExpr axis, const std::function<void(AxisExpr&)>& change) {
    change(axis);
    return shape({axis});
  };
  check_malformed(shape({axis("")}), at + "a name is empty");
  check_malformed(shape({axis("_")}), at + "`_` is no name: letters, digits and `_`, no digit first");
  check_malformed(shape({axis("d", -1)}), at + "a size is negative");
  check_malformed(shape({dropped(-1)}), at + "a size is negative");
  check_malformed(shape({divided("d", 0)}), at + "an axis is divided by 1 or more");
  check_malformed(bad(divided("d", 1), [](AxisExpr& a) { a.size.reset(); }), at + "an axis is divided by 1 or more");
  check_malformed(bad(one(), [](AxisExpr& a) { a.size = 1; }), at + "this kind of dimension has no size");
  check_malformed(bad(one(), [](AxisExpr& a) { a.name = "a"; }), at + "this kind of dimension has no name");
  const std::string parts = at + "products and sums have two parts or more, and nothing else has any";
  check_malformed(shape({sum({axis("a")})}), parts);
  check_malformed(shape({product({})}), parts);
  check_malformed(bad(axis("a"), [](AxisExpr& a) { a.parts = {axis("b")}; }), parts);
  check_malformed(shape({product({axis("a"), ellipsis()})}),
                  "`rules[2].left[0].shape[0][2]`: `...` is a whole dimension, not part of one");
  check_malformed(shape({ellipsis(), axis("a"), ellipsis()}), "`rules[2].left[0].shape`: `...` stands 2 times");
}

TEST_CASE("rules have a direction and tensors on both sides") {
  check_malformed([](Plan& p) { p.rules[2].to_left = p.rules[2].to_right = false; },
                  "`rules[2]`: a rule has no direction");
  check_malformed([](Plan& p) { p.rules[2].left.clear(); }, "`rules[2].left`: a rule has a tensor on each side");
  check_malformed([](Plan& p) { p.rules[2].right.clear(); }, "`rules[2].right`: a rule has a tensor on each side");
  check_malformed([](Plan& p) { p.params[4].type = static_cast<ParamType>(99); },
                  "`params[4].type`: there is no such type");
}

TEST_CASE("ranges lie in their source") {
  const auto at = [](SourceRange range) { return [range](Plan& p) { p.rules[0].left[0].range = range; }; };
  check_malformed(at({1, 0, 0}), "`rules[0].left[0].at`: no source has the bytes 0 to 0 of file 1");
  check_malformed(at({0, 0, 5000}), "`rules[0].left[0].at`: no source has the bytes 0 to 5000 of file 0");
  check_malformed(at({0, 3, 2}), "`rules[0].left[0].at`: no source has the bytes 3 to 2 of file 0");
  check_malformed(
      [](Plan& p) {
        p.ignores[0].range = {7, 0, 0};
      },
      "`ignores[0].at`: no source has the bytes 0 to 0 of file 7");
}

TEST_CASE("a plan that is wrong everywhere does not say so without end") {
  Plan plan = small_plan();
  plan.ignores.assign(10000, {"nobody", key("x"), std::nullopt, {}});
  CHECK(verify(plan).size() == 100);
}

TEST_CASE("what is sound in structure is proved") {
  Plan plan = example_plan();
  plan.rules[2].right[0].shape->dims[0] = sum({axis("q"), axis("q")});
  CHECK(verify_structure(plan) == Diagnostics{});
  CHECK(has_errors(verify(plan)));
}
