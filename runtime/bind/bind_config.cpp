#include "runtime/bind/bind_config.h"

#include <algorithm>
#include <set>

#include "runtime/bind/config_dtype.h"
#include "runtime/bind/config_notes.h"
#include "runtime/bind/expand_rule.h"
#include "runtime/tokenizer/tokenizer_names.h"

namespace omap {
namespace {

/// Where a value goes: the names of members, outermost first.
struct WrittenPath {
  std::string file;
  std::vector<std::string> names;
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(names, ".")); }
};

tl::expected<WrittenPath, NoValue> written_path(const Expr& path, Environment& environment, const Scope& scope) {
  WrittenPath written;
  written.file = std::string(config_root(path)->file);
  for (const Expr* step = &path; !step->args.empty(); step = &step->args[0]) {
    if (step->op == Expr::Op::member) {
      written.names.push_back(step->name);
      continue;
    }
    const Evaluated at = environment.evaluate(step->args[1], scope);
    if (!at) return tl::unexpected(at.error());
    const auto text = key_text(*at);
    if (!text) {
      return tl::unexpected(
          NoValue{NoValue::Kind::failed, fmt::format("`{}` has no text in a path", to_text(path)), Code::value_type});
    }
    written.names.push_back(*text);
  }
  std::ranges::reverse(written.names);
  return written;
}

/// A config in the making: members in the order in which they were first written.
class ConfigFile {
 public:
  /// Or why not: another line wrote it, or a value on its way, or fields in it.
  enum class Written { yes, twice, through_value, over_fields };

  Written write(const std::vector<std::string>& names, Value value) { return write(root_, names, 0, std::move(value)); }
  [[nodiscard]] Value value() const { return value_of(root_); }

 private:
  struct Node {
    std::vector<std::pair<std::string, Node>> members;
    std::optional<Value> value;
  };

  static Written write(Node& node, const std::vector<std::string>& names, std::size_t depth, Value value) {
    if (node.value) return depth == names.size() ? Written::twice : Written::through_value;
    if (depth == names.size()) {
      if (!node.members.empty()) return Written::over_fields;
      node.value = std::move(value);
      return Written::yes;
    }
    auto member = std::ranges::find(node.members, names[depth], &std::pair<std::string, Node>::first);
    if (member == node.members.end()) {
      node.members.emplace_back(names[depth], Node{});
      member = std::prev(node.members.end());
    }
    return write(member->second, names, depth + 1, std::move(value));
  }

  static Value value_of(const Node& node) {
    if (node.value) return *node.value;
    Value::Object object;
    for (const auto& [name, member] : node.members) object.emplace_back(name, value_of(member));
    return object;
  }

  Node root_;
};

class ConfigBuilder {
 public:
  ConfigBuilder(const ConfigRequest& request, Environment& environment, BindReport& report)
      : plan_(request.plan),
        direction_(request.direction),
        written_(request.written),
        given_(request.given),
        environment_(environment),
        report_(report) {}

  BuiltConfigs build() {
    for (const ConfigLine& line : plan_.config) {
      if (target(line)) add(line);
    }
    BuiltConfigs built{given_, std::move(notes_)};
    for (const auto& [name, file] : files_) {
      const auto [config, is_new] = built.configs.emplace(name, file.value());
      if (is_new) continue;
      if (auto differs = differing_fields(name, file.value(), config->second))
        built.notes.push_back(std::move(*differs));
    }
    return built;
  }

 private:
  /// The path that a line writes in this direction, if it writes one.
  [[nodiscard]] const Expr* target(const ConfigLine& line) const {
    const bool right = direction_ == Direction::right;
    switch (line.kind) {
      case ConfigLine::Kind::equation:
        if (right ? !line.to_right : !line.to_left) return nullptr;
        return right ? &*line.right : &line.left;
      case ConfigLine::Kind::assignment:
        return config_root(line.left)->side == plan_.destination_side(direction_).name ? &line.left : nullptr;
      case ConfigLine::Kind::ignore:
        break;
    }
    return nullptr;
  }
  [[nodiscard]] const Expr& value(const ConfigLine& line) const {
    const bool from_left = line.kind == ConfigLine::Kind::equation && direction_ == Direction::right;
    return from_left ? line.left : *line.right;
  }

