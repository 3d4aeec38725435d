#include "runtime/torch/module_state.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>

#include <algorithm>

#include "runtime/torch/no_throw.h"

namespace omap {
namespace {

std::vector<StateDict::Entry> tensors_of(const torch::nn::Module& module) {
  std::vector<StateDict::Entry> entries;
  for (const auto& parameter : module.named_parameters()) entries.emplace_back(parameter.key(), parameter.value());
  for (const auto& buffer : module.named_buffers()) entries.emplace_back(buffer.key(), buffer.value());
  // A parameter that a module declares and does not have, such as a bias, is undefined.
  std::erase_if(entries, [](const StateDict::Entry& entry) { return !entry.second.defined(); });
  return entries;
}

std::string list(const std::vector<std::string>& keys) {
  constexpr std::size_t shown = 4;
  const std::size_t count = std::min(keys.size(), shown);
  std::string text =
      fmt::format("`{}`", fmt::join(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count), "`, `"));
  if (keys.size() > count) text += fmt::format(" and {} more", keys.size() - count);
  return text;
}

bool is_memory(const at::Tensor& tensor) {
  return !tensor.is_meta() && tensor.layout() == c10::Layout::Strided && !tensor.is_quantized();
}

bool can_copy(const at::Tensor& from, const at::Tensor& to) {
  return is_memory(from) && is_memory(to) && (!to.is_inference() || c10::InferenceMode::is_enabled());
}

/// A state may hold tensors of the module that is to take it, in other places: what is written must not be read after.
at::Tensor apart(const at::Tensor& given, const at::Tensor& own, const std::vector<StateDict::Entry>& all) {
  const bool itself = given.is_alias_of(own) && given.storage_offset() == own.storage_offset() &&
                      given.strides() == own.strides() && given.scalar_type() == own.scalar_type();
  const bool shared = std::ranges::any_of(
      all, [&](const StateDict::Entry& entry) { return is_memory(entry.second) && given.is_alias_of(entry.second); });
  return shared && !itself ? given.clone() : given;
}

Diagnostics mismatches(const std::vector<StateDict::Entry>& wanted, const StateDict& state) {
  std::vector<std::string> missing, reshaped, unexpected, unwritable;
  std::unordered_map<std::string_view, bool> known;
  for (const auto& [key, tensor] : wanted) {
    known.emplace(key, true);
    const at::Tensor* given = state.find(key);
    if (!given) {
      missing.push_back(key);
    } else if (!given->is_same_size(tensor)) {
      reshaped.push_back(
          fmt::format("{} ([{}] for [{}])", key, fmt::join(given->sizes(), ", "), fmt::join(tensor.sizes(), ", ")));
    } else if (!can_copy(*given, tensor)) {
      unwritable.push_back(key);
    }
  }
  for (const auto& [key, tensor] : state) {
    if (!known.contains(key)) unexpected.push_back(key);
  }
  Diagnostics problems;
  const auto say = [&](const std::vector<std::string>& keys, std::string_view what) {
    if (keys.empty()) return;
    problems.push_back(Diagnostic(Code::state_mismatch, "{} {}", list(keys), what)
                           .help("convert with the mapping and the sizes of this module"));
  };
  say(missing, "of the module is not in the state");
  say(unexpected, "of the state is not in the module");
  say(reshaped, "has another shape than in the module");
  say(unwritable, "cannot be copied: on the device `meta`, not strided memory, or an inference tensor of the module");
  return problems;
}

}  // namespace

Result<StateDict> state_of(const torch::nn::Module& module) {
  return no_throw([&]() {
    std::vector<StateDict::Entry> entries = tensors_of(module);
    for (auto& [key, tensor] : entries) tensor = tensor.detach();
    return StateDict::from(std::move(entries));
  });
}

Result<void> load_state(torch::nn::Module& module, const StateDict& state) {
  return no_throw([&]() -> Result<void> {
    std::vector<StateDict::Entry> entries = tensors_of(module);
    if (Diagnostics problems = mismatches(entries, state); !problems.empty()) return fail(std::move(problems));
    const at::NoGradGuard no_grad;
    std::vector<at::Tensor> given;
    for (const auto& [key, tensor] : entries) given.push_back(apart(*state.find(key), tensor, entries));
    for (std::size_t i = 0; i < entries.size(); ++i) entries[i].second.copy_(given[i]);
    return {};
  });
}

}  // namespace omap
