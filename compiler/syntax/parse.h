#pragma once

#include <cstddef>
#include <cstdint>

#include "compiler/syntax/ast.h"
#include "diagnostics/diagnostic.h"
#include "diagnostics/source_map.h"

namespace omap {

/// Bounds that no honest file meets; beyond them a file is refused instead of parsed.
struct SyntaxLimits {
  std::size_t file_bytes = 16u << 20;
  std::size_t statements = 250'000;
  std::size_t statement_words = 10'000;
  std::size_t bracket_depth = 64;
  /// Of one tensor of a rule, or a statement of another kind: each may nest an expression once more, and trees are
  /// walked by recursion.
  std::size_t operators = 256;
  /// `.member` and `[item]`.
  std::size_t steps = 512;
  std::size_t block_depth = 64;
  /// After so many syntax errors a file is left.
  std::size_t errors = 20;
};

/// Parses file `file` of `sources`. What is wrong goes to `diagnostics`, at most one syntax error a statement; the
/// statements that are right are in the result all the same. Needs no file system and keeps no state: a language
/// server may call it at each keystroke. Not from several threads at once with one `diagnostics`.
[[nodiscard]] ast::Module parse(const SourceMap& sources, std::uint32_t file, Diagnostics& diagnostics,
                                const SyntaxLimits& limits = {});

}  // namespace omap
