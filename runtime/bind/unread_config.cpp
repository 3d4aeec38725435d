#include "runtime/bind/unread_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/bind/bind_config.h"
#include "runtime/json/json.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

/// What a plan may read of configs: by file, members by name, where a computed step may be any member.
struct ReadPaths {
  bool whole = false;
  /// Asked for, as by `present` or a comparison of two objects: what is in an object is not read by that.
  bool touched = false;
  std::map<std::string, ReadPaths> members;
  std::unique_ptr<ReadPaths> any;
};

/// The paths that a param of type `config` stands for: `hf.text_config ?? hf`. Nothing if it is more than that.
std::vector<const Expr*> choices(const Expr& value) {
  switch (value.op) {
    case Expr::Op::config:
    case Expr::Op::config_file:
    case Expr::Op::member:
    case Expr::Op::item:
      return {&value};
    case Expr::Op::coalesce: {
      std::vector<const Expr*> all;
      for (const Expr& arg : value.args) {
        const auto some = choices(arg);
        if (some.empty()) return {};
        all.insert(all.end(), some.begin(), some.end());
      }
      return all;
    }
    default:
      return {};
  }
}

/// By file, what anything in a plan may read of a side's configs.
class Reads {
 public:
  Reads(const Plan& plan, std::string_view side, const Configs& configs) : plan_(plan), side_(side), configs_(configs) {
    mark_plan();
  }

  std::map<std::string, ReadPaths> files;
  /// Params that stand for paths of params multiply: beyond a bound nothing is said.
  [[nodiscard]] bool gave_up() const { return steps_ > max_steps; }

 private:
  static constexpr std::size_t max_steps = 1'000'000;

  /// What a param stands for, if that is paths only.
  [[nodiscard]] std::vector<const Expr*> paths_of(const Expr& expr) const {
    const Param* param = expr.op == Expr::Op::param ? plan_.find_param(expr.name) : nullptr;
    return param && param->type == ParamType::config && param->value ? choices(*param->value)
                                                                     : std::vector<const Expr*>();
  }

  /// Where the members of what `path` gives are read: nowhere if it is no part of the side's configs.
  std::vector<ReadPaths*> read_at(const Expr& path) {
    if (++steps_ > max_steps) return {};
    if (path.op == Expr::Op::config || path.op == Expr::Op::config_file) {
      const auto root = config_root(path);
      if (root->side != side_) return {};
      return {&files[std::string(root->file)]};
    }
    std::vector<ReadPaths*> all;
    for (const Expr* choice : paths_of(path)) std::ranges::copy(read_at(*choice), std::back_inserter(all));
    if (path.op != Expr::Op::member && path.op != Expr::Op::item) return all;
    all = read_at(path.args[0]);
    if (path.op == Expr::Op::item && !is_readable(path.args[1])) return {};
    const bool of_param = path.op == Expr::Op::item && !paths_of(path.args[0]).empty() &&
                          !plan_.find_param(path.args[0].name)->index.empty();
    if (of_param) return all;
    for (ReadPaths*& of : all) {
      if (path.op == Expr::Op::item && !of->any) of->any = std::make_unique<ReadPaths>();
      of = path.op == Expr::Op::item ? of->any.get() : &of->members[path.name];
    }
    return all;
  }

  /// What a path of members gives; also what it gives of the other side's config, which is not there.
  [[nodiscard]] const Value* member_at(const Expr& path) const {
    if (path.op == Expr::Op::member) {
      const Value* object = member_at(path.args[0]);
      return object ? object->member(path.name) : nullptr;
    }
    const auto root = config_root(path);
    const auto file = root->side == side_ ? configs_.find(root->file) : configs_.end();
    return file == configs_.end() ? nullptr : &file->second;
  }

  /// Whether a position can have a value: nothing is read at `x[SIDE.y]` where the config has no `y`.
  [[nodiscard]] bool is_readable(const Expr& position) const {
    if (position.op == Expr::Op::member && config_root(position)) return member_at(position) != nullptr;
    return std::ranges::all_of(position.args, [&](const Expr& arg) { return is_readable(arg); });
  }

  /// Marks the longest paths of an expression as read in whole: `a.b.c` reads `c` and what is in it. That something is
  /// there, or is what something else is, says of an object nothing that is in it.
  void mark(const Expr& expr) {
    const std::vector<ReadPaths*> read = read_at(expr);
    for (ReadPaths* at : read) at->whole = true;
    if (!read.empty()) return mark_steps(expr);
    const bool compares = expr.op == Expr::Op::equal || expr.op == Expr::Op::not_equal;
    if (expr.op == Expr::Op::present || (compares && is_path(expr.args[0]) && is_path(expr.args[1]))) {
      return touch(expr.args);
    }
    for (const Expr& arg : expr.args) mark(arg);
    mark(expr.key);
  }

  [[nodiscard]] bool is_path(const Expr& expr) { return !read_at(expr).empty(); }

  void touch(const std::vector<Expr>& paths) {
    for (const Expr& path : paths) {
      for (ReadPaths* at : read_at(path)) at->touched = true;
      mark_steps(path);
    }
  }

  /// What the positions in a path read.
  void mark_steps(const Expr& path) {
    for (const Expr* step = &path; !step->args.empty(); step = &step->args[0]) {
      if (step->op == Expr::Op::item) mark(step->args[1]);
    }
  }

