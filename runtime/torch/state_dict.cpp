#include "runtime/torch/state_dict.h"

#include "runtime/torch/no_throw.h"

namespace omap {

Result<StateDict> StateDict::from(std::vector<Entry> entries) {
  return no_throw([&]() -> Result<StateDict> {
    StateDict state;
    state.entries_.reserve(entries.size());
    state.by_key_.reserve(entries.size());
    for (Entry& entry : entries) {
      if (auto inserted = state.insert_or_throw(std::move(entry.first), std::move(entry.second)); !inserted) {
        return fail(std::move(inserted.error()));
      }
    }
    return state;
  });
}

Result<StateDict> StateDict::from(const c10::Dict<std::string, at::Tensor>& dict) {
  return no_throw([&]() -> Result<StateDict> {
    std::vector<Entry> entries;
    entries.reserve(dict.size());
    for (const auto& entry : dict) entries.emplace_back(entry.key(), entry.value());
    return from(std::move(entries));
  });
}

Result<void> StateDict::insert(std::string key, at::Tensor tensor) {
  return no_throw([&]() { return insert_or_throw(std::move(key), std::move(tensor)); });
}

Result<void> StateDict::insert_or_throw(std::string key, at::Tensor tensor) {
  if (!tensor.defined()) {
    return fail(Diagnostic(Code::tensor_unsupported, "`{}` is an undefined tensor", key)
                    .help("leave the key out where there is no tensor"));
  }
  if (by_key_.contains(key)) {
    return fail(Diagnostic(Code::state_key_twice, "`{}` stands twice in the state", key)
                    .help("give each tensor a key of its own, as by a prefix for each module"));
  }
  entries_.emplace_back(std::move(key), std::move(tensor));
  try {
    by_key_.emplace(entries_.back().first, static_cast<std::uint32_t>(entries_.size() - 1));
  } catch (...) {
    entries_.pop_back();
    throw;
  }
  return {};
}

const at::Tensor* StateDict::find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &entries_[found->second].second;
}

c10::Dict<std::string, at::Tensor> StateDict::to_dict() const {
  c10::Dict<std::string, at::Tensor> dict;
  dict.reserve(entries_.size());
  for (const auto& [key, tensor] : entries_) dict.insert(key, tensor);
  return dict;
}

std::vector<StateDict::Entry> StateDict::take_entries() && {
  by_key_.clear();
  return std::exchange(entries_, {});
}

}  // namespace omap
