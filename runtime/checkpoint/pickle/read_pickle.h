#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "runtime/checkpoint/pickle/pickle.h"

namespace omap {

/// Why a pickle is not read.
struct PickleProblem {
  enum class Kind : std::uint8_t {
    /// It goes on behind the bytes that were given.
    cut_off,
    /// It is not what a pickle is, or has an instruction that data does not need.
    malformed,
    /// It names a global that was not allowed: `what` is `module.name`.
    forbidden,
  };
  Kind kind = Kind::malformed;
  std::string what;
};

/// Whether a global `module.name` may stand in a pickle.
using AllowGlobal = std::function<bool(std::string_view name)>;

/// A pickle that is larger is not read.
inline constexpr std::size_t max_pickle_bytes = 512U << 20;

/// Reads the pickle that `bytes` begin with (Python's `pickle` protocols 2 to 5; Lib/pickletools.py says what each
/// instruction does). It is data only: globals are names, calls become PickleKind::object, and nothing is looked up,
/// imported or executed. Names of Python 2 are given those of Python 3: `__builtin__.set` is `builtins.set`.
///
/// Time and memory are linear in the bytes, and every instruction takes at least one.
[[nodiscard]] tl::expected<Pickle, PickleProblem> read_pickle(std::vector<char> bytes, const AllowGlobal& allow);

}  // namespace omap
