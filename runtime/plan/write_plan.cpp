#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/json/json.h"
#include "runtime/plan/expr_json.h"
#include "runtime/plan/plan_json.h"
#include "runtime/plan/shape_json.h"
#include "runtime/plan/version.h"

namespace omap {
namespace {

/// An object in the making: what is false, empty or absent is left out.
class Members {
 public:
  Members& set(std::string_view name, Value value) {
    members_.emplace_back(name, std::move(value));
    return *this;
  }
  Members& flag(std::string_view name, bool value) { return value ? set(name, true) : *this; }
  Members& text(std::string_view name, const std::string& value) { return value.empty() ? *this : set(name, value); }
  Members& expr(std::string_view name, const std::optional<Expr>& value) {
    return value ? set(name, expr_to_json(*value)) : *this;
  }
  Members& at(SourceRange range) {
    if (!range.known()) return *this;
    const auto number = [](std::uint32_t n) { return Value(std::int64_t{n}); };
    return set("at", Value::List{number(range.file), number(range.begin), number(range.end)});
  }
  operator Value() && {
    std::sort(members_.begin(), members_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    return std::move(members_);
  }

 private:
  Value::Object members_;
};

Value to_json(const SideDeclaration& side) {
  return std::move(Members().set("name", side.name).text("format", side.format).text("root", side.root));
}

Value to_json(const Param& param) {
  return std::move(Members()
                       .at(param.range)
                       .set("name", param.name)
                       .set("type", to_text(param.type))
                       .flag("list", param.list)
                       .text("index", param.index)
                       .text("doc", param.doc)
                       .expr("value", param.value));
}

Value to_json(const Index& index) {
  return std::move(
      Members().at(index.range).set("name", index.name).set("in", expr_to_json(index.list)).expr("when", index.when));
}

Value to_json(const Requirement& requirement) {
  return std::move(Members()
                       .at(requirement.range)
                       .set("condition", expr_to_json(requirement.condition))
                       .text("message", requirement.message));
}

Value to_json(const Note& note) {
  return std::move(Members().at(note.range).set("side", note.side).set("text", note.text).expr("when", note.when));
}

Value to_json(const ValueOp& op) {
  Value::List step{op_sign(op.kind)};
  if (const double* number = std::get_if<double>(&op.operand)) {
    step.emplace_back(*number);
  } else if (const std::string* param = std::get_if<std::string>(&op.operand)) {
    step.emplace_back(*param);
  } else {
    const Operand& operand = std::get<Operand>(op.operand);
    step.push_back(std::move(
        Members().at(operand.range).set("key", key_to_json(operand.key)).set("shape", shape_to_json(operand.shape))));
  }
  return step;
}

Value to_json(const Term& term) {
  Members members;
  members.at(term.range).expr("as", term.as);
  if (term.is_tensor()) members.set("key", key_to_json(term.key));
  if (term.fill) members.set("fill", *term.fill);
  if (term.shape) members.set("shape", shape_to_json(*term.shape));
  if (!term.ops.empty()) {
    Value::List ops;
    for (const ValueOp& op : term.ops) ops.push_back(to_json(op));
    members.set("ops", std::move(ops));
  }
  return members;
}

Value to_json(const std::vector<Term>& terms) {
  Value::List all;
  for (const Term& term : terms) all.push_back(to_json(term));
  return all;
}

std::string_view arrow_text(bool to_right, bool to_left) {
  return to_right && to_left ? "<->" : (to_right ? "->" : "<-");
}

Value to_json(const Rule& rule) {
  return std::move(Members()
                       .at(rule.range)
                       .set("arrow", arrow_text(rule.to_right, rule.to_left))
                       .flag("optional", rule.optional)
                       .flag("inexact", is_inexact(rule))
                       .set("left", to_json(rule.left))
                       .set("right", to_json(rule.right))
                       .expr("when", rule.when));
}

Value to_json(const Tie& tie) {
  return std::move(Members()
                       .at(tie.range)
                       .set("side", tie.side)
                       .set("dropped", key_to_json(tie.dropped))
                       .set("kept", key_to_json(tie.kept))
                       .expr("when", tie.when));
}

Value to_json(const Ignore& ignore) {
  return std::move(Members()
                       .at(ignore.range)
                       .set("side", ignore.side)
                       .set("pattern", key_to_json(ignore.pattern))
                       .expr("when", ignore.when));
}

Value to_json(const Same& same) {
  return std::move(Members().at(same.range).set("pattern", key_to_json(same.pattern)).expr("when", same.when));
}

Value to_json(const ConfigLine& line) {
  Members members;
  members.at(line.range).set("left", expr_to_json(line.left)).expr("right", line.right).expr("when", line.when);
  switch (line.kind) {
    case ConfigLine::Kind::equation:
      return std::move(members.set("arrow", arrow_text(line.to_right, line.to_left)));
    case ConfigLine::Kind::assignment:
      return std::move(members.set("arrow", "="));
    case ConfigLine::Kind::ignore:
      break;
  }
  return std::move(members.set("arrow", "ignore"));
}

Value to_json(const SourceFile& file) { return std::move(Members().set("name", file.name()).set("text", file.text())); }

/// One element a line.
template <class Element>
std::string list_text(const std::vector<Element>& elements) {
  std::string text = "[";
  for (const Element& element : elements) {
    text += &element == &elements.front() ? "\n" : ",\n";
    text += dump_json(to_json(element));
  }
  text += "\n]";
  return text;
}

}  // namespace

std::vector<std::string_view> required_features(const Plan& plan) {
  const auto has_values = [](const Term& term) { return !term.ops.empty() || term.as || term.fill; };
  std::vector<std::string_view> features;
  if (!plan.sames.empty()) features.push_back(same_feature);
  if (std::ranges::any_of(plan.rules, [&](const Rule& rule) {
        return std::ranges::any_of(rule.left, has_values) || std::ranges::any_of(rule.right, has_values);
      })) {
    features.push_back(values_feature);
  }
  if (std::ranges::any_of(plan.config, [](const ConfigLine& line) { return !config_root(line.left); })) {
    features.push_back(ignored_params_feature);
  }
  return features;
}

std::string write_plan(const Plan& plan) {
  std::map<std::string_view, std::string> members;  // texts
  const auto list = [&](std::string_view name, const auto& elements) {
    if (!elements.empty()) members[name] = list_text(elements);
  };
  members["format"] = dump_json(plan_format);
  members["version"] = dump_json(plan_version);
  members["producer"] = dump_json("omap " + std::string(omap_version));
  const auto features = required_features(plan);
  members["requires"] = dump_json(Value::List(features.begin(), features.end()));
  members["name"] = dump_json(plan.name);
  if (!plan.doc.empty()) members["doc"] = dump_json(plan.doc);
  members["left"] = dump_json(to_json(plan.left));
  members["right"] = dump_json(to_json(plan.right));
  list("params", plan.params);
  list("indexes", plan.indexes);
  list("requirements", plan.requirements);
  list("notes", plan.notes);
  list("rules", plan.rules);
  list("ties", plan.ties);
  list("ignores", plan.ignores);
  list("sames", plan.sames);
  list("config", plan.config);
  list("modules", plan.modules);
  list("sources", plan.sources.files);

  std::string text;
  for (const auto& [name, value] : members) {
    text += text.empty() ? "{\n" : ",\n";
    text += dump_json(name);
    text += ':';
    text += value;
  }
  text += "\n}\n";
  return text;
}

}  // namespace omap
