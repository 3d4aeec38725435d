#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/plan/key_piece.h"

namespace omap {

/// Keys by their segments between dots, so that those that may be equal to one are found without looking at all. A
/// segment that varies (`w_{part}`) meets every one that its texts at both ends allow; what may hold a dot itself
/// meets everything from there on.
class KeyTrie {
 public:
  KeyTrie() : nodes_(1) {}

  /// Adds a key as `number`, and appends the numbers of earlier keys that it may be equal to: all of them, and some
  /// more. False once the work has passed its limit: some may be missing.
  bool add(const std::vector<KeyPiece>& key, std::uint32_t number, std::vector<std::uint32_t>& met);

 private:
  struct Segment {
    /// With a mark in place of each piece that varies.
    std::string text;
    bool varies = false;
    /// Everything below may follow.
    bool open = false;
  };
  struct Node {
    Segment segment;
    std::vector<std::uint32_t> fixed, varying;
    /// Keys that end here, and those that may be anything from here on.
    std::vector<std::uint32_t> ends, open;
  };

  static std::vector<Segment> segments(const std::vector<KeyPiece>& key);
  static bool may_meet(const Segment& a, const Segment& b);
  std::uint32_t child(std::uint32_t node, const Segment& segment);
  void insert(const std::vector<Segment>& key, std::uint32_t number);
  void find(std::uint32_t node, const std::vector<Segment>& key, std::size_t at, std::vector<std::uint32_t>& met);
  void find_all(std::uint32_t node, std::vector<std::uint32_t>& met);
  void append(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& met);
  bool spend(std::size_t work);

  std::vector<Node> nodes_;
  /// A child by the number of its parent and its segment.
  std::unordered_map<std::string, std::uint32_t> children_;
  std::size_t spent_ = 0;
};

}  // namespace omap
