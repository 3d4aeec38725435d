#include "tests/reference/random_template.h"

#include <algorithm>
#include <numeric>

#include "runtime/templates/template_key.h"

namespace omap::test {
namespace {

using Sizes = std::vector<std::int64_t>;

class Drawing {
 public:
  explicit Drawing(Random& random) : random_(random) {}

  DrawnTemplate draw() {
    for (std::size_t i = random_.below(4) + 1; i > 0; --i) sizes_.push_back(random_.pick(sizes));
    draw_sources();
    if (random_.chance(50)) unflatten();
    if (random_.chance(50)) permute();
    if (random_.chance(40)) flatten();
    draw_destinations();
    drawn_.mapping.source_template_keys = TemplateKeys(source_keys_);
    make_sources();
    return std::move(drawn_);
  }

 private:
  static inline const Sizes sizes = {1, 2, 2, 3, 4, 4, 6, 6, 8, 12};

  /// A dimension, counted from the beginning or from the end.
  std::int64_t spelled(std::size_t dim) {
    const auto at = static_cast<std::int64_t>(dim);
    return random_.chance(30) ? at - static_cast<std::int64_t>(sizes_.size()) : at;
  }

  /// `sizes_` becomes those of the tensor that is joined.
  void draw_sources() {
    const std::string layer = random_.chance(25) ? "[layer]." : "";
    if (!layer.empty()) drawn_.bounds.emplace_back("layer", random_.between(1, 3));
    layer_ = layer;
    const std::size_t dim = random_.below(sizes_.size());
    const unsigned kind = static_cast<unsigned>(random_.below(10));
    if (kind < 4) {
      source_keys_ = {layer + "a"};
      pieces_ = {sizes_};
      return;
    }
    drawn_.mapping.source_concat_dim = spelled(dim);
    std::size_t count = static_cast<std::size_t>(random_.between(2, 4));
    if (kind < 7) {
      for (std::size_t i = 0; i < count; ++i) source_keys_.push_back(layer + "a" + std::to_string(i));
    } else {
      count = static_cast<std::size_t>(random_.between(1, 6));
      drawn_.bounds.emplace_back("expert", static_cast<std::int64_t>(count));
      drawn_.mapping.source_key_per_placeholder = "[expert]";
      source_keys_ = {layer + "a.[expert].w"};
    }
    const bool differ = kind < 7 && random_.chance(35);
    std::int64_t all = 0;
    for (std::size_t i = 0; i < count; ++i) {
      pieces_.push_back(sizes_);
      if (differ) pieces_.back()[dim] = random_.between(0, 6);
      all += pieces_.back()[dim];
    }
    sizes_[dim] = all;
  }

  void unflatten() {
    const std::size_t dim = random_.below(sizes_.size());
    Unflattening made;
    made.dim = spelled(dim);
    Sizes parts;
    std::int64_t left = sizes_[dim];
    for (std::size_t i = random_.below(3); i > 0 && left > 0; --i) {
      parts.push_back(divisor_of(left));
      left /= parts.back();
    }
    parts.push_back(left);
    random_.shuffle(parts);
    const std::size_t open = random_.chance(70) ? random_.below(parts.size()) : parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      made.shape.emplace_back(i == open ? -1 : random_.chance(2) ? parts[i] + 1 : std::max<std::int64_t>(parts[i], 1));
      if (i != open && random_.chance(50)) name_bound(made.shape.back(), parts[i]);
    }
    drawn_.mapping.unflatten_dim = made;
    const auto at = sizes_.erase(sizes_.begin() + static_cast<std::ptrdiff_t>(dim));
    sizes_.insert(at, parts.begin(), parts.end());
  }

  std::int64_t divisor_of(std::int64_t size) {
    Sizes divisors;
    for (std::int64_t i = 1; i <= size; ++i) {
      if (size % i == 0) divisors.push_back(i);
    }
    return random_.pick(divisors);
  }

  /// A placeholder in the place of the number that is its bound; or a new one.
  void name_bound(std::variant<std::int64_t, std::string>& entry, std::int64_t size) {
    for (const auto& [name, bound] : drawn_.bounds) {
      if (bound != size) continue;
      entry = "[" + name + "]";
      return;
    }
    if (!random_.chance(30) || has_bound("head")) return;
    drawn_.bounds.emplace_back("head", size);
    entry = "[head]";
  }
  [[nodiscard]] bool has_bound(const std::string& placeholder) const {
    return std::any_of(drawn_.bounds.begin(), drawn_.bounds.end(),
                       [&](const auto& b) { return b.first == placeholder; });
  }

