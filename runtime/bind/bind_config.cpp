#include "runtime/bind/bind_config.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
  /// A text that begins with that of another path if and only if it lies in it.
  [[nodiscard]] std::string place() const {
    std::string text = file;
    for (const std::string& name : names) text += '\0' + name;
    return text + '\0';
  }
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

/// A config in the making: members in the order in which they were first written. What one line gives as a whole comes
/// first, and what others write takes its place there.
class ConfigFile {
 public:
  /// Or why not: another line wrote it, or a value on its way, or fields in it; or the whole is no object.
  enum class Written { yes, twice, through_value, over_fields, no_object };

  Written write(const std::vector<std::string>& names, Value value) {
    if (!names.empty()) return write(root_, names, 0, std::move(value));
    if (whole_) return Written::twice;
    if (!value.object()) return Written::no_object;
    whole_ = std::move(value);
    return Written::yes;
  }
  /// Writes at `to` what was written at `from`, and leaves what was written in `to` as it is. Nothing at `from` is
  /// nothing to copy.
  void copy(const std::vector<std::string>& from, const std::vector<std::string>& to) {
    const Node* source = &root_;
    for (const std::string& name : from) {
      const auto member = std::ranges::find(source->members, name, &Node::name);
      if (member == source->members.end()) return;
      source = &*member;
    }
    copy(Node(*source), to);
  }
  [[nodiscard]] Value value() const { return value_of(root_, whole_ ? &*whole_ : nullptr); }

 private:
  struct Node {
    std::string name;
    std::vector<Node> members;
    std::optional<Value> value;
  };

  void copy(const Node& source, std::vector<std::string> to) {
    if (source.value) static_cast<void>(write(to, *source.value));
    for (const Node& member : source.members) {
      to.push_back(member.name);
      copy(member, to);
      to.pop_back();
    }
  }

  static Written write(Node& node, const std::vector<std::string>& names, std::size_t depth, Value value) {
    if (node.value) return depth == names.size() ? Written::twice : Written::through_value;
    if (depth == names.size()) {
      if (!node.members.empty()) return Written::over_fields;
      node.value = std::move(value);
      return Written::yes;
    }
    auto member = std::ranges::find(node.members, names[depth], &Node::name);
    if (member == node.members.end()) member = node.members.insert(member, Node{names[depth], {}, {}});
    return write(*member, names, depth + 1, std::move(value));
  }

  /// `before` is what stands there without the node, if anything.
  static Value value_of(const Node& node, const Value* before) {
    if (node.value) return *node.value;
    Value::Object object;
    if (before && before->object()) object = *before->object();
    for (const Node& member : node.members) {
      const auto there = std::ranges::find(object, member.name, &Value::Object::value_type::first);
      if (there == object.end()) {
        object.emplace_back(member.name, value_of(member, nullptr));
      } else {
        there->second = value_of(member, &there->second);
      }
    }
    return object;
  }

  Node root_;
  std::optional<Value> whole_;
};

/// The configs of one side, as a plan's lines about it say.
class ConfigBuilder {
 public:
  /// `written` are the side's tensors, if it is the destination's, and `given` its files that are there already.
  ConfigBuilder(const Plan& plan, std::string_view side, const SourceKeys* written, const Configs& given,
                Environment& environment)
      : plan_(plan), side_(side), written_(written), given_(given), environment_(environment) {}

  void build() {
    for (const ConfigLine& line : plan_.config) {
      if (target(line)) add(line);
    }
    copy_all();
  }

  [[nodiscard]] const std::map<std::string, ConfigFile>& files() const { return files_; }
  /// Lines that cannot be carried out.
  [[nodiscard]] Diagnostics& problems() { return problems_; }
  struct Failure {
    SourceRange line;
    NoValue why;
  };
  [[nodiscard]] const std::vector<Failure>& failures() const { return failures_; }
  [[nodiscard]] const std::vector<LeftOut>& left_out() const { return left_out_; }

 private:
  /// The path that a line writes on this side, if it writes one.
  [[nodiscard]] const Expr* target(const ConfigLine& line) const {
    const bool right = side_ == plan_.right.name;
    switch (line.kind) {
      case ConfigLine::Kind::equation:
        if (right ? !line.to_right : !line.to_left) return nullptr;
        return right ? &*line.right : &line.left;
      case ConfigLine::Kind::assignment:
        return config_root(line.left)->side == side_ ? &line.left : nullptr;
      case ConfigLine::Kind::ignore:
        break;
    }
    return nullptr;
  }
  [[nodiscard]] const Expr& value(const ConfigLine& line) const {
    const bool from_left = line.kind == ConfigLine::Kind::equation && side_ == plan_.right.name;
    return from_left ? line.left : *line.right;
  }
  Evaluated evaluate(const Expr& expr, const Scope& scope) {
    return written_ ? environment_.evaluate(expr, scope, *written_) : environment_.evaluate(expr, scope);
  }

  void add(const ConfigLine& line) {
    const auto done =
        for_each_value(config_indexes(plan_, line), environment_, {}, budget_,
                       [&](const std::vector<std::int64_t>&, const Scope& scope) -> tl::expected<void, NoValue> {
                         if (line.when) {
                           const Evaluated holds = evaluate(*line.when, scope);
                           if (!holds && holds.error().kind != NoValue::Kind::failed) leave_out(line, holds.error());
                           if (!holds) return tl::unexpected(holds.error());
                           if (!holds->boolean() || !*holds->boolean()) return {};
                         }
                         if (is_copy(line)) return add_copy(line, scope);
                         Evaluated made = evaluate(value(line), scope);
                         if (!made) {
                           // One value that is not there leaves its field out, and the others of an index stay.
                           if (made.error().kind == NoValue::Kind::failed) return tl::unexpected(made.error());
                           leave_out(line, made.error());
                           return {};
                         }
                         auto path = written_path(*target(line), environment_, scope);
                         if (!path) return tl::unexpected(path.error());
                         write(line, *path, spelled_for_config(plan_, value(line), std::move(*made)));
                         return {};
                       });
    if (!done && done.error().kind == NoValue::Kind::failed) failures_.push_back({line.range, done.error()});
  }

