#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace omap {

/// How a checkpoint is stored.
enum class CheckpointFormat : std::uint8_t {
  safetensors,
  /// torch.distributed.checkpoint
  dcp,
  /// `torch.save`
  torch,
};

/// As sides of a mapping name them, in the order of the enumeration.
inline constexpr std::array<std::string_view, 3> checkpoint_format_names = {"safetensors", "dcp", "torch"};

[[nodiscard]] constexpr std::string_view name(CheckpointFormat format) {
  return checkpoint_format_names[static_cast<std::size_t>(format)];
}

[[nodiscard]] constexpr std::optional<CheckpointFormat> checkpoint_format_from_name(std::string_view name) {
  for (std::size_t i = 0; i < checkpoint_format_names.size(); ++i) {
    if (checkpoint_format_names[i] == name) return static_cast<CheckpointFormat>(i);
  }
  return std::nullopt;
}

}  // namespace omap