  void permute() {
    std::vector<std::size_t> order(sizes_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    random_.shuffle(order);
    Sizes permuted, dims;
    for (const std::size_t from : order) {
      permuted.push_back(sizes_[from]);
      dims.push_back(spelled(from));
    }
    drawn_.mapping.dims_permutation = dims;
    sizes_ = permuted;
  }

  void flatten() {
    const std::size_t first = random_.below(sizes_.size());
    const std::size_t last = first + random_.below(std::min<std::size_t>(sizes_.size() - first, 3));
    drawn_.mapping.flatten_dims = {spelled(first), spelled(last)};
    const auto from = sizes_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto to = sizes_.begin() + static_cast<std::ptrdiff_t>(last) + 1;
    *from = std::accumulate(from, to, std::int64_t{1}, std::multiplies<>());
    sizes_.erase(from + 1, to);
  }

  void draw_destinations() {
    const std::size_t dim = random_.below(sizes_.size());
    const unsigned kind = static_cast<unsigned>(random_.below(10));
    if (kind < 4) {
      drawn_.mapping.dest_template_keys = layer_ + "b";
      return;
    }
    drawn_.mapping.dest_chunk_dim = spelled(dim);
    const std::int64_t fitting = sizes_[dim] > 0 ? divisor_of(sizes_[dim]) : 1;
    std::int64_t count = random_.chance(90) ? fitting : random_.between(2, 5);
    if (kind < 7) {
      std::vector<std::string> keys;
      for (std::int64_t i = 0; i < std::min<std::int64_t>(count, 12); ++i)
        keys.push_back(layer_ + "b" + std::to_string(i));
      drawn_.mapping.dest_template_keys = TemplateKeys(keys);
      return;
    }
    const bool again = has_bound("expert") && random_.chance(50);
    const std::string name = again ? "expert" : has_bound("head") && random_.chance(50) ? "head" : "part";
    if (!has_bound(name)) drawn_.bounds.emplace_back(name, count);
    drawn_.mapping.dest_key_per_placeholder = "[" + name + "]";
    drawn_.mapping.dest_template_keys = layer_ + "b.[" + name + "].w";
  }

  void make_sources() {
    std::uint64_t next = 1;
    const Dtype dtype = random_.pick(std::vector<Dtype>{Dtype::f32, Dtype::bf16, Dtype::i64, Dtype::i16});
    const std::int64_t layers = layer_.empty() ? 1 : drawn_.bound("layer");
    for (std::int64_t layer = 0; layer < layers; ++layer) {
      for (std::size_t i = 0; i < pieces_.size(); ++i) {
        const bool expanded = drawn_.mapping.source_key_per_placeholder.has_value();
        std::string key;
        for (const KeyStretch& stretch : key_stretches(source_keys_[expanded ? 0 : i])) {
          key += !stretch.placeholder ? stretch.text
                                      : std::to_string(stretch.text == "layer" ? layer : static_cast<std::int64_t>(i));
        }
        drawn_.sources.emplace(key, counted_tensor(dtype, pieces_[i], next));
      }
    }
  }

  Random& random_;
  DrawnTemplate drawn_;
  std::string layer_;
  std::vector<std::string> source_keys_;
  /// The shapes of the sources of one layer; and of the whole, as operations change it.
  std::vector<Sizes> pieces_;
  Sizes sizes_;
};

}  // namespace

std::int64_t DrawnTemplate::bound(const std::string& placeholder) const {
  return std::find_if(bounds.begin(), bounds.end(), [&](const auto& b) { return b.first == placeholder; })->second;
}

DrawnTemplate random_template(Random& random) { return Drawing(random).draw(); }

std::set<std::string> features_of(const DrawnTemplate& drawn) {
  const StateMappingTemplate& mapping = drawn.mapping;
  std::set<std::string> features;
  const auto note = [&](bool has, const char* feature) {
    if (has) features.insert(feature);
  };
  const bool joins = mapping.source_template_keys.size() > 1 || mapping.source_key_per_placeholder;
  const bool cuts = mapping.dest_template_keys.size() > 1 || mapping.dest_key_per_placeholder;
  note(mapping.source_template_keys.size() > 1, "joins several");
  note(mapping.source_key_per_placeholder.has_value(), "expands sources");
  note(mapping.dest_template_keys.size() > 1, "cuts into several");
  note(mapping.dest_key_per_placeholder.has_value(), "expands destinations");
  note(mapping.unflatten_dim.has_value(), "unflattens");
  note(mapping.dims_permutation.has_value(), "permutes");
  note(mapping.flatten_dims.has_value(), "flattens");
  note(joins && cuts, "cuts what was joined");
  note(!joins && !cuts && !mapping.unflatten_dim && !mapping.dims_permutation && !mapping.flatten_dims, "renames");
  note(std::any_of(drawn.bounds.begin(), drawn.bounds.end(), [](const auto& b) { return b.first == "layer"; }),
       "layers");
  if (mapping.unflatten_dim) {
    note(std::any_of(mapping.unflatten_dim->shape.begin(), mapping.unflatten_dim->shape.end(),
                     [](const auto& size) { return std::holds_alternative<std::string>(size); }),
         "by a placeholder");
  }
  const Tensor& first = drawn.sources.begin()->second;
  note(mapping.source_template_keys.size() > 1 &&
           std::any_of(drawn.sources.begin(), drawn.sources.end(),
                       [&](const auto& source) { return source.second.shape != first.shape; }),
       "joins sizes that differ");
  note(mapping.source_concat_dim < 0 || mapping.dest_chunk_dim < 0 ||
           (mapping.unflatten_dim && mapping.unflatten_dim->dim < 0) ||
           (mapping.flatten_dims && (mapping.flatten_dims->first < 0 || mapping.flatten_dims->second < 0)),
       "negative dimensions");
  return features;
}

}  // namespace omap::test
