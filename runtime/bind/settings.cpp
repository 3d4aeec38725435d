#include <charconv>

#include "diagnostics/nearest.h"
#include "runtime/bind/bind.h"
#include "runtime/bind/offered_params.h"
#include "runtime/json/json.h"

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

Diagnostic unknown(const Plan& plan, const std::string& name) {
  std::vector<std::string> names;
  for (const Param& param : plan.params) {
    if (is_offered(plan, param)) names.push_back(param.name);
  }
  Diagnostic diagnostic(Code::unknown_setting, "`{}` has no param `{}`", plan.name, name);
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
    if (!param) {
      problems.push_back(unknown(plan, name));
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
