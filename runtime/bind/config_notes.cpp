#include "runtime/bind/config_notes.h"

#include <fmt/ranges.h>

#include <string_view>
#include <utility>
#include <vector>

namespace omap {
namespace {

/// A path as it stands in its file: what is behind the side.
std::string path_text(const Expr& path) {
  if (path.op == Expr::Op::member) {
    const std::string above = path_text(path.args[0]);
    return above.empty() ? path.name : above + "." + path.name;
  }
  if (path.op == Expr::Op::item) return fmt::format("{}[{}]", path_text(path.args[0]), to_text(path.args[1]));
  return {};
}

/// The fields of `made` that `given` has with another value.
void collect_differing(const Value& made, const Value& given, const std::string& path,
                       std::vector<std::string>& fields) {
  const Value::Object* object = made.object();
  if (!object || !given.object()) {
    if (made != given) fields.push_back(path);
    return;
  }
  for (const auto& [name, member] : *object) {
    if (const Value* other = given.member(name))
      collect_differing(member, *other, path.empty() ? name : path + "." + name, fields);
  }
}

std::string reason(const NoValue& why, bool is_asked_for) {
  if (is_asked_for) return fmt::format("`{}` has no value", why.param);
  if (!why.tokenizer_file.empty()) return fmt::format("no {} was found", why.tokenizer_file);
  return fmt::format("it would come from {}", why.what);
}

}  // namespace

std::optional<Diagnostic> unknown_field(const Plan& plan, const ConfigLine& line, const Expr& target,
                                        const NoValue& why) {
  const Param* param = plan.find_param(why.param);
  const bool is_asked_for = param && !param->value;
  if (why.kind != NoValue::Kind::destination && why.tokenizer_file.empty() && !is_asked_for) return std::nullopt;
  const std::string_view file = config_root(target)->file;
  Diagnostic note(Code::config_field_unknown, line.range, "`{}` of `{}` is left out: {}", path_text(target), file,
                  reason(why, is_asked_for));
  note.primary.text = "by this line";
  if (!why.tokenizer_file.empty()) note.helps.push_back("name the directory of the tokenizer: `--tokenizer DIR`");
  if (param) note.helps.push_back(fmt::format("`--set {}=VALUE` gives it", why.param));
  note.helps.push_back(file == default_config_file ? "`--config FILE` gives the whole file; else add the field to it"
                                                   : "else add the field to the file");
  return note;
}

std::optional<Diagnostic> differing_fields(const std::string& file, const Value& made, const Value& given) {
  std::vector<std::string> fields;
  collect_differing(made, given, "", fields);
  if (fields.empty()) return std::nullopt;
  return Diagnostic(Code::config_given_differs, "the `{}` that is given has another `{}` than the checkpoint tells",
                    file, fmt::join(fields, "`, `"))
      .note("it is written as it was given")
      .help("look whether it is the config of this model");
}

}  // namespace omap