  void add(const ConfigLine& line) {
    const auto done =
        for_each_value(config_indexes(plan_, line), environment_, {},
                       [&](const std::vector<std::int64_t>&, const Scope& scope) -> tl::expected<void, NoValue> {
                         if (line.when) {
                           const Evaluated holds = environment_.evaluate(*line.when, scope, written_);
                           if (!holds) return tl::unexpected(holds.error());
                           if (!holds->boolean() || !*holds->boolean()) return {};
                         }
                         Evaluated made = environment_.evaluate(value(line), scope, written_);
                         if (!made) {
                           // One value that is not there leaves its field out, and the others of an index stay.
                           if (made.error().kind == NoValue::Kind::failed) return tl::unexpected(made.error());
                           note_unknown(line, made.error());
                           return {};
                         }
                         auto path = written_path(*target(line), environment_, scope);
                         if (!path) return tl::unexpected(path.error());
                         write(line, *path, spelled_for_config(plan_, value(line), std::move(*made)));
                         return {};
                       });
    if (!done && done.error().kind == NoValue::Kind::failed) {
      report_.no_value(line.range, done.error(), "needed by this line");
    }
  }

  /// Once, whatever the values of its indexes.
  void note_unknown(const ConfigLine& line, const NoValue& why) {
    if (given_.contains(config_root(*target(line))->file) || !noted_.insert(&line).second) return;
    if (auto note = unknown_field(plan_, line, *target(line), why)) notes_.push_back(std::move(*note));
  }

  void write(const ConfigLine& line, const WrittenPath& path, Value value) {
    switch (files_[path.file].write(path.names, std::move(value))) {
      case ConfigFile::Written::yes:
        return;
      case ConfigFile::Written::twice:
        report_.add(
            Diagnostic(Code::config_written_twice, line.range, "`{}` of `{}` is written twice", path.text(), path.file)
                .help("conditions that exclude each other, or one line less"));
        return;
      case ConfigFile::Written::through_value:
        return blocked(line, path, "lies in what another line writes as a whole");
      case ConfigFile::Written::over_fields:
        return blocked(line, path, "is a value here, and another line writes a field in it");
    }
  }

  void blocked(const ConfigLine& line, const WrittenPath& path, std::string_view why) {
    report_.add(Diagnostic(Code::config_path_blocked, line.range, "`{}` of `{}` {}", path.text(), path.file, why)
                    .help("write the members of the object, or the whole of it"));
  }

  const Plan& plan_;
  Direction direction_;
  const SourceKeys& written_;
  const Configs& given_;
  Environment& environment_;
  BindReport& report_;
  std::map<std::string, ConfigFile> files_;
  std::set<const ConfigLine*> noted_;
  Diagnostics notes_;
};

/// What a plan may read of configs: by file, members by name, where a computed step may be any member.
struct ReadPaths {
  bool whole = false;
  std::map<std::string, ReadPaths> members;
  std::unique_ptr<ReadPaths> any;
};

/// Where the members of what `path` gives are read, or nothing if it is no part of the side's configs.
ReadPaths* read_at(const Expr& path, std::string_view side, std::map<std::string, ReadPaths>& files) {
  if (path.op == Expr::Op::config || path.op == Expr::Op::config_file) {
    const auto root = config_root(path);
    return root->side == side ? &files[std::string(root->file)] : nullptr;
  }
  if (path.op != Expr::Op::member && path.op != Expr::Op::item) return nullptr;
  ReadPaths* of = read_at(path.args[0], side, files);
  if (!of) return nullptr;
  if (path.op == Expr::Op::member) return &of->members[path.name];
  if (!of->any) of->any = std::make_unique<ReadPaths>();
  return of->any.get();
}

void mark(const KeyTemplate& key, std::string_view side, std::map<std::string, ReadPaths>& files);

