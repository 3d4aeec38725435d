#include "runtime/checkpoint/pickle/pickle.h"

#include <bit>
#include <cassert>

namespace omap {

const std::vector<std::uint32_t>* Pickle::grown(const Node& node) const {
  switch (node.kind) {
    case PickleKind::list:
    case PickleKind::set:
    case PickleKind::dict:
      return &grown_[node.wide];
    case PickleKind::object:
      return &objects_[node.wide].entries;
    default:
      return nullptr;
  }
}

std::vector<PickleValue> Pickle::persistent_values() const {
  std::vector<PickleValue> found;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].kind == PickleKind::persistent) found.push_back({*this, i});
  }
  return found;
}

PickleKind PickleValue::kind() const { return pickle_->nodes_[node_].kind; }

std::optional<bool> PickleValue::boolean() const {
  return is(PickleKind::boolean) ? std::optional(pickle_->nodes_[node_].wide != 0) : std::nullopt;
}

std::optional<std::int64_t> PickleValue::integer() const {
  if (!is(PickleKind::integer)) return std::nullopt;
  return static_cast<std::int64_t>(pickle_->nodes_[node_].wide);
}

std::optional<double> PickleValue::real() const {
  return is(PickleKind::real) ? std::optional(std::bit_cast<double>(pickle_->nodes_[node_].wide)) : std::nullopt;
}

std::optional<std::string_view> PickleValue::text() const {
  if (!is(PickleKind::text)) return std::nullopt;
  const Pickle::Node& node = pickle_->nodes_[node_];
  return std::string_view(pickle_->bytes_.data() + node.wide, node.count);
}

std::string_view PickleValue::raw() const {
  if (!is(PickleKind::bytes) && !is(PickleKind::long_integer)) return {};
  const Pickle::Node& node = pickle_->nodes_[node_];
  return {pickle_->bytes_.data() + node.wide, node.count};
}

std::string_view PickleValue::name() const {
  const Pickle::Node& node = pickle_->nodes_[node_];
  if (node.kind == PickleKind::object) return PickleValue(*pickle_, pickle_->objects_[node.wide].global).name();
  return node.kind == PickleKind::global ? std::string_view(pickle_->names_[node.wide]) : std::string_view();
}

std::size_t PickleValue::size() const {
  const Pickle::Node& node = pickle_->nodes_[node_];
  switch (node.kind) {
    case PickleKind::tuple:
      return node.count;
    case PickleKind::persistent:
      return 1;
    case PickleKind::list:
    case PickleKind::set:
      return pickle_->grown_[node.wide].size();
    default:
      return 0;
  }
}

PickleValue PickleValue::operator[](std::size_t i) const {
  assert(i < size());
  const Pickle::Node& node = pickle_->nodes_[node_];
  if (node.kind == PickleKind::tuple) return {*pickle_, pickle_->fixed_[node.wide + i]};
  if (node.kind == PickleKind::persistent) return {*pickle_, static_cast<std::uint32_t>(node.wide)};
  return {*pickle_, pickle_->grown_[node.wide][i]};
}

std::size_t PickleValue::entries() const {
  if (!is(PickleKind::dict) && !is(PickleKind::object)) return 0;
  return pickle_->grown(pickle_->nodes_[node_])->size() / 2;
}

PickleValue PickleValue::key(std::size_t i) const {
  assert(i < entries());
  return {*pickle_, (*pickle_->grown(pickle_->nodes_[node_]))[2 * i]};
}

PickleValue PickleValue::value(std::size_t i) const {
  assert(i < entries());
  return {*pickle_, (*pickle_->grown(pickle_->nodes_[node_]))[2 * i + 1]};
}

std::optional<PickleValue> PickleValue::find(std::string_view wanted) const {
  for (std::size_t i = entries(); i-- > 0;) {
    if (key(i).text() == wanted) return value(i);
  }
  return std::nullopt;
}

std::optional<PickleValue> PickleValue::arguments() const {
  if (!is(PickleKind::object)) return std::nullopt;
  return PickleValue(*pickle_, pickle_->objects_[pickle_->nodes_[node_].wide].arguments);
}

std::optional<PickleValue> PickleValue::state() const {
  if (!is(PickleKind::object)) return std::nullopt;
  const auto& state = pickle_->objects_[pickle_->nodes_[node_].wide].state;
  return state ? std::optional(PickleValue(*pickle_, *state)) : std::nullopt;
}

}  // namespace omap
