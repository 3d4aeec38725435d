#include "runtime/plan/plan_json.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "runtime/plan/plan_limits.h"
#include "runtime/plan/print_ir.h"
#include "runtime/plan/verify.h"
#include "runtime/plan/version.h"
#include "tests/unit/example_plan.h"

using namespace omap;
using namespace omap::example;

namespace {

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  REQUIRE_MESSAGE(at != std::string::npos, what);
  return text.replace(at, what.size(), with);
}

Diagnostic refusal(std::string_view text) {
  const auto plan = read_plan(text, "test.plan");
  REQUIRE_FALSE(plan.has_value());
  REQUIRE(!plan.error().empty());
  for (const Diagnostic& diagnostic : plan.error()) {
    CHECK(diagnostic.subject == "test.plan");
    CHECK_FALSE(diagnostic.primary.range.known());
  }
  return plan.error().front();
}

/// small_plan with a param, whose value is `json`.
std::string plan_with_value(std::string_view json) {
  Plan plan = small_plan();
  plan.params = {{"p", ParamType::config, false, "", literal("VALUE"), {}}};
  plan.indexes = {{"i", literal(Value::List{std::int64_t{1}}), std::nullopt, {}}};
  return replaced(write_plan(plan), "\"VALUE\"", json);
}
std::string plan_with_key(std::string_view json) {
  return replaced(write_plan(small_plan()), "\"key\":[\"x\"]", "\"key\":" + std::string(json));
}
std::string plan_with_shape(std::string_view json) {
  return replaced(write_plan(small_plan()), "\"key\":[\"x\"]", "\"key\":[\"x\"],\"shape\":" + std::string(json));
}

/// The block of the page that begins behind `fence`.
std::string documented(std::string_view fence) {
  std::ifstream file(OMAP_FIXTURES "/../../docs/plan-format.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  const std::string open = "\n" + std::string(fence) + "\n";
  std::size_t begin = page.find(open);
  REQUIRE(begin != std::string::npos);
  begin += open.size();
  return page.substr(begin, page.find("```", begin) - begin);
}

void check_refused(const std::string& text, Code code, std::string_view message) {
  const Diagnostic first = refusal(text);
  CAPTURE(message);
  CHECK(first.code == code);
  CHECK(first.message == message);
}
void check_malformed(const std::string& text, std::string_view message) {
  check_refused(text, Code::plan_malformed, message);
}

}  // namespace

TEST_CASE("the canonical text of a plan") {
  Plan plan = small_plan();
  plan.rules.push_back(rule({term("l.{i}", Shape{{axis("i")}})}, {term("r", Shape{{axis("i"), one()}})}));
  plan.rules[1].to_left = false;
  plan.indexes = {{"i", operation(Op::range, {number(0), number(2)}), std::nullopt, {}}};
  CHECK(write_plan(plan) ==
        "{\n"
        "\"format\":\"omap.plan\",\n"
        "\"indexes\":[\n"
        "{\"in\":[\"..\",0,2],\"name\":\"i\"}\n"
        "],\n"
        "\"left\":{\"name\":\"a\"},\n"
        "\"name\":\"small\",\n"
        "\"producer\":\"omap " +
            std::string(omap_version) +
            "\",\n"
            "\"requires\":[],\n"
            "\"right\":{\"name\":\"b\"},\n"
            "\"rules\":[\n"
            "{\"arrow\":\"<->\",\"left\":[{\"key\":[\"x\"]}],\"right\":[{\"key\":[\"y\"]}]},\n"
            "{\"arrow\":\"->\",\"left\":[{\"key\":[\"l.\",[\"index\",\"i\"]],\"shape\":[\"i\"]}],"
            "\"right\":[{\"key\":[\"r\"],\"shape\":[\"i\",1]}]}\n"
            "],\n"
            "\"version\":1\n"
            "}\n");
}

TEST_CASE("a plan comes back as it was written, and its text too") {
  for (const Plan& plan : {small_plan(), example_plan()}) {
    REQUIRE(verify(plan) == Diagnostics{});
    const std::string text = write_plan(plan);
    const auto read = read_plan(text, "test.plan");
    REQUIRE(read.has_value());
    CHECK(*read == plan);
    CHECK(write_plan(*read) == text);
  }
}

