#include "runtime/templates/state_mapping_template.h"

#include <fmt/format.h>

namespace omap {
namespace {

void add_keys(const TemplateKeys& keys, std::string& text, std::vector<SourceRange>& ranges) {
  const bool one = keys.size() == 1;
  if (!one) text += '(';
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) text += ", ";
    const auto begin = static_cast<std::uint32_t>(text.size());
    text += keys.all()[i];
    ranges.push_back({0, begin, static_cast<std::uint32_t>(text.size())});
  }
  if (!one) text += ')';
}

std::string spell(const Unflattening& unflattening) {
  std::string shape;
  for (const auto& size : unflattening.shape) {
    if (!shape.empty()) shape += ", ";
    const auto* number = std::get_if<std::int64_t>(&size);
    shape += number ? std::to_string(*number) : std::get<std::string>(size);
  }
  return fmt::format("unflatten_dim=({}, ({}))", unflattening.dim, shape);
}

}  // namespace

SpelledTemplate spell(const StateMappingTemplate& mapping) {
  SpelledTemplate spelled;
  add_keys(mapping.source_template_keys, spelled.text, spelled.sources);
  spelled.text += " -> ";
  add_keys(mapping.dest_template_keys, spelled.text, spelled.destinations);

  std::vector<std::string> fields;
  if (mapping.state_type == StateType::module) fields.emplace_back("state_type=module");
  if (mapping.source_key_per_placeholder) {
    fields.push_back("source_key_per_placeholder=" + *mapping.source_key_per_placeholder);
  }
  if (mapping.dest_key_per_placeholder) {
    fields.push_back("dest_key_per_placeholder=" + *mapping.dest_key_per_placeholder);
  }
  if (mapping.source_concat_dim != 0) fields.push_back(fmt::format("source_concat_dim={}", mapping.source_concat_dim));
  if (mapping.unflatten_dim) fields.push_back(spell(*mapping.unflatten_dim));
  if (mapping.dims_permutation) {
    fields.push_back(fmt::format("dims_permutation=({})", fmt::join(*mapping.dims_permutation, ", ")));
  }
  if (mapping.flatten_dims) {
    fields.push_back(fmt::format("flatten_dims=({}, {})", mapping.flatten_dims->first, mapping.flatten_dims->second));
  }
  if (mapping.dest_chunk_dim != 0) fields.push_back(fmt::format("dest_chunk_dim={}", mapping.dest_chunk_dim));
  if (!fields.empty()) spelled.text += fmt::format(": {}", fmt::join(fields, ", "));
  spelled.all = {0, 0, static_cast<std::uint32_t>(spelled.text.size())};
  return spelled;
}

}  // namespace omap
