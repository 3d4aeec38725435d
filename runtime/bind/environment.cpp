#include "runtime/bind/environment.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "runtime/bind/offered_params.h"
#include "runtime/bind/operators.h"
#include "runtime/tokenizer/tokenizer_names.h"

namespace omap {
namespace {

using Op = Expr::Op;

tl::unexpected<NoValue> missing(std::string what) {
  return tl::unexpected(NoValue{NoValue::Kind::missing, std::move(what)});
}
tl::unexpected<NoValue> failed(std::string what, Code code = Code::evaluation_failed) {
  return tl::unexpected(NoValue{NoValue::Kind::failed, std::move(what), code});
}
tl::unexpected<NoValue> of_destination(std::string what) {
  return tl::unexpected(NoValue{NoValue::Kind::destination, std::move(what)});
}

const Value* find(const Scope& scope, std::string_view name) {
  const auto found = std::find_if(scope.rbegin(), scope.rend(), [&](const auto& entry) { return entry.first == name; });
  return found == scope.rend() ? nullptr : &found->second;
}

}  // namespace

std::optional<std::string> key_text(const Value& value) {
  if (value.integer()) return std::to_string(*value.integer());
  if (value.string()) return *value.string();
  return std::nullopt;
}

bool has_type(const Value& value, ParamType type, bool list) {
  if (list) {
    return value.list() && std::all_of(value.list()->begin(), value.list()->end(),
                                       [&](const Value& item) { return has_type(item, type, false); });
  }
  switch (type) {
    case ParamType::integer:
      return value.integer() != nullptr;
    case ParamType::real:
      return value.is_number();
    case ParamType::boolean:
      return value.boolean() != nullptr;
    case ParamType::string:
    case ParamType::dtype:
      return value.string() != nullptr;
    case ParamType::config:
      return true;
  }
  return false;
}

Environment::Environment(const Plan& plan, Direction direction, const SourceKeys& source, const Configs& configs,
                         const Configs& tokenizer, const Settings& settings)
    : plan_(plan),
      source_side_(plan.source_side(direction).name),
      source_(source),
      configs_(configs),
      tokenizer_(tokenizer),
      settings_(settings) {}

Evaluated Environment::evaluate(const Expr& expr, const Scope& scope) {
  if (depth_ == max_depth) {
    return failed(fmt::format("a value needs others, nested more than {} deep", max_depth), Code::plan_limit);
  }
  ++depth_;
  Evaluated value = evaluate_here(expr, scope);
  --depth_;
  return value;
}

Evaluated Environment::evaluate(const Expr& expr, const Scope& scope, const SourceKeys& written) {
  written_ = &written;
  Evaluated value = evaluate(expr, scope);
  written_ = nullptr;
  return value;
}

Evaluated Environment::evaluate_here(const Expr& expr, const Scope& scope) {
  switch (expr.op) {
    case Op::literal:
      return expr.value;
    case Op::param:
      return param(expr.name);
    case Op::index:
      if (const Value* value = find(scope, expr.name)) return *value;
      return failed(fmt::format("`{}` has no value here", expr.name));
    case Op::index_list: {
      const auto& values = index_values(expr.name);
      if (!values) return tl::unexpected(values.error());
      return Value(Value::List(*values));
    }
    case Op::config:
    case Op::config_file:
      return config(expr);
    case Op::member:
      return member(expr, scope);
    case Op::item:
      return item(expr, scope);
    case Op::coalesce:
      return coalesce(expr, scope);
    case Op::conditional:
    case Op::logical_and:
    case Op::logical_or:
    case Op::logical_not:
      return logical(expr, scope);
    case Op::present:
      return present(expr, scope);
    case Op::present_key:
    case Op::extent:
    case Op::dtype:
      return of_tensor(expr, scope);
    case Op::count:
      return count(expr, scope);
    default:
      return operation(expr, scope);
  }
}

Evaluated Environment::config(const Expr& expr) {
  const std::string file = expr.op == Op::config ? std::string(default_config_file) : *expr.value.string();
  if (is_tokenizer_file(file)) return tokenizer_config(expr, file);
  if (expr.name != source_side_) return of_destination(fmt::format("the config of `{}`", expr.name));
  if (const auto found = configs_.find(file); found != configs_.end()) return found->second;
  missed_config_ = missed_config_ || expr.op == Op::config;
  NoValue none{NoValue::Kind::missing, fmt::format("a {} of `{}`", expr.op == Op::config ? "config" : file, expr.name)};
  none.no_config = expr.op == Op::config || configs_.empty();
  return tl::unexpected(std::move(none));
}

/// The same for both sides: it is carried over as it is.
Evaluated Environment::tokenizer_config(const Expr& expr, const std::string& file) {
  if (const auto found = tokenizer_.find(file); found != tokenizer_.end()) return found->second;
  const auto found = expr.name == source_side_ ? configs_.find(file) : configs_.end();
  if (found != configs_.end()) return found->second;
  NoValue none{NoValue::Kind::missing, fmt::format("a {}", file)};
  none.tokenizer_file = file;
  return tl::unexpected(std::move(none));
}

Evaluated Environment::operation(const Expr& expr, const Scope& scope) {
  std::vector<Value> operands;
  operands.reserve(expr.args.size());
  for (const Expr& arg : expr.args) {
    Evaluated value = evaluate(arg, scope);
    if (!value) return value;
    operands.push_back(std::move(*value));
  }
  return apply_operator(expr.op, operands);
}

Evaluated Environment::member(const Expr& expr, const Scope& scope) {
  const Evaluated object = evaluate(expr.args[0], scope);
  if (!object) return object;
  const Value* value = object->member(expr.name);
  if (!value || value->is_null()) return missing(fmt::format("`{}`", to_text(expr)));
  return *value;
}

Evaluated Environment::item(const Expr& expr, const Scope& scope) {
  const Evaluated at = evaluate(expr.args[1], scope);
  if (!at) return at;
  if (expr.args[0].op == Op::param) {
    const Param* param = plan_.find_param(expr.args[0].name);
    if (param && !param->index.empty()) return indexed_param(*param, *at);
  }
  const Evaluated list = evaluate(expr.args[0], scope);
  if (!list) return list;
  if (list->object()) {
    const auto name = key_text(*at);
    const Value* value = name ? list->member(*name) : nullptr;
    if (!value || value->is_null()) return missing(fmt::format("`{}`", to_text(expr)));
    return *value;
  }
  if (!list->list()) return missing(fmt::format("`{}`", to_text(expr)));
  const std::int64_t* position = at->integer();
  if (!position) return failed(fmt::format("a list is read at an int, not at {}", at->type_name()), Code::value_type);
  const auto size = static_cast<std::int64_t>(list->list()->size());
  if (*position < 0 || *position >= size) {
    return failed(fmt::format("`{}` reads item {} of a list of {}", to_text(expr), *position, size));
  }
  return (*list->list())[static_cast<std::size_t>(*position)];
}

/// A literal stands in for what the source lacks, never for what only the destination would know.
Evaluated Environment::coalesce(const Expr& expr, const Scope& scope) {
  std::optional<NoValue> why;
  for (const Expr& arg : expr.args) {
    if (arg.op == Op::literal && why && why->kind == NoValue::Kind::destination) return tl::unexpected(*why);
    Evaluated value = evaluate(arg, scope);
    if (value || value.error().kind == NoValue::Kind::failed) return value;
    std::string tokenizer_file = why ? std::move(why->tokenizer_file) : std::string();
    const bool no_config = value.error().no_config || (why && why->no_config);
    if (!why || why->kind == NoValue::Kind::destination) why = std::move(value.error());
    if (why->tokenizer_file.empty()) why->tokenizer_file = std::move(tokenizer_file);
    why->no_config = no_config;
  }
  return tl::unexpected(*why);
}

Evaluated Environment::logical(const Expr& expr, const Scope& scope) {
  Evaluated first = evaluate(expr.args[0], scope);
  if (!first) return first;
  const bool* truth = first->boolean();
  if (!truth)
    return failed(fmt::format("`{}` is {}, not a bool", to_text(expr.args[0]), first->type_name()), Code::value_type);
  switch (expr.op) {
    case Op::logical_not:
      return Value(!*truth);
    case Op::conditional:
      return evaluate(expr.args[*truth ? 1 : 2], scope);
    default:
      break;
  }
  if (*truth == (expr.op == Op::logical_or)) return first;
  Evaluated second = evaluate(expr.args[1], scope);
  if (second && !second->boolean()) {
    return failed(fmt::format("`{}` is {}, not a bool", to_text(expr.args[1]), second->type_name()), Code::value_type);
  }
  return second;
}

Evaluated Environment::present(const Expr& expr, const Scope& scope) {
  const Evaluated value = evaluate(expr.args[0], scope);
  if (value) return Value(true);
  if (value.error().kind == NoValue::Kind::missing) return Value(false);
  return value;
}

const SourceKeys* Environment::keys_of(std::string_view side) const {
  return side == source_side_ ? &source_ : written_;
}

Evaluated Environment::of_tensor(const Expr& expr, const Scope& scope) {
  const SourceKeys* keys = keys_of(expr.name);
  if (!keys) return of_destination(fmt::format("the checkpoint of `{}`", expr.name));
  const auto texts = key_texts(expr.key, scope);
  if (!texts) return tl::unexpected(texts.error());
  std::optional<std::uint32_t> tensor;
  for (const std::string& text : *texts) {
    if (!tensor) tensor = keys->find(text);
  }
  if (expr.op == Op::present_key) return Value(tensor.has_value());
  if (!tensor) return missing(fmt::format("the tensor `{}`", texts->front()));
  const TensorInfo& info = keys->index().tensors()[*tensor];
  if (expr.op == Op::dtype) {
    std::string name(omap::name(info.dtype));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    return Value(std::move(name));
  }
  const Evaluated dim = evaluate(expr.args[0], scope);
  if (!dim) return dim;
  const auto rank = static_cast<std::int64_t>(info.shape.size());
  if (!dim->integer() || *dim->integer() < 0 || *dim->integer() >= rank) {
    return failed(
        fmt::format("`{}` asks for a dimension that `{}`, of rank {}, does not have", to_text(expr), info.key, rank));
  }
  return Value(info.shape[static_cast<std::size_t>(*dim->integer())]);
}

Evaluated Environment::count(const Expr& expr, const Scope& scope) {
  const SourceKeys* keys = keys_of(expr.name);
  if (!keys) return of_destination(fmt::format("the checkpoint of `{}`", expr.name));
  const auto pattern = matcher(expr.key, scope);
  if (!pattern) return tl::unexpected(pattern.error());
  std::int64_t greatest = -1;
  for (std::uint32_t tensor = 0; tensor < keys->index().tensors().size(); ++tensor) {
    const auto key = keys->key(tensor);
    if (!key) continue;
    if (const auto numbers = pattern->match(*key)) greatest = std::max(greatest, numbers->front());
  }
  if (greatest < 0) return missing(fmt::format("a tensor like `{}`", to_text(expr.key)));
  if (greatest == INT64_MAX) return failed("a number in a key exceeds 64 bits");
  return Value(greatest + 1);
}

std::vector<std::string> Environment::unread_settings() const {
  std::vector<std::string> unread;
  for (const auto& [name, value] : settings_) {
    if (!read_settings_.contains(name)) unread.push_back(name);
  }
  return unread;
}

Evaluated Environment::param(std::string_view name) {
  const std::string key(name);
  if (const auto known = params_.find(key); known != params_.end()) return known->second;
  const Param* param = plan_.find_param(name);
  if (!param) return failed(fmt::format("no param `{}`", name));
  Evaluated value = [&]() -> Evaluated {
    if (param->index.empty() || settings_.contains(name)) return param_value(*param, {});
    const auto& at = index_values(param->index);
    if (!at) return tl::unexpected(at.error());
    Value::List values;
    for (const Value& i : *at) {
      Evaluated one = indexed_param(*param, i);
      if (!one) return one;
      values.push_back(std::move(*one));
    }
    return Value(std::move(values));
  }();
  return params_.emplace(key, std::move(value)).first->second;
}

Evaluated Environment::indexed_param(const Param& param, const Value& at) {
  const auto text = key_text(at);
  if (!text) return failed(fmt::format("`{}` is read at {}", param.name, at.type_name()), Code::value_type);
  const std::string key = param.name + "[" + *text + "]";
  if (const auto known = params_.find(key); known != params_.end()) return known->second;
  Evaluated value = [&]() -> Evaluated {
    const auto& values = index_values(param.index);
    if (!values) return tl::unexpected(values.error());
    const auto position = std::find(values->begin(), values->end(), at);
    if (position == values->end()) return failed(fmt::format("`{}` has no value for {}", param.name, *text));
    const auto setting = settings_.find(param.name);
    if (setting == settings_.end()) return param_value(param, {{param.index, at}});
    read_settings_.insert(param.name);
    const auto place = static_cast<std::size_t>(position - values->begin());
    if (!setting->second.list() || place >= setting->second.list()->size()) {
      return failed(fmt::format("`--set {}` has too few values", param.name), Code::value_type);
    }
    return (*setting->second.list())[place];
  }();
  return params_.emplace(key, std::move(value)).first->second;
}

Evaluated Environment::param_value(const Param& param, const Scope& scope) {
  if (const auto setting = settings_.find(param.name); setting != settings_.end()) {
    read_settings_.insert(param.name);
    return setting->second;
  }
  if (!param.value) {
    NoValue none{NoValue::Kind::missing, fmt::format("a value for `{}`", param.name)};
    none.param = param.name;
    return tl::unexpected(std::move(none));
  }
  const bool missed_before = std::exchange(missed_config_, false);
  const SourceKeys* const written = std::exchange(written_, nullptr);
  Evaluated value = evaluate(*param.value, scope);
  written_ = written;
  if (value && missed_config_ && scope.empty()) stand_ins_.emplace_back(param.name, *value);
  missed_config_ = missed_config_ || missed_before;
  if (!value && value.error().param.empty() && is_offered(plan_, param)) value.error().param = param.name;
  if (value && !has_type(*value, param.type, param.list)) {
    return tl::unexpected(NoValue{NoValue::Kind::failed,
                                  fmt::format("param `{}` is declared {} and its value is {}", param.name,
                                              to_text(param.type), value->type_name()),
                                  Code::value_type, param.name});
  }
  return value;
}

const tl::expected<std::vector<Value>, NoValue>& Environment::index_values(const std::string& name) {
  if (const auto known = indexes_.find(name); known != indexes_.end()) return known->second;
  const Index* index = plan_.find_index(name);
  const SourceKeys* const written = std::exchange(written_, nullptr);
  auto values = index ? evaluate_index(*index)
                      : tl::expected<std::vector<Value>, NoValue>(failed(fmt::format("no index `{}`", name)));
  written_ = written;
  return indexes_.emplace(name, std::move(values)).first->second;
}

tl::expected<std::vector<Value>, NoValue> Environment::evaluate_index(const Index& index) {
  const Evaluated list = evaluate(index.list);
  if (!list) return tl::unexpected(list.error());
  if (!list->list()) {
    return failed(fmt::format("index `{}` runs over {}, not a list", index.name, list->type_name()), Code::value_type);
  }
  std::vector<Value> values;
  for (const Value& value : *list->list()) {
    if (!key_text(value)) {
      return failed(fmt::format("index `{}` has a value of type {}", index.name, value.type_name()), Code::value_type);
    }
    if (index.when) {
      const Evaluated chosen = evaluate(*index.when, {{index.name, value}});
      if (!chosen) return tl::unexpected(chosen.error());
      if (!chosen->boolean())
        return failed(fmt::format("the condition of index `{}` is no bool", index.name), Code::value_type);
      if (!*chosen->boolean()) continue;
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace omap
