#include "runtime/templates/write_out.h"

#include <algorithm>

#include "runtime/plan/plan_limits.h"
#include "runtime/templates/template_key.h"

namespace omap {
namespace {

class WritingOut {
 public:
  explicit WritingOut(std::span<const std::pair<std::string, std::int64_t>> bounds) : bounds_(bounds) {}

  [[nodiscard]] bool keys(TemplateKeys& keys, std::optional<std::string>& per) const {
    if (!per) return true;
    const auto bound = this->bound(*per);
    if (!bound || *bound > static_cast<std::int64_t>(PlanLimits::terms)) return false;
    std::vector<std::string> all;
    for (std::int64_t value = 0; value < *bound; ++value) all.push_back(with_value(keys.all().front(), *per, value));
    keys = TemplateKeys(std::move(all));
    per.reset();
    return true;
  }

  [[nodiscard]] bool sizes(Unflattening& unflattening) const {
    for (auto& size : unflattening.shape) {
      const auto* placeholder = std::get_if<std::string>(&size);
      if (!placeholder) continue;
      const auto bound = this->bound(*placeholder);
      if (!bound) return false;
      size = *bound;
    }
    return true;
  }

 private:
  [[nodiscard]] std::optional<std::int64_t> bound(std::string_view placeholder) const {
    const auto known = std::find_if(bounds_.begin(), bounds_.end(),
                                    [&](const auto& each) { return each.first == placeholder_name(placeholder); });
    return known == bounds_.end() || known->second < 1 ? std::nullopt : std::optional(known->second);
  }

  static std::string with_value(const std::string& key, std::string_view placeholder, std::int64_t value) {
    std::string made;
    for (const KeyStretch& stretch : key_stretches(key)) {
      if (!stretch.placeholder) {
        made += stretch.text;
      } else if (stretch.text == placeholder_name(placeholder)) {
        made += std::to_string(value);
      } else {
        made += "[" + stretch.text + "]";
      }
    }
    return made;
  }

  std::span<const std::pair<std::string, std::int64_t>> bounds_;
};

}  // namespace

std::optional<StateMappingTemplate> write_out(const StateMappingTemplate& mapping,
                                              std::span<const std::pair<std::string, std::int64_t>> bounds) {
  StateMappingTemplate out = mapping;
  const WritingOut writing(bounds);
  const bool done = writing.keys(out.source_template_keys, out.source_key_per_placeholder) &&
                    writing.keys(out.dest_template_keys, out.dest_key_per_placeholder) &&
                    (!out.unflatten_dim || writing.sizes(*out.unflatten_dim));
  return done ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace omap