  /// `a.x = a.y`: of what other lines write, and after them. What is of another file is a tokenizer's.
  [[nodiscard]] bool is_copy(const ConfigLine& line) const {
    const auto from = config_root(value(line));
    return from && from->side == side_ && from->file == config_root(*target(line))->file;
  }

  tl::expected<void, NoValue> add_copy(const ConfigLine& line, const Scope& scope) {
    auto from = written_path(value(line), environment_, scope);
    if (!from) return tl::unexpected(from.error());
    auto to = written_path(*target(line), environment_, scope);
    if (!to) return tl::unexpected(to.error());
    copies_.push_back({std::move(*from), std::move(*to)});
    return {};
  }

  /// What is copied into an object comes before the copy of that object.
  void copy_all() {
    constexpr std::size_t most_rounds = 64;
    for (std::size_t round = 0; !copies_.empty() && round < most_rounds; ++round) {
      std::set<std::string> pending;
      for (const Copy& copy : copies_) pending.insert(copy.to.place());
      const auto waits = [&](const Copy& copy) {
        const std::string from = copy.from.place();
        const auto inside = pending.lower_bound(from);
        return inside != pending.end() && inside->starts_with(from);
      };
      const auto ready = std::ranges::stable_partition(copies_, waits);
      for (const Copy& copy : ready) files_[copy.to.file].copy(copy.from.names, copy.to.names);
      if (ready.empty()) break;
      copies_.erase(ready.begin(), ready.end());
    }
    for (const Copy& copy : copies_) files_[copy.to.file].copy(copy.from.names, copy.to.names);
  }

  /// Once, whatever the values of its indexes.
  void leave_out(const ConfigLine& line, const NoValue& why) {
    if (given_.contains(config_root(*target(line))->file) || !said_.insert(&line).second) return;
    left_out_.push_back({&line, target(line), why});
  }

  void write(const ConfigLine& line, const WrittenPath& path, Value value) {
    switch (files_[path.file].write(path.names, std::move(value))) {
      case ConfigFile::Written::yes:
        return;
      case ConfigFile::Written::twice:
        problems_.push_back(Diagnostic(Code::config_written_twice, line.range, "{}`{}` is written twice",
                                       path.names.empty() ? "" : fmt::format("`{}` of ", path.text()), path.file)
                                .help("conditions that exclude each other, or one line less"));
        return;
      case ConfigFile::Written::through_value:
        return blocked(line, path, "lies in what another line writes as a whole");
      case ConfigFile::Written::over_fields:
        return blocked(line, path, "is a value here, and another line writes a field in it");
      case ConfigFile::Written::no_object:
        problems_.push_back(Diagnostic(Code::config_path_blocked, line.range, "`{}` as a whole is no object", path.file)
                                .help("write one: `SIDE = SIDE`, or a config that is an object"));
        return;
    }
  }

  void blocked(const ConfigLine& line, const WrittenPath& path, std::string_view why) {
    problems_.push_back(
        Diagnostic(Code::config_path_blocked, line.range, "`{}` of `{}` {}", path.text(), path.file, why)
            .help("write the members of the object, or the whole of it"));
  }

  const Plan& plan_;
  std::string_view side_;
  const SourceKeys* written_;
  const Configs& given_;
  Environment& environment_;
  std::map<std::string, ConfigFile> files_;
  struct Copy {
    WrittenPath from, to;
  };
  std::vector<Copy> copies_;
  std::set<const ConfigLine*> said_;
  std::size_t budget_ = max_expanded_keys;
  std::vector<LeftOut> left_out_;
  std::vector<Failure> failures_;
  Diagnostics problems_;
};

}  // namespace

BuiltConfigs build_configs(const ConfigRequest& request, Environment& environment, BindReport& report) {
  const Plan& plan = request.plan;
  ConfigBuilder builder(plan, plan.destination_side(request.direction).name, &request.written, request.given,
                        environment);
  builder.build();
  for (Diagnostic& problem : builder.problems()) report.add(std::move(problem));
  for (const auto& [line, why] : builder.failures()) report.no_value(line, why, "needed by this line");
  BuiltConfigs built{request.given, fields_left_out(plan, request.direction, builder.left_out())};
  for (const auto& [name, file] : builder.files()) {
    const auto [config, is_new] = built.configs.emplace(name, file.value());
    if (is_new) continue;
    if (is_of_other_side(plan, request.direction, file.value(), name, config->second)) {
      report.add(config_of_other_side(plan, request.direction, name));
      continue;
    }
    if (auto differs = differing_fields(name, file.value(), config->second)) built.notes.push_back(std::move(*differs));
  }
  return built;
}

Configs said_of_source(const Plan& plan, Direction direction, Environment& environment) {
  const Configs none;
  ConfigBuilder builder(plan, plan.source_side(direction).name, nullptr, none, environment);
  builder.build();
  Configs said;
  for (const auto& [name, file] : builder.files()) said.emplace(name, file.value());
  return said;
}

}  // namespace omap
