#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "runtime/bind/copy_program.h"

namespace omap {

/// Which keys a program writes. Keys are not copied: the set holds places in the list of destinations, which it refers
/// to and which may grow.
class DestinationKeys {
 public:
  explicit DestinationKeys(const std::vector<Destination>& destinations)
      : places_(0, Hash{&destinations}, Equal{&destinations}) {}

  /// Adds the last destination, or returns the place of the one that has its key.
  std::optional<std::uint32_t> add_last() {
    const auto last = static_cast<std::uint32_t>(places_.hash_function().destinations->size() - 1);
    const auto [place, is_new] = places_.insert(last);
    return is_new ? std::nullopt : std::optional(*place);
  }

 private:
  struct Hash {
    const std::vector<Destination>* destinations;
    std::size_t operator()(std::uint32_t place) const {
      return std::hash<std::string_view>()((*destinations)[place].key);
    }
  };
  struct Equal {
    const std::vector<Destination>* destinations;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return (*destinations)[a].key == (*destinations)[b].key; }
  };
  std::unordered_set<std::uint32_t, Hash, Equal> places_;
};

}  // namespace omap
