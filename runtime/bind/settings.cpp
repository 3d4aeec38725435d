#include <charconv>

#include "diagnostics/nearest.h"
#include "runtime/bind/bind.h"
#include "runtime/bind/offered_params.h"
#include "runtime/json/json.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

std::optional<Value> parse_value(const Param& param, const std::string& text) {
  const char* end = text.data() + text.size();
  if (param.list || !param.index.empty() || param.type == ParamType::config) {
    auto json = parse_json(text, "--set");
    const bool typed =
        json && (param.index.empty() ? has_type(*json, param.type, param.list) : json->list() != nullptr);
    return typed ? std::optional(std::move(*json)) : std::nullopt;
  }
  switch (param.type) {
    case ParamType::integer: {
      std::int64_t value = 0;
      const auto [at, error] = std::from_chars(text.data(), end, value);
      return error == std::errc() && at == end ? std::optional(Value(value)) : std::nullopt;
    }
    case ParamType::real: {
      double value = 0;
      const auto [at, error] = std::from_chars(text.data(), end, value);
      return error == std::errc() && at == end ? std::optional(Value(value)) : std::nullopt;
    }
    case ParamType::boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Value(text == "true");
    default:
      return Value(text);
  }
}

/// A name that there is nothing to set by: no param, or one (`is_internal`) that a standard mapping works out.
Diagnostic not_to_set(const Plan& plan, const std::string& name, bool is_internal) {
  std::vector<std::string> names;
  for (const Param& param : plan.params) {
    if (is_offered(plan, param)) names.push_back(param.name);
  }
  Diagnostic diagnostic = is_internal ? Diagnostic(Code::unknown_setting,
                                                   "`{}` works out `{}` itself: it is not to be set", plan.name, name)
                                      : Diagnostic(Code::unknown_setting, "`{}` has no param `{}`", plan.name, name);
  if (const auto near = nearest(name, names)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.push_back(names.empty() ? "this mapping has no params to set"
                                           : fmt::format("its params are `{}`", fmt::join(names, "`, `")));
  return diagnostic;
}

}  // namespace

Result<Settings> parse_settings(const Plan& plan, const std::vector<std::string>& texts) {
  Settings settings;
  Diagnostics problems;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    const Param* param = plan.find_param(name);
    // Who runs a standard mapping sets what it says is to be set: what is left are its steps and its safety checks.
    const bool is_internal = param && is_standard(plan) && !is_offered(plan, *param);
    if (!param || is_internal) {
      problems.push_back(not_to_set(plan, name, is_internal));
      continue;
    }
    auto value = equals == std::string::npos ? std::nullopt : parse_value(*param, text.substr(equals + 1));
    if (!value) {
      const std::string type = param->list || !param->index.empty() ? fmt::format("[{}]", to_text(param->type))
                                                                    : std::string(to_text(param->type));
      problems.push_back(Diagnostic(Code::value_type, param->range, "`--set {}` is no value of type `{}`", text, type)
                             .label("declared here")
                             .help("write `--set {}=VALUE`", name));
    } else if (!settings.emplace(name, std::move(*value)).second) {
      problems.push_back(Diagnostic(Code::unknown_setting, "`--set {}` is given twice", name));
    }
  }
  if (!problems.empty()) return fail(std::move(problems));
  return settings;
}

}  // namespace omap
