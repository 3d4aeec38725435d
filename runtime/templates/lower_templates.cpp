#include "runtime/templates/lower_templates.h"

#include <algorithm>
#include <iterator>

#include "runtime/plan/boxes.h"
#include "runtime/plan/plan_limits.h"
#include "runtime/plan/verify.h"
#include "runtime/templates/ask_state.h"
#include "runtime/templates/check_template.h"
#include "runtime/templates/reshape.h"
#include "runtime/templates/template_key.h"
#include "runtime/templates/template_names.h"
#include "runtime/templates/template_shapes.h"
#include "runtime/templates/write_out.h"

namespace omap {
namespace {

void move_by(std::uint32_t offset, std::span<SourceRange> ranges) {
  for (SourceRange& range : ranges) {
    range.begin += offset;
    range.end += offset;
  }
}

/// Each template with its place in the text of all.
std::vector<SpelledTemplate> spell_all(std::span<const StateMappingTemplate> templates) {
  std::vector<SpelledTemplate> spelled;
  std::uint32_t begin = 0;
  for (const StateMappingTemplate& mapping : templates) {
    spelled.push_back(spell(mapping));
    move_by(begin, {&spelled.back().all, 1});
    move_by(begin, spelled.back().sources);
    move_by(begin, spelled.back().destinations);
    begin += static_cast<std::uint32_t>(spelled.back().text.size()) + 1;
  }
  return spelled;
}

KeyPart index(std::string name) {
  KeyPart part;
  part.kind = KeyPart::Kind::placeholder;
  part.expr.op = Expr::Op::index;
  part.expr.name = std::move(name);
  return part;
}

std::string expanded(const std::optional<std::string>& placeholder) {
  return placeholder ? std::string(placeholder_name(*placeholder)) : std::string();
}

class Lowering {
 public:
  Lowering(std::string_view name, std::span<const StateMappingTemplate> templates, const TemplateOptions& options)
      : templates_(templates), options_(options), spelled_(spell_all(templates)) {
    plan_.name = name;
    plan_.left = options.source;
    plan_.right = options.destination;
    plan_.sources = template_text(name, templates);
  }

  Result<Plan> run() {
    Diagnostics problems;
    for (std::size_t i = 0; i < templates_.size(); ++i) {
      if (auto problem = check_template(templates_[i], spelled_[i])) problems.push_back(std::move(*problem));
    }
    if (has_errors(problems)) return fail(std::move(problems));
    const std::vector<std::string> all_placeholders = placeholders();
    TemplateNames names(plan_, all_placeholders);
    for (std::size_t i = 0; i < templates_.size(); ++i) lower(i, names, problems);
    if (has_errors(problems)) return fail(std::move(problems));
    for (const std::string& placeholder : all_placeholders) set_bound(placeholder, names.bound(placeholder));
    problems = verify(plan_);
    if (has_errors(problems)) return fail(std::move(problems));
    return std::move(plan_);
  }

 private:
  /// Of all templates, in the order in which they come.
  [[nodiscard]] std::vector<std::string> placeholders() const {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const StateMappingTemplate& mapping : templates_) {
      for (const TemplateKeys* keys : {&mapping.source_template_keys, &mapping.dest_template_keys}) {
        for (const std::string& key : keys->all()) {
          for (const KeyStretch& stretch : key_stretches(key)) {
            if (stretch.placeholder) add(stretch.text);
          }
        }
      }
      if (!mapping.unflatten_dim) continue;
      for (const auto& size : mapping.unflatten_dim->shape) {
        if (const auto* text = std::get_if<std::string>(&size)) add(std::string(placeholder_name(*text)));
      }
    }
    return names;
  }

  void lower(std::size_t number, TemplateNames& names, Diagnostics& problems) {
    StateMappingTemplate mapping = templates_[number];
    Rule rule;
    rule.to_left = false;
    rule.range = spelled_[number].all;
    Reshaped reshaped;
    if (mapping.state_type == StateType::weight) {
      const auto rank = options_.rank ? rank_of(mapping) : std::nullopt;
      auto made = reshape(mapping, names, rule.range, rank);
      if (!made || made->divides) {
        if (auto out = write_out(mapping, options_.bounds)) {
          mapping = std::move(*out);
          made = reshape(mapping, names, rule.range, rank);
        }
      }
      if (!made) {
        std::move(made.error().begin(), made.error().end(), std::back_inserter(problems));
        return;
      }
      reshaped = std::move(*made);
      rule.when = is_there(mapping, plan_.left.name, options_.absence);
    } else {
      // A table names the modules of several models; a state has those of one.
      rule.optional = true;
    }
    rule.left = terms(mapping.source_template_keys, spelled_[number].sources,
                      expanded(mapping.source_key_per_placeholder), reshaped.source_index);
    rule.right = terms(mapping.dest_template_keys, spelled_[number].destinations,
                       expanded(mapping.dest_key_per_placeholder), reshaped.destination_index);
    if (moves_elements(mapping)) add_shapes(rule, reshaped);
    (mapping.state_type == StateType::weight ? plan_.rules : plan_.modules).push_back(std::move(rule));
  }