  void mark(const KeyTemplate& key) {
    for (const KeyPart& part : key.parts) {
      if (part.kind == KeyPart::Kind::placeholder) mark(part.expr);
    }
  }
  void mark(const std::optional<Expr>& expr) {
    if (expr) mark(*expr);
  }

  /// A param that stands for paths reads them where it is used.
  void mark(const Param& param) {
    const auto paths =
        param.value && param.type == ParamType::config ? choices(*param.value) : std::vector<const Expr*>();
    for (const Expr* path : paths) mark_steps(*path);
    if (paths.empty()) mark(param.value);
  }

  void mark(const Rule& rule) {
    mark(rule.when);
    for (const auto* terms : {&rule.left, &rule.right}) {
      for (const Term& term : *terms) {
        mark(term.key);
        for (const Operand* operand : operands_of(term)) mark(operand->key);
      }
    }
  }

  /// A line about the side's own config does not run where the side is read.
  void mark(const ConfigLine& line) {
    if (line.kind == ConfigLine::Kind::ignore) return mark(line.left);
    if (line.kind == ConfigLine::Kind::assignment && config_root(line.left)->side == side_) return;
    mark(line.left);
    mark(line.right);
    mark(line.when);
  }

  void mark_plan() {
    for (const Param& param : plan_.params) mark(param);
    for (const Index& index : plan_.indexes) {
      mark(index.list);
      mark(index.when);
    }
    for (const Requirement& requirement : plan_.requirements) mark(requirement.condition);
    for (const Note& note : plan_.notes) mark(note.when);
    for (const auto* rules : {&plan_.rules, &plan_.modules}) {
      for (const Rule& rule : *rules) mark(rule);
    }
    for (const Tie& tie : plan_.ties) {
      mark(tie.when);
      mark(tie.dropped);
      mark(tie.kept);
    }
    const auto mark_patterns = [&](const auto& patterns) {
      for (const auto& each : patterns) {
        mark(each.when);
        mark(each.pattern);
      }
    };
    mark_patterns(plan_.ignores);
    mark_patterns(plan_.sames);
    for (const ConfigLine& line : plan_.config) mark(line);
  }

  const Plan& plan_;
  std::string_view side_;
  const Configs& configs_;
  std::size_t steps_ = 0;
};

/// `path`, and what it has where the mapping has another value.
std::string spell_unread(const std::string& path, const Value& value, const Value* stands_for) {
  if (!stands_for) return fmt::format("`{}`", path);
  return fmt::format("`{}` ({}, where the mapping stands for {})", path, dump_json(value), dump_json(*stands_for));
}

/// `said` is what the mapping says of `value`, if anything. What is null says no more than what is not there.
void collect_unread(const Value& value, const std::vector<const ReadPaths*>& read, const Value* said,
                    const std::string& path, std::vector<std::string>& unread) {
  if (value.is_null() || std::ranges::any_of(read, &ReadPaths::whole)) return;
  if (said && *said == value) return;
  const bool entered = (said && said->object()) || std::ranges::any_of(read, [](const ReadPaths* at) {
                         return at->any || at->touched || !at->members.empty();
                       });
  const Value::Object* object = value.object();
  if (!object || !entered) {
    if (!entered) unread.push_back(spell_unread(path, value, said));
    return;
  }
  for (const auto& [name, member] : *object) {
    std::vector<const ReadPaths*> inside;
    for (const ReadPaths* at : read) {
      if (const auto found = at->members.find(name); found != at->members.end()) inside.push_back(&found->second);
      if (at->any) inside.push_back(at->any.get());
    }
    collect_unread(member, inside, said ? said->member(name) : nullptr,
                   path.empty() || path.ends_with(": ") ? path + name : path + "." + name, unread);
  }
}

}  // namespace

std::optional<Diagnostic> unread_config(const Plan& plan, Direction direction, const Configs& configs,
                                        Environment& environment) {
  if (plan.config.empty()) return std::nullopt;
  const std::string& side = plan.source_side(direction).name;
  const Reads reads(plan, side, configs);
  if (reads.gave_up()) return std::nullopt;
  const std::map<std::string, ReadPaths>& files = reads.files;
  const Configs said = said_of_source(plan, direction, environment);
  std::vector<std::string> unread;
  for (const auto& [name, value] : configs) {
    const auto read = files.find(name);
    const auto own = said.find(name);
    if (read == files.end() && own == said.end()) continue;
    std::vector<const ReadPaths*> at;
    if (read != files.end()) at.push_back(&read->second);
    collect_unread(value, at, own == said.end() ? nullptr : &own->second,
                   name == default_config_file ? "" : name + ": ", unread);
  }
  if (unread.empty()) return std::nullopt;
  constexpr std::size_t shown = 8;
  const std::size_t more = unread.size() > shown ? unread.size() - shown : 0;
  if (more > 0) unread.resize(shown);
  Diagnostic note(Code::config_unread, "of the config of `{}` nothing reads {}{}", side, fmt::join(unread, ", "),
                  more > 0 ? fmt::format(" and {} more fields", more) : "");
  if (is_standard(plan)) {
    return std::move(note).help("where they matter, give the config that is written: `--config FILE`");
  }
  return std::move(note).help(
      "carry a field over by a line of `config {{ }}`, or leave it out on purpose: `ignore {}.PATH`", side);
}

}  // namespace omap
