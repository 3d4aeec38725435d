#include "runtime/bind/source_claims.h"

namespace omap {

SourceTensors SourceClaims::claim(std::uint32_t rule, const RuleInstance& instance) {
  SourceTensors terms(instance.sources.size());
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const std::vector<ExpandedKey>& keys = instance.sources[t].keys;
    terms[t].tensors.reserve(keys.size());
    terms[t].operands.reserve(keys.size());
    for (const ExpandedKey& key : keys) {
      if (const auto tensor = claim_key(rule, key.texts, instance.loops)) terms[t].tensors.push_back(*tensor);
      std::vector<std::uint32_t>& operands = terms[t].operands.emplace_back();
      for (const auto& texts : key.operands) {
        if (const auto operand = claim_key(rule, texts, instance.loops)) operands.push_back(*operand);
      }
    }
  }
  return terms;
}

std::optional<std::uint32_t> SourceClaims::claim_key(std::uint32_t rule, const std::vector<std::string>& texts,
                                                     const Scope& loops) {
  const auto tensor = find(rule, texts);
  if (!plan_.rules[rule].optional) report_.expect(rule, texts[0], loops, tensor.has_value());
  if (tensor) claimed_[*tensor] = true;
  return tensor;
}

std::optional<std::uint32_t> SourceClaims::find(std::uint32_t rule, const std::vector<std::string>& texts) {
  std::optional<std::uint32_t> tensor;
  for (const std::string& text : texts) {
    const auto other = keys_.find(text);
    if (other && tensor && *tensor != *other) {
      report_.add(Diagnostic(Code::alternatives_both, plan_.rules[rule].range, "both `{}` and `{}` are there",
                             keys_.index().tensors()[*tensor].key, text)
                      .label("this rule takes either")
                      .help("remove one of them from the checkpoint"));
      claimed_[*other] = true;
    }
    if (other && !tensor) tensor = other;
  }
  return tensor;
}

SourceCount count_sources(const RuleInstance& instance, const SourceTensors& tensors) {
  SourceCount count;
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    count.found += tensors[t].tensors.size();
    for (const auto& operands : tensors[t].operands) count.found += operands.size();
    for (const ExpandedKey& key : instance.sources[t].keys) count.wanted += 1 + key.operands.size();
  }
  return count;
}

}  // namespace omap