  /// That of the first source that is known, for the value 0 of every placeholder.
  [[nodiscard]] std::optional<std::size_t> rank_of(const StateMappingTemplate& mapping) const {
    for (const std::string& key : mapping.source_template_keys.all()) {
      std::string first;
      for (const KeyStretch& stretch : key_stretches(key)) first += stretch.placeholder ? "0" : stretch.text;
      if (const auto rank = options_.rank(first)) return rank;
    }
    return std::nullopt;
  }

  /// Keys that were written out have the place of the one that they come from.
  static std::vector<Term> terms(const TemplateKeys& keys, const std::vector<SourceRange>& ranges,
                                 const std::string& placeholder, const std::string& as) {
    std::vector<Term> made;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      Term term;
      term.key =
          key_template(keys.all()[i], [&](const std::string& name) { return index(name == placeholder ? as : name); });
      term.range = ranges[std::min(i, ranges.size() - 1)];
      made.push_back(std::move(term));
    }
    return made;
  }

  /// Any other template renames a tensor of any shape.
  static bool moves_elements(const StateMappingTemplate& mapping) {
    return mapping.source_template_keys.size() > 1 || mapping.dest_template_keys.size() > 1 ||
           mapping.source_key_per_placeholder || mapping.dest_key_per_placeholder || mapping.unflatten_dim ||
           mapping.dims_permutation || mapping.flatten_dims;
  }

  /// Pieces without marks read better, where reading order pairs them as their marks do.
  void add_shapes(Rule& rule, const Reshaped& reshaped) const {
    set_shapes(rule, write_shapes(reshaped, true));
    const Rule marked = rule;
    set_shapes(rule, write_shapes(reshaped, false));
    if (fits_limits(rule) && !paired_alike(marked, rule)) rule = marked;
  }
  static void set_shapes(Rule& rule, TemplateShapes shapes) {
    for (std::size_t i = 0; i < rule.left.size(); ++i) rule.left[i].shape = std::move(shapes.sources[i]);
    for (std::size_t i = 0; i < rule.right.size(); ++i) rule.right[i].shape = std::move(shapes.destinations[i]);
  }
  /// What does not is refused by `verify`, before anybody looks at its boxes.
  static bool fits_limits(const Rule& rule) {
    const auto fits = [](const Term& term) { return box_count(*term.shape, PlanLimits::boxes).has_value(); };
    return std::all_of(rule.left.begin(), rule.left.end(), fits) &&
           std::all_of(rule.right.begin(), rule.right.end(), fits);
  }
  [[nodiscard]] Pairing pairing(const Rule& rule) const {
    const auto loops = loop_indexes(plan_, rule);
    return pair_boxes(side_boxes(plan_, rule.left, loops), side_boxes(plan_, rule.right, loops), true);
  }
  [[nodiscard]] bool paired_alike(const Rule& a, const Rule& b) const {
    const Pairing first = pairing(a), second = pairing(b);
    if (first.pairs.size() != second.pairs.size() || second.fault != Pairing::Fault::none) return false;
    return std::all_of(first.pairs.begin(), first.pairs.end(), [&](const BoxPair& pair) {
      return std::any_of(second.pairs.begin(), second.pairs.end(), [&](const BoxPair& other) {
        return pair.source == other.source && pair.destination == other.destination;
      });
    });
  }

  void set_bound(const std::string& placeholder, const std::string& name) {
    auto& param =
        *std::find_if(plan_.params.begin(), plan_.params.end(), [&](const Param& p) { return p.name == name; });
    const auto known = std::find_if(options_.bounds.begin(), options_.bounds.end(),
                                    [&](const auto& bound) { return bound.first == placeholder; });
    if (known == options_.bounds.end()) {
      param.value = counted_bound(templates_, placeholder, plan_.left.name, options_.absence);
    } else {
      param.value.emplace().value = Value(known->second);
    }
  }

  std::span<const StateMappingTemplate> templates_;
  const TemplateOptions& options_;
  std::vector<SpelledTemplate> spelled_;
  Plan plan_;
};

}  // namespace

Result<Plan> lower_templates(std::string_view name, std::span<const StateMappingTemplate> templates,
                             const TemplateOptions& options) {
  return Lowering(name, templates, options).run();
}

SourceMap template_text(std::string_view name, std::span<const StateMappingTemplate> templates) {
  std::string text;
  for (const StateMappingTemplate& mapping : templates) text += spell(mapping).text + "\n";
  SourceMap sources;
  sources.add(SourceFile(std::string(name) + ".templates", std::move(text)));
  return sources;
}

}  // namespace omap
