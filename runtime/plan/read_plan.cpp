#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/json/json.h"
#include "runtime/plan/expr_json.h"
#include "runtime/plan/json_node.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/shape_json.h"
#include "runtime/plan/verify.h"

namespace omap {
namespace {

std::string string_or_empty(const JsonNode& node, std::string_view name) {
  const auto member = node.member(name);
  return member ? member->string() : std::string();
}

bool flag(const JsonNode& node, std::string_view name) {
  const auto member = node.member(name);
  return member && member->boolean();
}

std::optional<Expr> optional_expr(const JsonNode& node, std::string_view name) {
  const auto member = node.member(name);
  return member ? std::optional(expr_from_json(*member)) : std::nullopt;
}

SourceRange range(const JsonNode& node) {
  const auto at = node.member("at");
  if (!at || !at->has_size(3)) return {};
  return {at->item(0).offset(), at->item(1).offset(), at->item(2).offset()};
}

/// None if the list is left out.
template <class Read>
auto list(const JsonNode& node, std::string_view name, const Read& read) {
  const auto member = node.member(name);
  return member ? member->each(0, read) : std::vector<decltype(read(node))>();
}

SideDeclaration side(const JsonNode& node) {
  return {node.required("name").string(), string_or_empty(node, "format"), string_or_empty(node, "root")};
}

Param param(const JsonNode& node) {
  const JsonNode type_name = node.required("type");
  const auto type = param_type_from_text(type_name.string());
  if (!type) type_name.refuse(Code::plan_malformed, "`{}` is no type", type_name.string());
  return {node.required("name").string(), type.value_or(ParamType::config), flag(node, "list"),
          string_or_empty(node, "index"), optional_expr(node, "value"),     range(node)};
}

Index index(const JsonNode& node) {
  return {node.required("name").string(), expr_from_json(node.required("in")), optional_expr(node, "when"),
          range(node)};
}

Requirement requirement(const JsonNode& node) {
  return {expr_from_json(node.required("condition")), string_or_empty(node, "message"), range(node)};
}

Term term(const JsonNode& node) {
  const auto shape = node.member("shape");
  return {key_from_json(node.required("key")), shape ? std::optional(shape_from_json(*shape)) : std::nullopt,
          range(node)};
}

Rule rule(const JsonNode& node) {
  Rule rule;
  const JsonNode arrow = node.required("arrow");
  const std::string direction = arrow.string();
  if (direction != "<->" && direction != "->" && direction != "<-") {
    arrow.refuse(Code::plan_malformed, "`<->`, `->` or `<-` is wanted, not `{}`", direction);
  }
  rule.to_right = direction != "<-";
  rule.to_left = direction != "->";
  rule.optional = flag(node, "optional");
  rule.left = node.required("left").each(0, term);
  rule.right = node.required("right").each(0, term);
  rule.when = optional_expr(node, "when");
  rule.range = range(node);
  return rule;
}

Tie tie(const JsonNode& node) {
  return {node.required("side").string(), key_from_json(node.required("dropped")), key_from_json(node.required("kept")),
          optional_expr(node, "when"), range(node)};
}

Ignore ignore(const JsonNode& node) {
  return {node.required("side").string(), key_from_json(node.required("pattern")), optional_expr(node, "when"),
          range(node)};
}

SourceFile source(const JsonNode& node) {
  return SourceFile(node.required("name").string(), node.required("text").string());
}

/// Whether the text is a plan at all, and one of this version; else nothing more of it can be read.
void read_preamble(const JsonNode& root) {
  const JsonNode format = root.required("format");
  if (const std::string name = format.string(); name != plan_format) {
    format.refuse(Code::plan_version, "the format is `{}`, not `{}`", name, plan_format);
  }
  const JsonNode version = root.required("version");
  const std::int64_t number = version.integer();
  if (number < 1) version.refuse(Code::plan_malformed, "versions begin at 1");
  if (number > plan_version) {
    version.refuse(Code::plan_version, "this program reads plans up to version {}, not {}", plan_version, number);
  }
  for (const std::string& feature : list(root, "requires", [](const JsonNode& node) { return node.string(); })) {
    root.required("requires").refuse(Code::plan_version, "this program does not have the feature `{}`", feature);
  }
}

Plan read_body(const JsonNode& root) {
  Plan plan;
  plan.name = root.required("name").string();
  plan.doc = string_or_empty(root, "doc");
  plan.left = side(root.required("left"));
  plan.right = side(root.required("right"));
  plan.params = list(root, "params", param);
  plan.indexes = list(root, "indexes", index);
  plan.requirements = list(root, "requirements", requirement);
  plan.rules = list(root, "rules", rule);
  plan.ties = list(root, "ties", tie);
  plan.ignores = list(root, "ignores", ignore);
  plan.sources.files = list(root, "sources", source);
  return plan;
}

/// The plan that ranges point into is not handed out: without them they would point into something else.
Diagnostics without_ranges(Diagnostics diagnostics, std::string_view subject) {
  for (Diagnostic& diagnostic : diagnostics) {
    diagnostic.primary = {};
    diagnostic.secondary.clear();
    diagnostic.subject = subject;
  }
  return diagnostics;
}

Result<Plan> refused(Diagnostic problem, std::string_view subject) {
  if (problem.code == Code::plan_version) {
    problem.helps.emplace_back("compile the mapping again with this omap, or use the omap that wrote the plan");
  }
  return fail(std::move(problem).in(std::string(subject)));
}

}  // namespace

Result<Plan> read_plan(std::string_view text, std::string_view subject) {
  if (text.size() > PlanLimits::bytes) {
    return refused(Diagnostic(Code::plan_limit, "a plan has at most {} bytes, not {}", PlanLimits::bytes, text.size()),
                   subject);
  }
  const auto json = parse_json(text, subject, {PlanLimits::bytes, PlanLimits::json_depth});
  if (!json) return refused(Diagnostic(Code::plan_malformed, "{}", json.error().front().message), subject);

  PlanReading reading;
  const JsonNode root(*json, reading);
  read_preamble(root);
  if (reading.problem) return refused(*reading.problem, subject);
  Plan plan = read_body(root);
  if (reading.problem) return refused(*reading.problem, subject);
  Diagnostics found = verify(plan);
  if (has_errors(found)) return fail(without_ranges(std::move(found), subject));
  return plan;
}

}  // namespace omap
