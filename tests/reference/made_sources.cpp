#include "tests/reference/made_sources.h"

#include <algorithm>

#include "tests/reference/sizes.h"

namespace omap::test {
namespace {

/// A tensor that a mapping reads: of a term, or an operand of one.
struct Read {
  const MadeRule& rule;
  const MadeTerm& term;
  const MadeOperand* operand;
  /// The values of all indexes in the term's key.
  const IndexValues& at;
  /// The number of the rule's instance, and of the term's key in it.
  std::size_t instance, number;

  [[nodiscard]] const Key& key() const { return operand ? operand->key : term.key; }
  [[nodiscard]] Dtype dtype() const {
    if (operand) return operand->dtype;
    return term.dtypes.empty() ? rule.dtype : term.dtypes[number % term.dtypes.size()];
  }
};

template <class Visit>
void for_each_source(const Mapping& mapping, const MadeRule& rule, const MadeTerm& term, const IndexValues& loops,
                     std::size_t instance, const Visit& visit) {
  std::size_t number = 0;
  for (const IndexValues& values : combinations(mapping, indexes_in(term.key), {})) {
    const bool here =
        std::all_of(loops.begin(), loops.end(), [&](const auto& v) { return values.at(v.first) == v.second; });
    if (!here) continue;
    visit(Read{rule, term, nullptr, values, instance, number});
    for (const MadeOperand* operand : operands_of(term)) {
      const auto indexes = indexes_in(operand->key);
      const bool known =
          std::all_of(indexes.begin(), indexes.end(), [&](auto& index) { return values.contains(index); });
      if (known) visit(Read{rule, term, operand, values, instance, number});
    }
    ++number;
  }
}

/// Calls `visit(Read)` for every tensor that a mapping reads, as often as it does.
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
        if (!term.fill) for_each_source(mapping, flat.rule, term, at, number, visit);
      }
    }
  }
}

Sizes sizes_of(const Read& read, const Extents& extents) {
  Sizes sizes;
  if (read.operand) {
    for (const AxisExpr& dim : read.operand->shape.dims) sizes.push_back(operand_size(dim, extents).value_or(1));
  } else if (read.term.shape) {
    for (const AxisExpr& dim : dimensions(*read.term.shape, ellipsis_rank(read.rule))) {
      sizes.push_back(size_of(dim, extents, read.term.rest).value_or(1));
    }
  } else {
    for (const auto& [name, extent] : extents) sizes.push_back(extent);
  }
  return sizes;
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
  for_each_source(mapping, direction, [&](const Read& read) {
    const Sizes sizes = sizes_of(read, instance_extents(mapping, read.rule, read.instance));
    const auto keys = key_texts(read.key(), read.at);
    made.emplace(
        alternative == Alternative::first ? keys.front() : keys.back(),
        read.rule.has_values() ? numbers_tensor(read.dtype(), sizes, next) : counted_tensor(read.dtype(), sizes, next));
  });
  return made;
}

std::set<std::string> equation_keys(const Mapping& mapping, Direction direction, Exactness exactness) {
  std::set<std::string> keys;
  for_each_source(mapping, direction, [&](const Read& read) {
    const bool wanted = exactness == Exactness::any || !read.rule.has_values();
    if (read.rule.arrow == Arrow::both && wanted) keys.insert(key_texts(read.key(), read.at).front());
  });
  return keys;
}

Tensors only_read(const Mapping& mapping, Direction direction, const Tensors& tensors) {
  Tensors read_here;
  for_each_source(mapping, direction, [&](const Read& read) {
    for (const std::string& key : key_texts(read.key(), read.at)) {
      const auto found = tensors.find(key);
      if (found != tensors.end()) read_here.insert(*found);
    }
  });
  return read_here;
}

}  // namespace omap::test
