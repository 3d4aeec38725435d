#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace omap {

/// A place in a plan, as a path through its JSON: `rules[3].left[0].key[1]`. It links to the place around it, which
/// has to outlive it, and costs nothing until it is said.
class Place {
 public:
  /// The whole plan.
  Place() = default;

  [[nodiscard]] Place member(std::string_view name) const { return Place(this, name, 0); }
  [[nodiscard]] Place item(std::size_t number) const { return Place(this, {}, number); }

  /// In backticks, or `the plan`.
  [[nodiscard]] std::string text() const;

 private:
  Place(const Place* around, std::string_view name, std::size_t number)
      : around_(around), name_(name), number_(number) {}
  void append_to(std::string& path) const;

  const Place* around_ = nullptr;
  /// Of a member; an item has none.
  std::string_view name_;
  std::size_t number_ = 0;
};

}  // namespace omap
