#include "tests/reference/made_sources.h"

#include <algorithm>

#include "tests/reference/sizes.h"

namespace omap::test {
namespace {

/// Calls `visit(flat rule, term, values of all indexes in its key, number of the instance)` for every tensor that a
/// mapping reads.
template <class Visit>
void for_each_source(const Mapping& mapping, Direction direction, const Visit& visit) {
  for (const FlatRule& flat : flatten(mapping)) {
    if (!flat.rule.runs(direction) || flat.rule.absent) continue;
    std::size_t instance = 0;
    for (const IndexValues& at : combinations(mapping, loops_of(flat.rule))) {
      const std::size_t number = instance++;
      const bool all = std::all_of(flat.when.begin(), flat.when.end(),
                                   [&](const Condition& c) { return holds(mapping, c, at).value_or(false); });
      if (!all) continue;
      for (const MadeTerm& term : flat.rule.sources(direction)) {
        for (const IndexValues& values : combinations(mapping, indexes_in(term.key), {})) {
          const bool here =
              std::all_of(at.begin(), at.end(), [&](const auto& v) { return values.at(v.first) == v.second; });
          if (here) visit(flat.rule, term, values, number);
        }
      }
    }
  }
}

}  // namespace

std::size_t ellipsis_rank(const MadeRule& rule) {
  return static_cast<std::size_t>(std::count_if(rule.extents.begin(), rule.extents.end(),
                                                [](const auto& e) { return e.first.starts_with("..."); }));
}

Extents instance_extents(const Mapping& mapping, const MadeRule& rule, std::size_t instance) {
  Extents extents = declared_extents(mapping, rule).value_or(Extents());
  for (const auto& [name, extent] : rule.extents) {
    const bool varies = std::find(rule.varying.begin(), rule.varying.end(), name) != rule.varying.end();
    extents.emplace(name, extent + (varies && instance % 2 == 1 ? 1 : 0));
  }
  return extents;
}

Tensors made_sources(const Mapping& mapping, Direction direction, Alternative alternative) {
  Tensors made;
  std::uint64_t next = 1;
  for_each_source(mapping, direction,
                  [&](const MadeRule& rule, const MadeTerm& term, const IndexValues& at, std::size_t instance) {
                    const Extents extents = instance_extents(mapping, rule, instance);
                    Sizes sizes;
                    if (term.shape) {
                      for (const AxisExpr& dim : dimensions(*term.shape, ellipsis_rank(rule))) {
                        sizes.push_back(size_of(dim, extents, term.rest).value_or(1));
                      }
                    } else {
                      for (const auto& [name, extent] : extents) sizes.push_back(extent);
                    }
                    const auto keys = key_texts(term.key, at);
                    made.emplace(alternative == Alternative::first ? keys.front() : keys.back(),
                                 counted_tensor(rule.dtype, sizes, next));
                  });
  return made;
}

std::set<std::string> equation_keys(const Mapping& mapping, Direction direction) {
  std::set<std::string> keys;
  for_each_source(mapping, direction,
                  [&](const MadeRule& rule, const MadeTerm& term, const IndexValues& at, std::size_t) {
                    if (rule.arrow == Arrow::both) keys.insert(key_texts(term.key, at).front());
                  });
  return keys;
}

Tensors only_read(const Mapping& mapping, Direction direction, const Tensors& tensors) {
  Tensors read;
  for_each_source(mapping, direction, [&](const MadeRule&, const MadeTerm& term, const IndexValues& at, std::size_t) {
    for (const std::string& key : key_texts(term.key, at)) {
      const auto found = tensors.find(key);
      if (found != tensors.end()) read.insert(*found);
    }
  });
  return read;
}

}  // namespace omap::test
