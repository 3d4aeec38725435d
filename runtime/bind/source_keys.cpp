#include "runtime/bind/source_keys.h"

namespace omap {

std::string root_in(const SideDeclaration& side, std::string_view format) {
  return side.format == format ? side.root : std::string();
}

std::optional<std::uint32_t> SourceKeys::find(std::string_view key) const {
  if (root_.empty()) return index_->find(key);
  return index_->find(root_ + std::string(key));
}

std::optional<std::string_view> SourceKeys::key(std::uint32_t tensor) const {
  std::string_view key = index_->tensors()[tensor].key;
  if (!key.starts_with(root_)) return std::nullopt;
  key.remove_prefix(root_.size());
  return key;
}

}  // namespace omap
