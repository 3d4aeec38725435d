#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/checkpoint/checkpoint_layout.h"

namespace omap {

/// The files of a tokenizer that are in a directory: their names, sorted. They stand by links too.
struct TokenizerFiles {
  std::filesystem::path directory;
  std::vector<std::string> names;
};

/// The tokenizer in a directory, or nothing if no vocabulary is there.
[[nodiscard]] std::optional<TokenizerFiles> tokenizer_in(const std::filesystem::path& directory);

/// The tokenizer of a checkpoint: in its directory, or in `tokenizer/` inside it or beside it, where OLMo-core looks.
[[nodiscard]] std::optional<TokenizerFiles> tokenizer_near(const std::filesystem::path& checkpoint);

/// Its files as they are, to be written beside weights. A file that is larger than any tokenizer's, or that cannot be
/// read, is an error.
[[nodiscard]] Result<std::vector<OutputFile>> read_tokenizer(const TokenizerFiles& tokenizer);

}  // namespace omap
