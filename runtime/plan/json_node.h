#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "diagnostics/diagnostic.h"
#include "runtime/json/value.h"
#include "runtime/plan/place.h"

namespace omap {

/// One reading of a plan.
struct PlanReading {
  /// The first thing that is not as the format says; what is read after it has no meaning.
  std::optional<Diagnostic> problem;
  /// As PlanLimits::elements counts them, so far.
  std::size_t elements = 0;
};

/// A value in a plan's JSON, where it is, and the reading it is part of. What is not of the kind asked for is refused,
/// and something empty stands in for it, so that callers go straight on. The nodes and values around it outlive it.
class JsonNode {
 public:
  JsonNode(const Value& root, PlanReading& reading) : value_(&root), reading_(&reading) {}

  [[nodiscard]] const Value& value() const { return *value_; }
  [[nodiscard]] bool failed() const { return reading_->problem.has_value(); }

  template <class... Args>
  void refuse(Code code, fmt::format_string<Args...> text, Args&&... args) const {
    if (failed()) return;
    reading_->problem = Diagnostic(code, "{}: {}", place_.text(), fmt::format(text, std::forward<Args>(args)...));
  }

  /// Counts one element, and refuses it beyond the limit.
  void count_element() const;

  [[nodiscard]] std::string string() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  /// From 0 to 2^32 - 1.
  [[nodiscard]] std::uint32_t offset() const;

  /// Of a list.
  [[nodiscard]] std::size_t size() const;
  /// Refused, and nothing, beyond the end of a list.
  [[nodiscard]] JsonNode item(std::size_t number) const;
  /// Refuses a list of another size.
  bool has_size(std::size_t size) const;
  /// `read(item)` of each item of a list from the `from`-th on.
  template <class Read>
  [[nodiscard]] auto each(std::size_t from, const Read& read) const {
    std::vector<decltype(read(*this))> all;
    const std::size_t count = size();
    for (std::size_t i = from; i < count && !failed(); ++i) all.push_back(read(item(i)));
    return all;
  }

  /// Of an object; nothing if it lacks one.
  [[nodiscard]] std::optional<JsonNode> member(std::string_view name) const;
  [[nodiscard]] JsonNode required(std::string_view name) const;

 private:
  JsonNode(const Value& value, PlanReading& reading, Place place) : value_(&value), reading_(&reading), place_(place) {}
  void refuse_kind(std::string_view wanted) const;

  const Value* value_;
  PlanReading* reading_;
  Place place_;
};

}  // namespace omap
