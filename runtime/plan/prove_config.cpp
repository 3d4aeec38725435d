#include <unordered_map>

#include "runtime/plan/exclusion.h"
#include "runtime/plan/prove_rules.h"

namespace omap {
namespace {

/// A path that a line writes, as a key: `model.block_overrides.{full}.rope`, with its file before it.
struct WrittenPath {
  const ConfigLine* line = nullptr;
  KeyTemplate key;
};

KeyPart text_part(std::string text) {
  KeyPart part;
  part.text = std::move(text);
  return part;
}

void append(KeyTemplate& key, const Expr& path) {
  if (path.args.empty()) return;
  append(key, path.args[0]);
  key.parts.push_back(text_part("."));
  if (path.op == Expr::Op::member) {
    key.parts.push_back(text_part(path.name));
    return;
  }
  KeyPart item;
  item.kind = KeyPart::Kind::placeholder;
  item.expr = path.args[1];
  key.parts.push_back(std::move(item));
}

WrittenPath written_path(const ConfigLine& line, const Expr& path) {
  WrittenPath written{&line, {}};
  written.key.parts.push_back(text_part(std::string(config_root(path)->file)));
  append(written.key, path);
  return written;
}

/// The path that a line writes in a direction, if it writes one.
const Expr* target(const Plan& plan, const ConfigLine& line, Direction direction) {
  if (line.kind == ConfigLine::Kind::ignore) return nullptr;
  if (line.kind == ConfigLine::Kind::assignment) {
    return config_root(line.left)->side == plan.destination_side(direction).name ? &line.left : nullptr;
  }
  if (direction == Direction::right) return line.to_right ? &*line.right : nullptr;
  return line.to_left ? &line.left : nullptr;
}

/// What paths that can be the same have in common: their text, with a mark for what varies.
std::string skeleton(const KeyTemplate& key) {
  std::string text;
  for (const KeyPart& part : key.parts) text += part.kind == KeyPart::Kind::text ? part.text : "*";
  return text;
}

void report(const WrittenPath& first, const WrittenPath& second, const Exclusion& found, Diagnostics& diagnostics) {
  Diagnostic diagnostic(
      Code::config_written_twice, second.line->range, "two lines write `{}`",
      to_text(second.line->kind == ConfigLine::Kind::assignment ? second.line->left : *second.line->right));
  diagnostic.secondary.push_back({first.line->range, "here too"});
  if (!found.witness.empty()) diagnostic.notes.push_back(fmt::format("both do for {}", found.witness));
  diagnostic.helps.push_back("conditions that exclude each other, or one line less");
  diagnostics.push_back(std::move(diagnostic));
}

}  // namespace

void prove_config(const Plan& plan, Diagnostics& diagnostics) {
  // Lines beyond these that share a path are left to binding, which looks at every one.
  constexpr std::size_t compared = 64;
  Exclusions exclusions(plan);
  for (const Direction direction : {Direction::right, Direction::left}) {
    std::unordered_map<std::string, std::vector<WrittenPath>> by_skeleton;
    for (const ConfigLine& line : plan.config) {
      const Expr* path = target(plan, line, direction);
      if (!path) continue;
      WrittenPath written = written_path(line, *path);
      auto& others = by_skeleton[skeleton(written.key)];
      const auto claim = [](const WrittenPath& w) {
        return Claim{&w.key, w.line->when ? &*w.line->when : nullptr, false};
      };
      for (std::size_t i = 0; i < others.size() && others.size() < compared; ++i) {
        const Exclusion found = exclusions.between(claim(others[i]), claim(written));
        if (found.outcome != Exclusion::Outcome::clash) continue;
        report(others[i], written, found, diagnostics);
        break;
      }
      others.push_back(std::move(written));
    }
  }
}

}  // namespace omap
