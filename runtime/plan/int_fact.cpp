#include "runtime/plan/int_fact.h"

#include <algorithm>
#include <numeric>

#include "runtime/plan/modulo.h"

namespace omap {

bool lists_allow(const IntFact& fact, std::int64_t value) {
  return !fact.excluded.contains(value) && (!fact.allowed || fact.allowed->contains(value));
}

bool tighten(IntFact& fact) {
  if (fact.allowed) {
    std::erase_if(*fact.allowed, [&](std::int64_t v) {
      return (fact.least && v < *fact.least) || (fact.greatest && v > *fact.greatest) || fact.excluded.contains(v);
    });
    if (fact.allowed->empty()) return false;
    fact.least = *fact.allowed->begin();
    fact.greatest = *fact.allowed->rbegin();
  }
  while (fact.least && *fact.least < INT64_MAX && fact.excluded.contains(*fact.least)) ++*fact.least;
  while (fact.greatest && *fact.greatest > INT64_MIN && fact.excluded.contains(*fact.greatest)) --*fact.greatest;
  return !fact.least || !fact.greatest || *fact.least <= *fact.greatest;
}

bool can_leave(const IntFact& fact, const Remainders& remainders) {
  constexpr std::int64_t max_values = 1024;
  std::int64_t period = 1;
  for (const auto& [modulus, allowed] : remainders) {
    period = period > max_values ? period : std::lcm(period, modulus);
  }
  std::int64_t span = 0;
  const bool bounded =
      fact.least && fact.greatest && !__builtin_sub_overflow(*fact.greatest, *fact.least, &span) && span <= max_values;
  if (!bounded && period > max_values) return true;
  const std::int64_t values = bounded ? span + 1 : period;
  for (std::int64_t i = 0; i < values; ++i) {
    const std::int64_t value = (bounded ? *fact.least : 0) + i;
    const bool leaves_all = std::ranges::all_of(
        remainders, [&](const auto& each) { return (each.second >> floor_modulo(value, each.first) & 1) != 0; });
    if (leaves_all && (!bounded || lists_allow(fact, value))) return true;
  }
  return false;
}

}  // namespace omap
