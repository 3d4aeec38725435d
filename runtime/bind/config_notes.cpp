#include "runtime/bind/config_notes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
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

std::optional<Diagnostic> unknown_field(const Plan& plan, const LeftOut& left) {
  const NoValue& why = left.why;
  const Param* param = plan.find_param(why.param);
  // What is said to be there for users to set, they are told to.
  const bool is_asked_for = param && !why.no_config && (!param->value || !param->doc.empty());
  if (why.kind != NoValue::Kind::destination && why.tokenizer_file.empty() && !is_asked_for) return std::nullopt;
  const std::string_view file = config_root(*left.target)->file;
  Diagnostic note(Code::config_field_unknown, left.line->range, "`{}` of `{}` is left out: {}", path_text(*left.target),
                  file, reason(why, is_asked_for));
  note.primary.text = "by this line";
  if (!why.tokenizer_file.empty()) note.helps.push_back("name the directory of the tokenizer: `--tokenizer DIR`");
  if (param) note.helps.push_back(fmt::format("`--set {}=VALUE` gives it", why.param));
  note.helps.push_back(file == default_config_file ? "`--config FILE` gives the whole file; else add the field to it"
                                                   : "else add the field to the file");
  return note;
}

/// Fields that the source's config would have told, of one file: said together.
Diagnostic untold(const Plan& plan, Direction direction, std::string_view file,
                  const std::vector<const LeftOut*>& all) {
  std::vector<std::string> fields, settings;
  for (const LeftOut* left : all) {
    fields.push_back(path_text(*left->target));
    const std::string& param = left->why.param;
    if (param.empty() || std::ranges::find(settings, param) != settings.end()) continue;
    settings.push_back(param);
  }
  Diagnostic note(Code::config_field_unknown, "`{}` lacks `{}`: `{}` has no config that tells {}", file,
                  fmt::join(fields, "`, `"), plan.source_side(direction).name, fields.size() == 1 ? "it" : "them");
  if (!settings.empty()) note.helps.push_back(fmt::format("`--set {}=VALUE`", fmt::join(settings, "=VALUE`, `--set ")));
  note.helps.push_back(file == default_config_file ? "`--config FILE` gives the whole file; else add them to it"
                                                   : "else add them to the file");
  return note;
}

}  // namespace

Diagnostics fields_left_out(const Plan& plan, Direction direction, const std::vector<LeftOut>& left_out) {
  Diagnostics notes;
  std::map<std::string_view, std::vector<const LeftOut*>> untold_fields;
  for (const LeftOut& left : left_out) {
    if (auto note = unknown_field(plan, left)) {
      notes.push_back(std::move(*note));
    } else if (left.why.no_config) {
      untold_fields[config_root(*left.target)->file].push_back(&left);
    }
  }
  for (const auto& [file, fields] : untold_fields) notes.push_back(untold(plan, direction, file, fields));
  return notes;
}

bool is_of_other_side(const Plan& plan, Direction direction, const Value& made, const std::string& file,
                      const Value& given) {
  const auto shares = [&](const Value& other) {
    return other.object() && std::ranges::any_of(*other.object(), [&](const auto& member) {
             return given.member(member.first) != nullptr;
           });
  };
  if (shares(made)) return false;
  bool known = false;
  const auto look = [&](const Expr& expr) {
    for_each_expr(expr, [&](const Expr& part) {
      if (part.op != Expr::Op::member || !part.args[0].args.empty()) return;
      const auto root = config_root(part);
      known = known ||
              (root && root->side == plan.source_side(direction).name && root->file == file && given.member(part.name));
    });
  };
  for (const Param& param : plan.params) {
    if (param.value) look(*param.value);
  }
  for (const ConfigLine& line : plan.config) {
    look(line.left);
    if (line.right) look(*line.right);
  }
  return known;
}

Diagnostic config_of_other_side(const Plan& plan, Direction direction, const std::string& file) {
  const std::string& wanted = plan.destination_side(direction).name;
  const std::string& other = plan.source_side(direction).name;
  return Diagnostic(Code::config_of_other_side, "the `{}` that is given is one of `{}`, and `{}` is written", file,
                    other, wanted)
      .help("give the `{}` that `{}` is to have; the source's is read where the source is", file, wanted);
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