/// Marks the longest paths of an expression as read in whole: `a.b.c` reads `c` and what is in it.
void mark(const Expr& expr, std::string_view side, std::map<std::string, ReadPaths>& files) {
  if (ReadPaths* at = read_at(expr, side, files)) {
    at->whole = true;
    for (const Expr* step = &expr; !step->args.empty(); step = &step->args[0]) {
      if (step->op == Expr::Op::item) mark(step->args[1], side, files);
    }
    return;
  }
  for (const Expr& arg : expr.args) mark(arg, side, files);
  mark(expr.key, side, files);
}

void mark(const KeyTemplate& key, std::string_view side, std::map<std::string, ReadPaths>& files) {
  for (const KeyPart& part : key.parts) {
    if (part.kind == KeyPart::Kind::placeholder) mark(part.expr, side, files);
  }
}

/// By file, what anything in a plan may read of a side's configs.
std::map<std::string, ReadPaths> paths_read(const Plan& plan, std::string_view side) {
  std::map<std::string, ReadPaths> files;
  const auto mark_all = [&](const std::optional<Expr>& expr) {
    if (expr) mark(*expr, side, files);
  };
  for (const Param& param : plan.params) mark_all(param.value);
  for (const Index& index : plan.indexes) {
    mark(index.list, side, files);
    mark_all(index.when);
  }
  for (const Requirement& requirement : plan.requirements) mark(requirement.condition, side, files);
  for (const auto* rules : {&plan.rules, &plan.modules}) {
    for (const Rule& rule : *rules) {
      mark_all(rule.when);
      for (const auto* terms : {&rule.left, &rule.right}) {
        for (const Term& term : *terms) {
          mark(term.key, side, files);
          for (const Operand* operand : operands_of(term)) mark(operand->key, side, files);
        }
      }
    }
  }
  for (const Tie& tie : plan.ties) {
    mark_all(tie.when);
    mark(tie.dropped, side, files);
    mark(tie.kept, side, files);
  }
  const auto mark_patterns = [&](const auto& patterns) {
    for (const auto& each : patterns) {
      mark_all(each.when);
      mark(each.pattern, side, files);
    }
  };
  mark_patterns(plan.ignores);
  mark_patterns(plan.sames);
  for (const ConfigLine& line : plan.config) {
    mark(line.left, side, files);
    mark_all(line.right);
    mark_all(line.when);
  }
  return files;
}

void collect_unread(const Value& value, const std::vector<const ReadPaths*>& read, const std::string& path,
                    std::vector<std::string>& unread) {
  if (std::ranges::any_of(read, &ReadPaths::whole)) return;
  const bool entered = std::ranges::any_of(read, [](const ReadPaths* at) { return at->any || !at->members.empty(); });
  const Value::Object* object = value.object();
  if (!entered || !object) {
    if (!entered) unread.push_back(path);
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

BuiltConfigs build_configs(const ConfigRequest& request, Environment& environment, BindReport& report) {
  return ConfigBuilder(request, environment, report).build();
}

std::optional<Diagnostic> unread_config(const Plan& plan, Direction direction, const Configs& configs) {
  if (plan.config.empty()) return std::nullopt;
  const std::string& side = plan.source_side(direction).name;
  const std::map<std::string, ReadPaths> files = paths_read(plan, side);
  std::vector<std::string> unread;
  for (const auto& [name, value] : configs) {
    const auto read = files.find(name);
    // A tokenizer's files are carried over whole.
    if (read == files.end() || is_tokenizer_file(name)) continue;
    collect_unread(value, {&read->second}, name == default_config_file ? "" : name + ": ", unread);
  }
  if (unread.empty()) return std::nullopt;
  constexpr std::size_t shown = 8;
  const std::size_t more = unread.size() > shown ? unread.size() - shown : 0;
  if (more > 0) unread.resize(shown);
  return Diagnostic(Code::config_unread, "of the config of `{}` nothing reads `{}`{}", side, fmt::join(unread, "`, `"),
                    more > 0 ? fmt::format(" and {} more fields", more) : "")
      .help("carry a field over by a line of `config {{ }}`, or leave it out on purpose: `ignore {}.PATH`", side);
}

}  // namespace omap
