#pragma once

#include <set>
#include <string>

#include "tests/reference/mapping_model.h"
#include "tests/reference/tensors.h"

namespace omap::test {

/// Which of a key's alternatives the made tensors have.
enum class Alternative : std::uint8_t { first, last };

/// Tensors for every source of a mapping in one direction, with the extents that its rules carry.
[[nodiscard]] Tensors made_sources(const Mapping& mapping, Direction direction, Alternative alternative);

/// Whether rules count that compute or cast: what comes back of those need not be what was.
enum class Exactness : std::uint8_t { any, exact };
/// Keys that rules of both directions read (write the other way), as they are written.
[[nodiscard]] std::set<std::string> equation_keys(const Mapping& mapping, Direction direction, Exactness exactness);

/// Those of the tensors that a mapping reads, if it has all of them or not.
[[nodiscard]] Tensors only_read(const Mapping& mapping, Direction direction, const Tensors& tensors);

/// A rule's axes for the `instance`-th combination of its loop indexes: as declared, else as the rule says.
[[nodiscard]] Extents instance_extents(const Mapping& mapping, const MadeRule& rule, std::size_t instance);
/// How many dimensions `...` stands for in a rule's made tensors.
[[nodiscard]] std::size_t ellipsis_rank(const MadeRule& rule);

}  // namespace omap::test
