#include "runtime/bind/unread_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/json/json.h"
#include "runtime/plan/standard_plan.h"

namespace omap {
namespace {

/// What a plan may read of configs: by file, members by name, where a computed step may be any member.
struct ReadPaths {
  bool whole = false;
  /// What lines write here where the side is written: read from it, it says nothing else, so nothing is lost.
  std::vector<const Value*> stood_for;
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
  Reads(const Plan& plan, std::string_view side) : plan_(plan), side_(side) { mark_plan(); }

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
    const bool of_param = path.op == Expr::Op::item && !paths_of(path.args[0]).empty() &&
                          !plan_.find_param(path.args[0].name)->index.empty();
    if (of_param) return all;
    for (ReadPaths*& of : all) {
      if (path.op == Expr::Op::item && !of->any) of->any = std::make_unique<ReadPaths>();
      of = path.op == Expr::Op::item ? of->any.get() : &of->members[path.name];
    }
    return all;
  }

  /// Marks the longest paths of an expression as read in whole: `a.b.c` reads `c` and what is in it.
  void mark(const Expr& expr) {
    const std::vector<ReadPaths*> read = read_at(expr);
    for (ReadPaths* at : read) at->whole = true;
    if (!read.empty()) return mark_steps(expr);
    for (const Expr& arg : expr.args) mark(arg);
    mark(expr.key);
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

  /// A path that is given a fixed value where its side is written is read only as far as the source has that value.
  void mark_target(const ConfigLine& line) {
    const bool is_fixed = line.kind == ConfigLine::Kind::assignment && line.right->op == Expr::Op::literal;
    if (!is_fixed) return mark(line.left);
    for (ReadPaths* at : read_at(line.left)) at->stood_for.push_back(&line.right->value);
    mark_steps(line.left);
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
    for (const ConfigLine& line : plan_.config) {
      mark_target(line);
      mark(line.right);
      mark(line.when);
    }
  }

  const Plan& plan_;
  std::string_view side_;
  std::size_t steps_ = 0;
};

bool same_value(const Value& a, const Value& b) {
  return a.is_number() && b.is_number() ? a.number() == b.number() : a == b;
}

/// `path`, and what it has where the mapping stands for other values.
std::string spell_unread(const std::string& path, const Value& value, const std::vector<const Value*>& stood_for) {
  if (stood_for.empty()) return fmt::format("`{}`", path);
  std::vector<std::string> others;
  for (const Value* other : stood_for) others.push_back(dump_json(*other));
  return fmt::format("`{}` ({}, where the mapping stands for {})", path, dump_json(value), fmt::join(others, " or "));
}

void collect_unread(const Value& value, const std::vector<const ReadPaths*>& read, const std::string& path,
                    std::vector<std::string>& unread) {
  if (std::ranges::any_of(read, &ReadPaths::whole)) return;
  const bool entered = std::ranges::any_of(read, [](const ReadPaths* at) { return at->any || !at->members.empty(); });
  const Value::Object* object = value.object();
  std::vector<const Value*> stood_for;
  for (const ReadPaths* at : read) std::ranges::copy(at->stood_for, std::back_inserter(stood_for));
  if (std::ranges::any_of(stood_for, [&](const Value* other) { return same_value(*other, value); })) return;
  if (!entered || !object) {
    if (!entered) unread.push_back(spell_unread(path, value, stood_for));
    return;
  }
  for (const auto& [name, member] : *object) {
    std::vector<const ReadPaths*> inside;
    for (const ReadPaths* at : read) {
      if (const auto found = at->members.find(name); found != at->members.end()) inside.push_back(&found->second);
      if (at->any) inside.push_back(at->any.get());
    }
    collect_unread(member, inside, path.empty() || path.ends_with(": ") ? path + name : path + "." + name, unread);
  }
}

}  // namespace

std::optional<Diagnostic> unread_config(const Plan& plan, Direction direction, const Configs& configs) {
  if (plan.config.empty()) return std::nullopt;
  const std::string& side = plan.source_side(direction).name;
  const Reads reads(plan, side);
  if (reads.gave_up()) return std::nullopt;
  const std::map<std::string, ReadPaths>& files = reads.files;
  std::vector<std::string> unread;
  for (const auto& [name, value] : configs) {
    const auto read = files.find(name);
    if (read == files.end()) continue;
    collect_unread(value, {&read->second}, name == default_config_file ? "" : name + ": ", unread);
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