TEST_CASE("every operation has a name of its own, and comes back") {
  for (const OpInfo& op : all_ops()) {
    for (const OpInfo& other : all_ops()) CHECK((&op == &other || op.name != other.name));
    CHECK(op.name != "any");
    CHECK(op.name != "segment");
    CHECK(op.name != "segments");
    CHECK(op.name != "one of");

    Plan plan = small_plan();
    plan.indexes = {{"i", literal(Value::List{"q"}), std::nullopt, {}}};
    plan.params = {{"n", ParamType::integer, false, "", number(1), {}}};
    Expr expr = operation(op.op, std::vector<Expr>(op.min_args, literal("x")));
    if (op.op == Op::param) expr.name = "n";
    if (op.op == Op::index || op.op == Op::index_list) expr.name = "i";
    if (op.op == Op::config || op.op == Op::config_file) expr.name = "a";
    if (op.op == Op::config_file) expr.value = Value("extra.json");
    if (op.op == Op::member) expr.name = "m";
    if (op.op == Op::present_key || op.op == Op::extent || op.op == Op::dtype)
      expr = keyed(op.op, "a", key("k"), expr.args);
    if (op.op == Op::count) expr = keyed(op.op, "a", key("k.{_}"));
    plan.params.push_back({"p", ParamType::config, false, "i", expr, {}});
    const auto read = read_plan(write_plan(plan), "test.plan");
    CAPTURE(op.name);
    REQUIRE(read.has_value());
    CHECK(read->params[1].value == expr);
  }
}

TEST_CASE("ints stay ints and floats floats") {
  const std::string text = plan_with_value("[\"list\",1,1.0,-1,-0.0,1e+300,-9223372036854775808,9223372036854775807]");
  const auto plan = read_plan(text, "test.plan");
  REQUIRE(plan.has_value());
  const auto& items = plan->params[0].value->args;
  REQUIRE(items.size() == 7);
  CHECK(items[0].value.integer());
  CHECK(items[1].value.real());
  CHECK(items[5].value.integer());
  CHECK(write_plan(*plan) == text);
}

TEST_CASE("an absent value and a value of null differ") {
  Plan plan = small_plan();
  plan.params = {{"p", ParamType::config, false, "", literal(nullptr), {}},
                 {"q", ParamType::config, false, "", std::nullopt, {}}};
  const auto read = read_plan(write_plan(plan), "test.plan");
  REQUIRE(read.has_value());
  CHECK(read->params[0].value.has_value());
  CHECK_FALSE(read->params[1].value.has_value());
}

TEST_CASE("literals: a list is one by its tag, members are sorted") {
  const auto plan = read_plan(plan_with_value("[\"literal\",{\"b\":[1],\"a\":{\"d\":null,\"c\":true}}]"), "test.plan");
  REQUIRE(plan.has_value());
  CHECK(plan->params[0].value->value.object());
  CHECK(write_plan(*plan).find("[\"literal\",{\"a\":{\"c\":true,\"d\":null},\"b\":[1]}]") != std::string::npos);

  const auto roundabout = read_plan(plan_with_value("[\"literal\",7]"), "test.plan");
  REQUIRE(roundabout.has_value());
  CHECK(write_plan(*roundabout) == plan_with_value("7"));
}

TEST_CASE("a placeholder that multiplies is no wildcard") {
  Plan plan = small_plan();
  plan.ignores = {{"a",
                   {{wildcard(KeyPart::Kind::segment), text("."), wildcard(KeyPart::Kind::segments),
                     placeholder(operation(Op::multiply, {number(2), number(3)}))}},
                   std::nullopt,
                   {}}};
  const std::string text = write_plan(plan);
  CHECK(text.find("[[\"segment\"],\".\",[\"segments\"],[\"*\",2,3]]") != std::string::npos);
  const auto read = read_plan(text, "test.plan");
  REQUIRE(read.has_value());
  CHECK(*read == plan);
}

TEST_CASE("members that are not known are passed over, at every level") {
  std::string text = write_plan(example_plan());
  const Plan plan = *read_plan(text, "test.plan");
  text = replaced(text, "{\n\"doc\"", "{\n\"comment\":[{}],\n\"doc\"");
  text = replaced(text, "\"arrow\":", "\"about\":{\"x\":1},\"arrow\":");
  text = replaced(text, "\"key\":", "\"hint\":null,\"key\":");
  text = replaced(text, "\"name\":\"olmo_core\"", "\"name\":\"olmo_core\",\"other\":1");
  const auto read = read_plan(text, "test.plan");
  REQUIRE(read.has_value());
  CHECK(*read == plan);
}

TEST_CASE("texts are escaped, and stay what they are") {
  Plan plan = small_plan();
  plan.doc = "\"\\\n\t\x01 \u00e9\u4e2d";
  plan.rules[0].left[0].key = {{text("a\"b\\c\u00e9")}};
  const auto read = read_plan(write_plan(plan), "test.plan");
  REQUIRE(read.has_value());
  CHECK(*read == plan);
}

