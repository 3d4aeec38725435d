#include "compiler/sema/inherited_clash.h"

#include <algorithm>
#include <span>

namespace omap::sema {
namespace {

bool contains(SourceRange outer, SourceRange inner) {
  return outer.file == inner.file && outer.begin <= inner.begin && inner.end <= outer.end;
}

const Rule* rule_at(std::span<const Rule> rules, SourceRange range) {
  const auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return contains(rule.range, range); });
  return found == rules.end() ? nullptr : &*found;
}

}  // namespace

void name_inherited_clashes(const Plan& plan, std::size_t inherited_rules, Diagnostics& found) {
  const std::span<const Rule> rules(plan.rules);
  const auto inherited = rules.first(inherited_rules);
  const auto own = rules.subspan(inherited_rules);
  for (Diagnostic& clash : found) {
    if (clash.code != Code::key_written_twice || clash.secondary.empty()) continue;
    const Rule* earlier = rule_at(inherited, clash.secondary.front().range);
    const Rule* later = rule_at(own, clash.primary.range);
    if (!earlier || !later) continue;
    clash.code = Code::inherited_clash;
    clash.secondary.front() = {earlier->range, "inherited from here"};
    clash.helps = {
        "`override` before this rule replaces that one; both stay where their conditions exclude each other, for which "
        "`restrict` gives the inherited rule one more"};
  }
}

}  // namespace omap::sema
