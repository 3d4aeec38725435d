#pragma once

#include <string_view>

namespace omap {

// The names of a checkpoint of torch.distributed.checkpoint, and of OLMo-core's directory of a step around it.
inline constexpr std::string_view distributed_metadata_file = ".metadata";
inline constexpr std::string_view distributed_suffix = ".distcp";
/// Where OLMo-core puts the distributed checkpoint in the directory of a step.
inline constexpr std::string_view model_and_optim = "model_and_optim";

}  // namespace omap
