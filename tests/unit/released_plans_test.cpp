// tests/plan: plans that are kept for good.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "compiler/compile.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/print_ir.h"
#include "runtime/plan/verify.h"
#include "runtime/plan/version.h"

using namespace omap;
namespace fs = std::filesystem;

namespace {

const fs::path folder = fs::path(OMAP_FIXTURES) / ".." / "plan";

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string current() { return fmt::format("everything-{}.json", omap_version); }

Plan plan_of(const fs::path& path) {
  auto plan = read_plan(text_of(path), path.filename().string());
  REQUIRE_MESSAGE(plan.has_value(), path.string());
  return *std::move(plan);
}

/// Calls `visit` for every expression of a plan, those in its keys too.
template <class Visit>
void for_each_expr_of(const Plan& plan, const Visit& visit) {
  const auto optional = [&](const std::optional<Expr>& expr) {
    if (expr) for_each_expr(*expr, visit);
  };
  for (const Param& param : plan.params) optional(param.value);
  for (const Index& index : plan.indexes) {
    for_each_expr(index.list, visit);
    optional(index.when);
  }
  for (const Requirement& requirement : plan.requirements) for_each_expr(requirement.condition, visit);
  for (const Rule& rule : plan.rules) {
    optional(rule.when);
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const Term& term : *side) {
        for_each_expr(term.key, visit);
        optional(term.as);
      }
    }
  }
  for (const ConfigLine& line : plan.config) {
    for_each_expr(line.left, visit);
    optional(line.right);
  }
}

/// What stands between quotes in the tables of the page on the format, and the members that they name.
struct Documented {
  std::set<std::string> members, texts;
};
Documented documented() {
  std::ifstream page(OMAP_FIXTURES "/../../docs/plan-format.md");
  const std::regex quoted("\"([^\"]+)\"");
  const std::regex name("`([a-z_]+)`");
  Documented found;
  std::string section;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) section = line.substr(3);
    const bool described = section == "Top" || section == "Expressions" || section == "Keys" || section == "Shapes";
    if (!described || !line.starts_with("|")) continue;
    const auto matches = [&](const std::string& text, const std::regex& pattern, std::set<std::string>& into) {
      for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) into.insert((*at)[1]);
    };
    matches(line, quoted, found.texts);
    if (section != "Top") continue;
    // Members are named in the first cell, or in the second where the first says of what they are.
    const std::size_t first = line.find('|', 1);
    const std::size_t second = line.find('|', first + 1);
    matches(line.substr(0, second == std::string::npos ? first : second), name, found.members);
  }
  return found;
}

}  // namespace

TEST_CASE("plans with everything in them load, print as they did, and are written again byte for byte") {
  std::size_t plans = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with("everything-") || entry.path().extension() != ".json") continue;
    CAPTURE(file);
    ++plans;
    const std::string text = text_of(entry.path());
    const Plan plan = plan_of(entry.path());
    CHECK(verify(plan) == Diagnostics{});
    CHECK(print_ir(plan) == text_of(fs::path(entry.path()).replace_extension(".ir")));
    if (file != current()) continue;
    CHECK(write_plan(plan) == text);
  }
  CHECK(plans >= 1);
}

TEST_CASE("the plan of this version is what it makes of everything.omap") {
  Compilation compilation = compile("everything.omap", text_of(folder / "everything.omap"));
  REQUIRE(compilation.diagnostics == Diagnostics{});
  REQUIRE(compilation.plans.size() == 1);
  CHECK(write_plan(compilation.plans.front()) == text_of(folder / current()));
}

TEST_CASE("the plan of this version has every operation, and every kind of key part, axis and line") {
  const Plan plan = plan_of(folder / current());
  std::set<Expr::Op> ops;
  std::set<KeyPart::Kind> parts;
  for_each_expr_of(plan, [&](const Expr& expr) {
    ops.insert(expr.op);
    for (const KeyPart& part : expr.key.parts) parts.insert(part.kind);
  });
  for (const OpInfo& op : all_ops()) {
    CAPTURE(op.name);
    CHECK(ops.contains(op.op));
  }
  const auto note_key = [&](const KeyTemplate& key) {
    for (const KeyPart& part : key.parts) parts.insert(part.kind);
  };
  for (const Ignore& ignore : plan.ignores) note_key(ignore.pattern);
  std::set<ParamType> types;
  for (const Param& param : plan.params) types.insert(param.type);
  std::set<AxisExpr::Kind> axes;
  const std::function<void(const AxisExpr&)> note_axis = [&](const AxisExpr& axis) {
    axes.insert(axis.kind);
    for (const AxisExpr& part : axis.parts) note_axis(part);
  };
  std::set<ValueOp::Kind> steps;
  for (const Rule& rule : plan.rules) {
    for (const auto* side : {&rule.left, &rule.right}) {
      for (const Term& term : *side) {
        note_key(term.key);
        if (term.shape) std::ranges::for_each(term.shape->dims, note_axis);
        for (const ValueOp& op : term.ops) steps.insert(op.kind);
        for (const Operand* operand : operands_of(term)) std::ranges::for_each(operand->shape.dims, note_axis);
      }
    }
  }
  std::set<ConfigLine::Kind> lines;
  for (const ConfigLine& line : plan.config) lines.insert(line.kind);
  CHECK(parts.size() == static_cast<std::size_t>(KeyPart::Kind::segments) + 1);
  CHECK(types.size() == static_cast<std::size_t>(ParamType::config) + 1);
  CHECK(axes.size() == static_cast<std::size_t>(AxisExpr::Kind::ellipsis) + 1);
  CHECK(steps.size() == static_cast<std::size_t>(ValueOp::Kind::divide) + 1);
  CHECK(lines.size() == static_cast<std::size_t>(ConfigLine::Kind::ignore) + 1);
}

TEST_CASE("the plan of this version has everything that the page on the format has in its tables") {
  const std::string text = text_of(folder / current());
  const Documented page = documented();
  // The tables were found.
  CHECK(page.members.size() > 40);
  CHECK(page.texts.size() > 60);
  for (const std::string& member : page.members) {
    CAPTURE(member);
    CHECK(text.find("\"" + member + "\":") != std::string::npos);
  }
  for (const std::string& quoted : page.texts) {
    CAPTURE(quoted);
    CHECK(text.find("\"" + quoted + "\"") != std::string::npos);
  }
}
