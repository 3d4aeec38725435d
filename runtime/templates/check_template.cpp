#include "runtime/templates/check_template.h"

#include <algorithm>
#include <set>

#include "diagnostics/source_map.h"
#include "runtime/templates/template_key.h"

namespace omap {
namespace {

class Check {
 public:
  Check(const StateMappingTemplate& mapping, const SpelledTemplate& spelled) : mapping_(mapping), spelled_(spelled) {}

  std::optional<Diagnostic> run() {
    static_cast<void>(keys() && expansions() && placeholders() && unflattening() && permutation() && module());
    return std::move(problem_);
  }

 private:
  bool refuse(Diagnostic diagnostic) {
    problem_ = std::move(diagnostic);
    return false;
  }
  template <class... Args>
  bool malformed(SourceRange range, fmt::format_string<Args...> text, Args&&... args) {
    return refuse(Diagnostic(Code::template_malformed, range, text, std::forward<Args>(args)...));
  }
  bool keys() {
    for (const TemplateKeys* side : {&mapping_.source_template_keys, &mapping_.dest_template_keys}) {
      const std::string_view which = side == &mapping_.source_template_keys ? "source" : "dest";
      if (side->size() == 0) return malformed(spelled_.all, "`{}_template_keys` is empty", which);
      for (const std::string& key : side->all()) {
        if (key.empty()) return malformed(spelled_.all, "a key of `{}_template_keys` is empty", which);
        if (first_invalid_utf8(key) != std::string_view::npos) return malformed({}, "a key is not valid UTF-8");
      }
    }
    return true;
  }

  bool expansions() {
    return expansion("source", mapping_.source_key_per_placeholder, mapping_.source_template_keys, spelled_.sources) &&
           expansion("dest", mapping_.dest_key_per_placeholder, mapping_.dest_template_keys, spelled_.destinations);
  }

  bool expansion(std::string_view which, const std::optional<std::string>& placeholder, const TemplateKeys& keys,
                 const std::vector<SourceRange>& ranges) {
    if (!placeholder) return true;
    const std::string_view name = placeholder_name(*placeholder);
    if (name.empty()) return no_placeholder(fmt::format("{}_key_per_placeholder", which), *placeholder);
    if (keys.size() > 1) {
      return refuse(Diagnostic(Code::template_malformed, ranges[1], "`{}_key_per_placeholder` expands one key", which)
                        .label("a second one")
                        .help("leave it out, and write the keys one by one"));
    }
    if (placeholders_in(keys.all().front()).contains(std::string(name))) return true;
    return refuse(
        Diagnostic(Code::template_malformed, ranges.front(), "`{}_key_per_placeholder` is `{}`", which, *placeholder)
            .label("which is not in this key")
            .help("put it into the key, or leave the field out"));
  }

  bool no_placeholder(std::string_view field, std::string_view text) {
    return refuse(
        Diagnostic(Code::template_malformed, spelled_.all, "`{}` is `{}`, which is no placeholder", field, text)
            .help("a placeholder is a name in square brackets: `[layer]`"));
  }

  /// Those of a key that are not expanded.
  [[nodiscard]] static std::set<std::string> free_in(const std::string& key,
                                                     const std::optional<std::string>& expanded) {
    std::set<std::string> names = placeholders_in(key);
    if (expanded) names.erase(std::string(placeholder_name(*expanded)));
    return names;
  }

  bool placeholders() {
    std::set<std::string> every;
    for_each_key([&](const std::string&, SourceRange, const std::set<std::string>& names) {
      every.insert(names.begin(), names.end());
      return true;
    });
    return for_each_key([&](const std::string& key, SourceRange range, const std::set<std::string>& names) {
      for (const std::string& name : every) {
        if (names.contains(name)) continue;
        return refuse(Diagnostic(Code::template_never_applies, range, "`[{}]` is not in `{}`", name, key)
                          .label("other keys of this template have it")
                          .note("a template holds for each value of a placeholder that is in all of its keys")
                          .help("put `[{}]` into every key, or name it in `source_key_per_placeholder` or "
                                "`dest_key_per_placeholder`",
                                name));
      }
      return true;
    });
  }

  template <class Visit>
  bool for_each_key(const Visit& visit) {
    const auto side = [&](const TemplateKeys& keys, const std::vector<SourceRange>& ranges,
                          const std::optional<std::string>& expanded) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!visit(keys.all()[i], ranges[i], free_in(keys.all()[i], expanded))) return false;
      }
      return true;
    };
    return side(mapping_.source_template_keys, spelled_.sources, mapping_.source_key_per_placeholder) &&
           side(mapping_.dest_template_keys, spelled_.destinations, mapping_.dest_key_per_placeholder);
  }

  bool unflattening() {
    if (!mapping_.unflatten_dim) return true;
    if (mapping_.unflatten_dim->shape.empty()) return malformed(spelled_.all, "`unflatten_dim` has no sizes");
    std::size_t open = 0;
    for (const auto& size : mapping_.unflatten_dim->shape) {
      if (const auto* text = std::get_if<std::string>(&size)) {
        if (placeholder_name(*text).empty()) return no_placeholder("unflatten_dim", *text);
        continue;
      }
      const std::int64_t number = std::get<std::int64_t>(size);
      if (number < -1 || number == 0) return malformed(spelled_.all, "`unflatten_dim` has the size {}", number);
      if (number == -1 && ++open > 1)
        return malformed(spelled_.all, "`unflatten_dim` has -1 twice: only one can be found");
    }
    return true;
  }

  bool permutation() {
    if (!mapping_.dims_permutation) return true;
    const auto rank = static_cast<std::int64_t>(mapping_.dims_permutation->size());
    std::set<std::int64_t> seen;
    for (const std::int64_t dim : *mapping_.dims_permutation) {
      if (dim < -rank || dim >= rank)
        return malformed(spelled_.all, "`dims_permutation` has {}, and {} dimensions", dim, rank);
      if (!seen.insert(dim < 0 ? dim + rank : dim).second) {
        return malformed(spelled_.all, "`dims_permutation` has dimension {} twice", dim);
      }
    }
    return true;
  }

  bool module() {
    const bool renames = mapping_.source_template_keys.size() == 1 && mapping_.dest_template_keys.size() == 1 &&
                         !mapping_.source_key_per_placeholder && !mapping_.dest_key_per_placeholder &&
                         !mapping_.unflatten_dim && !mapping_.dims_permutation && !mapping_.flatten_dims;
    if (mapping_.state_type == StateType::weight || renames) return true;
    return refuse(Diagnostic(Code::template_malformed, spelled_.all, "a template of modules does more than rename one")
                      .note("a module has no tensor that could be joined or cut")
                      .help("leave out all but the two keys"));
  }

  const StateMappingTemplate& mapping_;
  const SpelledTemplate& spelled_;
  std::optional<Diagnostic> problem_;
};

}  // namespace

std::optional<Diagnostic> check_template(const StateMappingTemplate& mapping, const SpelledTemplate& spelled) {
  return Check(mapping, spelled).run();
}

}  // namespace omap