TEST_CASE("another format, a later version and unknown features are said as such") {
  const std::string text = write_plan(small_plan());
  check_refused(replaced(text, "omap.plan", "omap.plans"), Code::plan_version,
                "`format`: the format is `omap.plans`, not `omap.plan`");
  check_refused(replaced(text, "\"version\":1", "\"version\":2"), Code::plan_version,
                "`version`: this program reads plans up to version 1, not 2");
  check_refused(replaced(text, "\"requires\":[]", "\"requires\":[\"casts\"]"), Code::plan_version,
                "`requires`: this program does not have the feature `casts`");
  CHECK(refusal(replaced(text, "\"version\":1", "\"version\":2")).helps.size() == 1);
  // Nothing else of a later version is looked at.
  check_refused("{\"format\":\"omap.plan\",\"version\":9,\"rules\":true}", Code::plan_version,
                "`version`: this program reads plans up to version 1, not 9");
}

TEST_CASE("what a plan cannot do without") {
  const std::string text = write_plan(small_plan());
  check_malformed("[]", "the plan: an object is wanted, not list");
  check_malformed("{}", "the plan: `format` is missing");
  check_malformed(replaced(text, "\"version\":1", "\"versions\":1"), "the plan: `version` is missing");
  check_malformed(replaced(text, "\"version\":1", "\"version\":1.0"), "`version`: an int is wanted, not float");
  check_malformed(replaced(text, "\"version\":1", "\"version\":0"), "`version`: versions begin at 1");
  check_malformed(replaced(text, "\"requires\":[]", "\"requires\":{}"), "`requires`: a list is wanted, not object");
  check_malformed(replaced(text, "\"left\":{\"name\":\"a\"}", "\"left\":{}"), "`left`: `name` is missing");
  check_malformed(replaced(text, "\"right\":{\"name\":\"b\"},\n", ""), "the plan: `right` is missing");
  check_malformed(replaced(text, "\"arrow\":\"<->\",", ""), "`rules[0]`: `arrow` is missing");
  check_malformed(replaced(text, "<->", "=>"), "`rules[0].arrow`: `<->`, `->` or `<-` is wanted, not `=>`");
  check_malformed(replaced(text, "\"left\":[", "\"lift\":["), "`rules[0]`: `left` is missing");
  check_malformed(replaced(text, "{\"key\":[\"x\"]}", "{}"), "`rules[0].left[0]`: `key` is missing");
  check_malformed(replaced(text, "{\"key\":[\"x\"]}", "true"), "`rules[0].left[0]`: an object is wanted, not bool");
}

TEST_CASE("what is no JSON is no plan") {
  for (const std::string_view text : {"", "{", "{]", "nul", "{\"a\":1,\"a\":2}", "{} {}", "\xff", "[1e999]"}) {
    CAPTURE(text);
    CHECK(refusal(text).code == Code::plan_malformed);
  }
  CHECK(refusal("{\"a\":1,\"a\":2}").message == "not valid JSON: `a` stands twice in an object");
}

TEST_CASE("values that are no expressions name their place") {
  check_malformed(plan_with_value("{}"), "`params[0].value`: an expression is wanted, not an object");
  check_malformed(plan_with_value("[]"), "`params[0].value`: item 0 is missing");
  check_malformed(plan_with_value("[1]"), "`params[0].value[0]`: a string is wanted, not int");
  check_malformed(plan_with_value("[\"pow\",1,2]"), "`params[0].value`: `pow` is no operation");
  check_malformed(plan_with_value("[\"any\"]"), "`params[0].value`: `any` is no operation");
  check_malformed(plan_with_value("[\"param\"]"), "`params[0].value`: 2 items are wanted, not 1");
  check_malformed(plan_with_value("[\"param\",\"p\",1]"), "`params[0].value`: 2 items are wanted, not 3");
  check_malformed(plan_with_value("[\".\",[\"config\",\"a\"],1]"), "`params[0].value[2]`: a string is wanted, not int");
  check_malformed(plan_with_value("[\"literal\"]"), "`params[0].value`: 2 items are wanted, not 1");
  check_malformed(plan_with_value("[\"count\",\"a\"]"), "`params[0].value`: item 2 is missing");
  check_malformed(plan_with_value("[\"dtype\",\"a\",\"k\"]"), "`params[0].value[2]`: a list is wanted, not string");
  check_malformed(plan_with_value("[\"+\",1,[\"-\",2,[\"?\"]]]"), "`params[0].value[2][2]`: `?` is no operation");
  check_malformed(plan_with_value("[\"+\",1]"), "`params[0].value`: `+` does not take 1 args");
}

