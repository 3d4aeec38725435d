#pragma once

#include <string>
#include <string_view>

#include "runtime/checkpoint/distributed/distributed_metadata.h"

namespace omap {

/// The `.metadata` of these tensors, for every PyTorch from 2.0 on. Its classes are those of
/// `torch.distributed.checkpoint`, the one place that all these versions have them in, OLMo-core's reader too. A
/// `TensorProperties` is said by calling the class with the dtype: its pickled state would name an enumeration that
/// PyTorch 2.3 has moved.
/// Keys that begin with `root` were flattened from a dict under that name, without its last dot. `objects` are not
/// written.
[[nodiscard]] std::string write_distributed_metadata(const DistributedMetadata& metadata, std::string_view root);

}  // namespace omap
