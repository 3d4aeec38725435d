#pragma once

#include "diagnostics/diagnostic.h"
#include "runtime/torch/state_dict.h"

namespace torch::nn {
class Module;
}

namespace omap {

/// The parameters of a module and its submodules, then the buffers, by their dotted names, as `torch.nn.Module`'s
/// `state_dict()` gives them. The tensors are the module's own, detached: nothing is copied.
[[nodiscard]] Result<StateDict> state_of(const torch::nn::Module& module);

/// Copies a state into the parameters and buffers of a module, whatever their devices and dtypes; requires_grad and
/// identity of the module's tensors stay. Every tensor of the module has to be in the state, with its shape, and every
/// key of the state in the module: else an error (OM7004) that lists what does not fit, and the module is as it was.
/// The state may share memory with the module. Where LibTorch or a device fails while copying (OM7006), a part is
/// loaded.
[[nodiscard]] Result<void> load_state(torch::nn::Module& module, const StateDict& state);

}  // namespace omap
