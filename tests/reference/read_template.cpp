#include "tests/reference/read_template.h"

#include <exception>

#include "tests/reference/torch_tensors.h"

namespace omap::test {
namespace {

using Keys = std::vector<std::string>;

std::string replaced(std::string text, const std::string& placeholder, std::int64_t value) {
  for (std::size_t at = 0; (at = text.find(placeholder)) != std::string::npos;) {
    text.replace(at, placeholder.size(), std::to_string(value));
  }
  return text;
}

Keys keys_of(const DrawnTemplate& drawn, const TemplateKeys& templates, const std::optional<std::string>& per,
             std::int64_t layer) {
  Keys keys = templates.all();
  if (per) {
    const std::string key = keys.front();
    keys.clear();
    const std::int64_t bound = drawn.bound(per->substr(1, per->size() - 2));
    for (std::int64_t i = 0; i < bound; ++i) keys.push_back(replaced(key, *per, i));
  }
  for (std::string& key : keys) key = replaced(key, "[layer]", layer);
  return keys;
}

at::Tensor unflattened(const DrawnTemplate& drawn, const at::Tensor& tensor, const Unflattening& unflattening) {
  const std::int64_t dim = unflattening.dim < 0 ? unflattening.dim + tensor.dim() : unflattening.dim;
  std::vector<std::int64_t> parts;
  std::int64_t known = 1;
  for (const auto& entry : unflattening.shape) {
    const auto* number = std::get_if<std::int64_t>(&entry);
    const std::string* name = number ? nullptr : &std::get<std::string>(entry);
    parts.push_back(number ? *number : drawn.bound(name->substr(1, name->size() - 2)));
    if (parts.back() != -1) known *= parts.back();
  }
  for (std::int64_t& part : parts) {
    if (part == -1) part = known == 0 ? 0 : tensor.size(dim) / known;
  }
  std::vector<std::int64_t> sizes = tensor.sizes().vec();
  sizes.insert(sizes.erase(sizes.begin() + dim), parts.begin(), parts.end());
  return tensor.reshape(sizes);
}

}  // namespace

std::optional<Tensors> read_template(const DrawnTemplate& drawn) {
  const StateMappingTemplate& mapping = drawn.mapping;
  const Dtype dtype = drawn.sources.begin()->second.dtype;
  const bool layered = mapping.source_template_keys.all().front().find("[layer]") != std::string::npos;
  Tensors made;
  try {
    for (std::int64_t layer = 0; layer < (layered ? drawn.bound("layer") : 1); ++layer) {
      std::vector<at::Tensor> sources;
      for (const std::string& key :
           keys_of(drawn, mapping.source_template_keys, mapping.source_key_per_placeholder, layer)) {
        sources.push_back(to_torch(drawn.sources.at(key)));
      }
      at::Tensor whole = at::cat(sources, mapping.source_concat_dim);
      if (mapping.unflatten_dim) whole = unflattened(drawn, whole, *mapping.unflatten_dim);
      if (mapping.dims_permutation) whole = whole.permute(*mapping.dims_permutation);
      if (mapping.flatten_dims) whole = whole.flatten(mapping.flatten_dims->first, mapping.flatten_dims->second);
      const Keys keys = keys_of(drawn, mapping.dest_template_keys, mapping.dest_key_per_placeholder, layer);
      const auto count = static_cast<std::int64_t>(keys.size());
      if (whole.size(mapping.dest_chunk_dim) % count != 0) return std::nullopt;
      const auto pieces = at::chunk(whole, count, mapping.dest_chunk_dim);
      if (pieces.size() != keys.size()) return std::nullopt;
      for (std::size_t i = 0; i < keys.size(); ++i) made.emplace(keys[i], from_torch(pieces[i], dtype));
    }
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return made;
}

}  // namespace omap::test
