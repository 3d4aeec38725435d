#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "diagnostics/source_range.h"

namespace omap {

/// One key or several, as a template has them: `"a"`, or `{"a1", "a2"}`.
class TemplateKeys {
 public:
  TemplateKeys() = default;
  TemplateKeys(std::string key) { keys_.push_back(std::move(key)); }  // NOLINT(google-explicit-constructor)
  TemplateKeys(const char* key) : TemplateKeys(std::string(key)) {}   // NOLINT(google-explicit-constructor)
  TemplateKeys(std::initializer_list<const char*> keys) : keys_(keys.begin(), keys.end()) {}
  TemplateKeys(std::vector<std::string> keys) : keys_(std::move(keys)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::vector<std::string>& all() const { return keys_; }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  friend bool operator==(const TemplateKeys&, const TemplateKeys&) = default;

 private:
  std::vector<std::string> keys_;
};

enum class StateType : std::uint8_t {
  weight,  ///< keys name tensors
  module,  ///< keys name modules, for comparing activations: they are renamed, and nothing else
};

/// `unflatten_dim`: the dimension, and the sizes that it is cut into: a number, -1 (what the others leave; once), or a
/// placeholder, which stands for its bound.
struct Unflattening {
  std::int64_t dim = 0;
  std::vector<std::variant<std::int64_t, std::string>> shape;
  friend bool operator==(const Unflattening&, const Unflattening&) = default;
};

/// A mapping as OLMo-core's `olmo_core.nn.conversion.StateMappingTemplate` states it, field by field: keys with
/// placeholders, and the tensor operations between them. It runs from the sources to the destinations:
///
///     cat(sources, source_concat_dim) -> unflatten -> permute -> flatten -> chunk(destinations, dest_chunk_dim)
///
/// A placeholder is a name in square brackets, `[layer]`; any name. One that is not expanded stands in every key of the
/// template, which then holds for each of its values 0 <= value < bound. Dimensions count from the end where they are
/// negative, in the tensor that their step meets. docs/templates.md tells what each field becomes.
///
///     StateMappingTemplate{.source_template_keys = "blocks.[layer].experts.w1",
///                          .dest_template_keys = "layers.[layer].experts.[expert].up.weight",
///                          .dest_key_per_placeholder = "[expert]",
///                          .dims_permutation = {{1, 0}},
///                          .dest_chunk_dim = 1}
struct StateMappingTemplate {
  TemplateKeys source_template_keys = {};
  TemplateKeys dest_template_keys = {};
  StateType state_type = StateType::weight;
  /// The one source key stands for a key for each value of this placeholder.
  std::optional<std::string> source_key_per_placeholder = {};
  /// The one destination key stands for a key for each value of this placeholder.
  std::optional<std::string> dest_key_per_placeholder = {};
  /// Where several sources are joined; without meaning for one.
  std::int64_t source_concat_dim = 0;
  std::optional<Unflattening> unflatten_dim = {};
  /// Dimension i of the result is dimension dims_permutation[i].
  std::optional<std::vector<std::int64_t>> dims_permutation = {};
  /// The first and the last of the dimensions that become one.
  std::optional<std::pair<std::int64_t, std::int64_t>> flatten_dims = {};
  /// Where the result is cut into equal pieces, one for each destination; without meaning for one.
  std::int64_t dest_chunk_dim = 0;

  friend bool operator==(const StateMappingTemplate&, const StateMappingTemplate&) = default;
};

/// A template as one line of text: the range of all of it, and where its keys stand. `file` of the ranges is 0.
struct SpelledTemplate {
  std::string text;
  SourceRange all;
  std::vector<SourceRange> sources, destinations;
};
/// `a.[layer] -> b.[layer]: dims_permutation=(1, 0)`
[[nodiscard]] SpelledTemplate spell(const StateMappingTemplate& mapping);

}  // namespace omap