TEST_CASE("what is no key names its place") {
  check_malformed(plan_with_key("\"x\""), "`rules[0].left[0].key`: a list is wanted, not string");
  check_malformed(plan_with_key("[1]"), "`rules[0].left[0].key[0]`: a list is wanted, not int");
  check_malformed(plan_with_key("[\"x\",[]]"), "`rules[0].left[0].key[1]`: item 0 is missing");
  check_malformed(plan_with_key("[[\"one of\",1]]"), "`rules[0].left[0].key[0][1]`: a string is wanted, not int");
  check_malformed(plan_with_key("[[\"segment\",1]]"), "`rules[0].left[0].key[0]`: 1 items are wanted, not 2");
  check_malformed(plan_with_key("[]"), "`rules[0].left[0].key`: a key is empty");
}

TEST_CASE("what is no shape names its place") {
  check_malformed(plan_with_shape("\"d\""), "`rules[0].left[0].shape`: a list is wanted, not string");
  check_malformed(plan_with_shape("[2]"), "`rules[0].left[0].shape[0]`: 1 is wanted, or a name: `[\"=\",\"two\",2]`");
  check_malformed(plan_with_shape("[true]"), "`rules[0].left[0].shape[0]`: a dimension is wanted, not bool");
  check_malformed(plan_with_shape("[[\"-\",\"a\"]]"), "`rules[0].left[0].shape[0]`: `-` begins no dimension");
  check_malformed(plan_with_shape("[[\"=\",\"a\"]]"), "`rules[0].left[0].shape[0]`: 3 items are wanted, not 2");
  check_malformed(plan_with_shape("[[\"=\",\"a\",2.0]]"),
                  "`rules[0].left[0].shape[0][2]`: an int is wanted, not float");
  check_malformed(plan_with_shape("[[\"_\",1,2]]"), "`rules[0].left[0].shape[0]`: 2 items are wanted, not 3");
  check_malformed(plan_with_shape("[[\"...\",1]]"), "`rules[0].left[0].shape[0]`: 1 items are wanted, not 2");
  check_malformed(plan_with_shape("[\"d\",[\"*\",\"a\",[\"+\",1,null]]]"),
                  "`rules[0].left[0].shape[1][2][2]`: a dimension is wanted, not null");
}

TEST_CASE("what is no range names its place") {
  const std::string text = write_plan(small_plan());
  const auto at = [&](std::string_view json) {
    return replaced(text, "\"arrow\":", "\"at\":" + std::string(json) + ",\"arrow\":");
  };
  check_malformed(at("[0,0]"), "`rules[0].at`: 3 items are wanted, not 2");
  check_malformed(at("[0,-1,0]"), "`rules[0].at[1]`: -1 is not from 0 to 2^32 - 1");
  check_malformed(at("[0,0,4294967296]"), "`rules[0].at[2]`: 4294967296 is not from 0 to 2^32 - 1");
  check_malformed(at("[0,0,1]"), "`rules[0].at`: no source has the bytes 0 to 1 of file 0");
}

TEST_CASE("what a loaded plan says is proved again") {
  const std::string text =
      replaced(write_plan(small_plan()), "{\"key\":[\"x\"]}", "{\"key\":[\"x\"],\"shape\":[\"d\"]}");
  CHECK(refusal(text).code == Code::shape_missing);
}

TEST_CASE("a text beyond the limits is refused before it costs") {
  CHECK(refusal(std::string(PlanLimits::bytes + 1, ' ')).code == Code::plan_limit);

  std::string deep = "1";
  for (int i = 0; i < 5000; ++i) deep = "[\"-\",1," + deep + "]";
  CHECK(refusal(plan_with_value(deep)).code == Code::plan_malformed);
  CHECK(refusal(plan_with_value(std::string(100000, '['))).code == Code::plan_malformed);

  std::string many = "[\"list\"";
  for (std::size_t i = 0; i < PlanLimits::elements; ++i) many += ",1";
  check_refused(
      plan_with_value(many + "]"), Code::plan_limit,
      "`params[0].value[4000000]`: a plan has at most 4000000 operations, literals, parts of keys and dimensions");
}

TEST_CASE("the deepest expressions that are allowed come back") {
  Expr nested = number(1);
  for (std::size_t i = 1; i < PlanLimits::expression_depth; ++i) {
    nested = keyed(Op::dtype, "a", {{text("k"), placeholder(nested)}});
  }
  Plan plan = small_plan();
  plan.rules[0].when = nested;
  REQUIRE_FALSE(has_errors(verify(plan)));
  const auto read = read_plan(write_plan(plan), "test.plan");
  REQUIRE(read.has_value());
  CHECK(*read == plan);
}

TEST_CASE("the example of the documentation is canonical, and listed as it says") {
  const std::string text = documented("```json");
  const auto plan = read_plan(text, "plan-format.md");
  REQUIRE(plan.has_value());
  CHECK(replaced(write_plan(*plan), omap_version, "0.1.0") == text);
  const std::string listing = print_ir(*plan);
  CHECK(documented("and `olmoc compile --emit ir` shows it as\n\n```") == listing);
}
