#pragma once

#include <string>
#include <utility>

namespace omap::test {

/// Ends an interpretation: a mapping that has no meaning. Caught in `interpret`.
struct Refusal {
  std::string why;
};
inline void require(bool holds, std::string why) {
  if (!holds) throw Refusal{std::move(why)};
}

}  // namespace omap::test
