#include "compiler/sema/join_config.h"

#include <map>
#include <unordered_map>
#include <utility>

#include "compiler/sema/edit_meets_nothing.h"
#include "compiler/sema/key_spelling.h"
#include "compiler/sema/rule_keys.h"

namespace omap::sema {
namespace {

/// The paths that a line is about, with their file and side; or of these only the ones that it writes.
Keys paths_of(const CheckedMapping& mapping, const CheckedConfigLine& line, bool written = false) {
  const ast::ConfigLine& node = *line.line.node;
  if (written && node.kind == ast::ConfigLine::Kind::ignore) return {};
  const auto path = [&](const std::string& side, const ast::Expr& at) {
    return line.file + ":" + (side.empty() ? "" : side + ".") + spell_path(at);
  };
  if (node.kind != ast::ConfigLine::Kind::equation) return {path("", node.target)};
  Keys paths;
  if (!written || node.arrow != ast::Arrow::right) paths.insert(path(mapping.syntax->left.text, node.target));
  if (!written || node.arrow != ast::Arrow::left) paths.insert(path(mapping.syntax->right.text, *node.source));
  return paths;
}

class JoiningConfig {
 public:
  JoiningConfig(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics)
      : mapping_(mapping), base_(base), diagnostics_(diagnostics) {}

  void join() {
    std::map<std::string, std::vector<std::size_t>> inherited;  // lines of the base, by path
    for (std::size_t i = 0; i < base_.config.size(); ++i) {
      for (const std::string& path : paths_of(base_, base_.config[i])) inherited[path].push_back(i);
    }
    std::vector<bool> dropped(base_.config.size(), false);
    const auto drop = [&](const CheckedConfigLine& edit) {
      bool met = false;
      for (const std::string& path : paths_of(mapping_, edit)) {
        const auto found = inherited.find(path);
        if (found == inherited.end()) continue;
        met = true;
        for (const std::size_t i : std::exchange(found->second, {})) dropped[i] = true;
      }
      if (!met) meets_no_line(edit);
    };
    for (const auto& line : mapping_.config) {
      if (line.line.node->override_) drop(line);
    }
    for (const CheckedConfigLine& remove : mapping_.config_removes) {
      for (const std::string& path : paths_of(mapping_, remove)) drop_inside(path, inherited, dropped, remove);
    }
    std::vector<CheckedConfigLine> kept;
    for (std::size_t i = 0; i < dropped.size(); ++i) {
      if (!dropped[i]) kept.push_back(base_.config[i]);
    }
    config_clashes(kept);
    mapping_.config.insert(mapping_.config.begin(), kept.begin(), kept.end());
    mapping_.config_removes.clear();
  }

 private:
  /// Lines with conditions may exclude each other.
  void config_clashes(const std::vector<CheckedConfigLine>& inherited) {
    const auto always = [](const CheckedConfigLine& l) { return l.line.conditions.empty() && !l.line.node->when; };
    std::unordered_map<std::string, const CheckedConfigLine*> writers;
    for (const CheckedConfigLine& line : inherited) {
      if (!always(line)) continue;
      for (const std::string& path : paths_of(base_, line, true)) writers.try_emplace(path, &line);
    }
    for (const CheckedConfigLine& line : mapping_.config) {
      if (line.line.node->override_ || !always(line)) continue;
      for (const std::string& path : paths_of(mapping_, line, true)) {
        const auto found = writers.find(path);
        if (found == writers.end()) continue;
        diagnostics_.push_back(
            Diagnostic(Code::inherited_clash, line.line.range, "an inherited line writes this path already")
                .also(found->second->line.range, "inherited from here")
                .help("`override` before this line replaces that one"));
        break;
      }
    }
  }

  void meets_no_line(const CheckedConfigLine& edit) {
    diagnostics_.push_back(
        edit_meets_nothing(base_, edit.line.range, "no config line about this path",
                           "write the path as the inherited line does, in the section of the same file"));
  }

  /// `remove` takes a path with all that is in it.
  void drop_inside(const std::string& path, const std::map<std::string, std::vector<std::size_t>>& inherited,
                   std::vector<bool>& dropped, const CheckedConfigLine& remove) {
    bool met = false;
    for (auto at = inherited.lower_bound(path); at != inherited.end() && at->first.starts_with(path); ++at) {
      const std::string_view rest = std::string_view(at->first).substr(path.size());
      if (!rest.empty() && rest.front() != '.' && rest.front() != '[') continue;
      for (const std::size_t i : at->second) {
        // What is not read stays so, whatever is no longer written around it.
        if (!rest.empty() && base_.config[i].line.node->kind == ast::ConfigLine::Kind::ignore) continue;
        dropped[i] = true;
        met = true;
      }
    }
    if (!met) meets_no_line(remove);
  }

  CheckedMapping& mapping_;
  const CheckedMapping& base_;
  Diagnostics& diagnostics_;
};

}  // namespace

void join_config(CheckedMapping& mapping, const CheckedMapping& base, Diagnostics& diagnostics) {
  JoiningConfig(mapping, base, diagnostics).join();
}

}  // namespace omap::sema
