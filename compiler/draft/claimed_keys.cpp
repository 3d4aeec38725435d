#include "compiler/draft/claimed_keys.h"

#include <algorithm>
#include <optional>

namespace omap {
namespace {

class Claiming {
 public:
  Claiming(const Plan& plan, std::string_view side, const TensorIndex& index, std::string_view format,
           const Configs& configs)
      : plan_(plan),
        is_left_(plan.left.name == side),
        keys_(index, root_in(is_left_ ? plan.left : plan.right, format)),
        environment_(plan, is_left_ ? Direction::right : Direction::left, keys_, configs, none_, settings_) {
    claimed_.tensors.resize(index.tensors().size());
  }

  ClaimedKeys claim() {
    for (std::uint32_t tensor = 0; tensor < claimed_.tensors.size(); ++tensor) {
      if (!keys_.key(tensor)) claimed_.tensors[tensor] = true;
    }
    const std::vector<bool> outside = claimed_.tensors;
    for (const Rule& rule : plan_.rules) claim(rule);
    for (std::size_t i = 0; i < outside.size(); ++i) {
      if (claimed_.tensors[i] && !outside[i]) ++claimed_.by_rules;
    }
    for (const Tie& tie : plan_.ties) {
      if (tie.side == side().name) match(tie.dropped);
    }
    for (const Ignore& ignore : plan_.ignores) {
      if (ignore.side == side().name) match(ignore.pattern);
    }
    for (const Same& same : plan_.sames) match(same.pattern);
    std::ranges::sort(claimed_.absent);
    claimed_.absent.erase(std::ranges::unique(claimed_.absent).begin(), claimed_.absent.end());
    return std::move(claimed_);
  }

 private:
  [[nodiscard]] const SideDeclaration& side() const { return is_left_ ? plan_.left : plan_.right; }

  void claim(const Rule& rule) {
    for (const Term& term : is_left_ ? rule.left : rule.right) {
      if (!term.is_tensor()) continue;
      const std::optional<std::size_t> found = match(term.key);
      if (found == 0u && !rule.optional && !rule.when) {
        claimed_.absent.push_back(side().name + ":" + to_text(term.key));
      }
      for (const Operand* operand : operands_of(term)) match(operand->key);
    }
  }

  /// How many tensors have such a key, if that can be told.
  std::optional<std::size_t> match(const KeyTemplate& key) {
    const auto matcher = environment_.open_matcher(key);
    if (!matcher) return std::nullopt;
    std::size_t found = 0;
    for (std::uint32_t tensor = 0; tensor < claimed_.tensors.size(); ++tensor) {
      const auto name = keys_.key(tensor);
      if (!name || !matcher->match(*name)) continue;
      ++found;
      claimed_.tensors[tensor] = true;
    }
    return found;
  }

  const Plan& plan_;
  bool is_left_;
  SourceKeys keys_;
  Configs none_;
  Settings settings_;
  Environment environment_;
  ClaimedKeys claimed_;
};

}  // namespace

ClaimedKeys claimed_keys(const Plan& plan, std::string_view side, const TensorIndex& index, std::string_view format,
                         const Configs& configs) {
  return Claiming(plan, side, index, format, configs).claim();
}

}  // namespace omap
