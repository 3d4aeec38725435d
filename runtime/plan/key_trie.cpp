#include "runtime/plan/key_trie.h"

#include <algorithm>
#include <string_view>

namespace omap {
namespace {

using Kind = KeyPiece::Kind;

/// Segments compared and keys met, of a whole trie: some tenths of a second.
constexpr std::size_t max_work = 8'000'000;
/// How deep keys are told apart: what is behind is left to the comparison of whole keys.
constexpr std::size_t max_depth = 32;

/// Stand in a segment for a piece that varies. A text may hold them too: then more keys meet than have to.
constexpr char number_mark = '\x01';
constexpr char choice_mark = '\x02';

bool has_dot(const KeyPiece& piece) {
  return std::any_of(piece.names.begin(), piece.names.end(),
                     [](const std::string& name) { return name.find('.') != std::string::npos; });
}

bool is_mark(char c) { return c == number_mark || c == choice_mark; }

}  // namespace

std::vector<KeyTrie::Segment> KeyTrie::segments(const std::vector<KeyPiece>& key) {
  std::vector<Segment> made(1);
  for (const KeyPiece& piece : key) {
    if (piece.kind == Kind::string || piece.kind == Kind::open || (piece.kind == Kind::choice && has_dot(piece))) {
      made.back() = {{}, true, true};
      return made;
    }
    if (piece.kind != Kind::text) {
      made.back().text += piece.kind == Kind::number ? number_mark : choice_mark;
      made.back().varies = true;
      continue;
    }
    for (const char c : piece.text) {
      if (c != '.') {
        made.back().text += c;
        continue;
      }
      if (made.size() == max_depth) {
        made.push_back({{}, true, true});
        return made;
      }
      made.emplace_back();
    }
  }
  return made;
}

bool KeyTrie::may_meet(const Segment& a, const Segment& b) {
  if (!a.varies && !b.varies) return a.text == b.text;
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    const bool number = one->text.size() == 1 && one->text.front() == number_mark && one->varies;
    if (number && !other->varies) return number_in_key(other->text).has_value();
  }
  const std::string_view x = a.text;
  const std::string_view y = b.text;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()) && !is_mark(x[i]) && !is_mark(y[i]); ++i) {
    if (x[i] != y[i]) return false;
  }
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    const char p = x[x.size() - 1 - i];
    const char q = y[y.size() - 1 - i];
    if (is_mark(p) || is_mark(q)) break;
    if (p != q) return false;
  }
  return true;
}

std::uint32_t KeyTrie::child(std::uint32_t node, const Segment& segment) {
  const std::string name = std::to_string(node) + (segment.varies ? "~" : ".") + segment.text;
  const auto [found, is_new] = children_.try_emplace(name, static_cast<std::uint32_t>(nodes_.size()));
  if (is_new) {
    (segment.varies ? nodes_[node].varying : nodes_[node].fixed).push_back(found->second);
    nodes_.emplace_back();
    nodes_.back().segment = segment;
  }
  return found->second;
}

void KeyTrie::insert(const std::vector<Segment>& key, std::uint32_t number) {
  std::uint32_t node = 0;
  for (const Segment& segment : key) {
    if (segment.open) {
      nodes_[node].open.push_back(number);
      return;
    }
    node = child(node, segment);
  }
  nodes_[node].ends.push_back(number);
}

bool KeyTrie::spend(std::size_t work) {
  spent_ += work;
  return spent_ <= max_work;
}

void KeyTrie::append(const std::vector<std::uint32_t>& numbers, std::vector<std::uint32_t>& met) {
  if (spend(numbers.size())) met.insert(met.end(), numbers.begin(), numbers.end());
}

void KeyTrie::find_all(std::uint32_t start, std::vector<std::uint32_t>& met) {
  std::vector<std::uint32_t> left{start};
  while (!left.empty()) {
    const Node& node = nodes_[left.back()];
    left.pop_back();
    append(node.ends, met);
    append(node.open, met);
    for (const auto* children : {&node.fixed, &node.varying}) {
      if (!spend(children->size())) return;
      left.insert(left.end(), children->begin(), children->end());
    }
  }
}

void KeyTrie::find(std::uint32_t number, const std::vector<Segment>& key, std::size_t at,
                   std::vector<std::uint32_t>& met) {
  if (at < key.size() && key[at].open) return find_all(number, met);
  const Node& node = nodes_[number];
  append(node.open, met);
  if (at == key.size()) return append(node.ends, met);
  const Segment& segment = key[at];
  const auto follow = [&](const std::vector<std::uint32_t>& children) {
    if (!spend(children.size())) return;
    for (const std::uint32_t next : children) {
      if (may_meet(segment, nodes_[next].segment)) find(next, key, at + 1, met);
    }
  };
  follow(node.varying);
  if (segment.varies) return follow(node.fixed);
  const auto found = children_.find(std::to_string(number) + "." + segment.text);
  if (found != children_.end()) find(found->second, key, at + 1, met);
}

bool KeyTrie::add(const std::vector<KeyPiece>& key, std::uint32_t number, std::vector<std::uint32_t>& met) {
  const std::vector<Segment> cut = segments(key);
  find(0, cut, 0, met);
  insert(cut, number);
  return spent_ <= max_work;
}

}  // namespace omap
