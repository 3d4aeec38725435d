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
          string_or_empty(node, "index"), optional_expr(node, "value"),     range(node),
          string_or_empty(node, "doc")};
}

Index index(const JsonNode& node) {
  return {node.required("name").string(), expr_from_json(node.required("in")), optional_expr(node, "when"),
          range(node)};
}

Requirement requirement(const JsonNode& node) {
  return {expr_from_json(node.required("condition")), string_or_empty(node, "message"), range(node)};
}

Note note(const JsonNode& node) {
  return {node.required("side").string(), node.required("text").string(), optional_expr(node, "when"), range(node)};
}

ValueOp value_op(const JsonNode& node) {
  node.count_element();
  ValueOp op;
  if (!node.has_size(2)) return op;
  const std::string sign = node.item(0).string();
  const auto kind = value_op_from_sign(sign);
  if (!kind) node.refuse(Code::plan_malformed, "`{}` is no arithmetic", sign);
  op.kind = kind.value_or(ValueOp::Kind::add);
  const JsonNode operand = node.item(1);
  if (operand.value().is_number()) {
    op.operand = operand.value().number();
  } else if (operand.value().string()) {
    op.operand = operand.string();
  } else {
    op.operand =
        Operand{key_from_json(operand.required("key")), shape_from_json(operand.required("shape")), range(operand)};
  }
  return op;
}

Term term(const JsonNode& node) {
  Term term;
  if (const auto fill = node.member("fill")) {
    if (!fill->value().is_number()) fill->refuse(Code::plan_malformed, "a number is wanted");
    term.fill = fill->value().is_number() ? fill->value().number() : 0;
  } else {
    term.key = key_from_json(node.required("key"));
  }
  if (const auto shape = node.member("shape")) term.shape = shape_from_json(*shape);
  term.ops = list(node, "ops", value_op);
  term.as = optional_expr(node, "as");
  term.range = range(node);
  return term;
}

struct Arrow {
  bool to_right = true;
  bool to_left = true;
};

Arrow arrow(const JsonNode& node) {
  const JsonNode member = node.required("arrow");
  const std::string text = member.string();
  if (text != "<->" && text != "->" && text != "<-") {
    member.refuse(Code::plan_malformed, "`<->`, `->` or `<-` is wanted, not `{}`", text);
  }
  return {text != "<-", text != "->"};
}

Rule rule(const JsonNode& node) {
  Rule rule;
  const Arrow direction = arrow(node);
  rule.to_right = direction.to_right;
  rule.to_left = direction.to_left;
  rule.optional = flag(node, "optional");
  rule.left = node.required("left").each(0, term);
  rule.right = node.required("right").each(0, term);
  rule.when = optional_expr(node, "when");
  rule.range = range(node);
  if (flag(node, "inexact") != is_inexact(rule)) {
    node.refuse(Code::plan_malformed, "a rule is `inexact` if it computes or casts, and only then");
  }
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

Same same(const JsonNode& node) {
  return {key_from_json(node.required("pattern")), optional_expr(node, "when"), range(node)};
}

ConfigLine config_line(const JsonNode& node) {
  ConfigLine line;
  line.left = expr_from_json(node.required("left"));
  line.right = optional_expr(node, "right");
  line.when = optional_expr(node, "when");
  line.range = range(node);
  const std::string text = node.required("arrow").string();
  if (text == "=" || text == "ignore") {
    line.kind = text == "=" ? ConfigLine::Kind::assignment : ConfigLine::Kind::ignore;
  } else {
    const Arrow direction = arrow(node);
    line.to_right = direction.to_right;
    line.to_left = direction.to_left;
  }
  return line;
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
    if (feature == values_feature || feature == same_feature || feature == ignored_params_feature) continue;
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
  plan.notes = list(root, "notes", note);
  plan.rules = list(root, "rules", rule);
  plan.ties = list(root, "ties", tie);
  plan.ignores = list(root, "ignores", ignore);
  plan.sames = list(root, "sames", same);
  plan.config = list(root, "config", config_line);
  plan.modules = list(root, "modules", rule);
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

/// The JSON is gone when it returns: what verification needs may take its place.
Result<Plan> read_unverified(std::string_view text, std::string_view subject) {
  const auto json = parse_json(text, subject, {PlanLimits::bytes, PlanLimits::json_depth});
  if (!json) return refused(Diagnostic(Code::plan_malformed, "{}", json.error().front().message), subject);

  PlanReading reading;
  const JsonNode root(*json, reading);
  read_preamble(root);
  if (reading.problem) return refused(*reading.problem, subject);
  Plan plan = read_body(root);
  if (reading.problem) return refused(*reading.problem, subject);
  return plan;
}

}  // namespace

Result<Plan> read_plan(std::string_view text, std::string_view subject) {
  if (text.size() > PlanLimits::bytes) {
    return refused(Diagnostic(Code::plan_limit, "a plan has at most {} bytes, not {}", PlanLimits::bytes, text.size()),
                   subject);
  }
  auto plan = read_unverified(text, subject);
  if (!plan) return plan;
  Diagnostics found = verify(*plan);
  if (has_errors(found)) return fail(without_ranges(std::move(found), subject));
  return plan;
}

}  // namespace omap
