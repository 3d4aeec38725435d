#include "compiler/draft/write_draft.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/draft/draft_indexes.h"
#include "compiler/raise/spell_statement.h"
#include "runtime/json/json.h"

namespace omap {
namespace {

/// An equation in the making: the segments and the indexes of both keys, and what is not sure of it.
struct Equation {
  const KeyFamily* left = nullptr;
  const KeyFamily* right = nullptr;
  std::vector<std::string> indexes;
  std::string comment;
  bool is_transposed = false;
};

/// Equations whose keys begin alike, up to their first index; an empty prefix is no block.
struct Block {
  std::string head;
  std::vector<std::string> lines;
};

/// Segments `from` to the end of a family's key, as a template.
KeyTemplate key_from(const KeyFamily& family, std::size_t from, std::size_t to,
                     const std::vector<std::string>& indexes) {
  KeyTemplate key;
  std::size_t number = 0;
  for (std::size_t i = 0; i < to; ++i) {
    const bool is_number = !family.segments[i];
    const std::size_t at = number;
    if (is_number) ++number;
    if (i < from) continue;
    KeyPart part;
    if (!key.parts.empty()) {
      part.text = ".";
      key.parts.push_back(part);
    }
    if (is_number) {
      part.kind = KeyPart::Kind::placeholder;
      part.text.clear();
      part.expr.op = Expr::Op::index;
      part.expr.name = indexes[at];
    } else {
      part.text = *family.segments[i];
    }
    key.parts.push_back(std::move(part));
  }
  return joined(std::move(key));
}

/// `[a b] <-> [b a]`: the names of a matrix's axes on the left.
using MatrixAxes = std::pair<std::string, std::string>;

Shape shape_of(const std::string& first, const std::string& second) {
  Shape shape;
  for (const std::string& name : {first, second}) shape.dims.emplace_back().name = name;
  return shape;
}

/// Where there are `axes`, the right is the left transposed.
std::string spell_equation(KeyTemplate left, KeyTemplate right, const MatrixAxes* axes = nullptr) {
  Rule rule;
  rule.to_left = rule.to_right = true;
  rule.left.emplace_back().key = std::move(left);
  rule.right.emplace_back().key = std::move(right);
  if (axes) {
    rule.left.front().shape = shape_of(axes->first, axes->second);
    rule.right.front().shape = shape_of(axes->second, axes->first);
  }
  return spell_rule(rule);
}

bool is_quoted(const KeyTemplate& key) { return to_text(key).starts_with('"'); }

/// What a key has of control characters is escaped: a comment ends with its line.
std::string in_comment(std::string_view text) {
  const std::string escaped = dump_json(Value(text));
  return escaped.substr(1, escaped.size() - 2);
}

/// Segments of a key up to its first number and it; none if nothing stands behind it, or there is no number.
std::size_t prefix_of(const KeyFamily& family) {
  const auto number = std::ranges::find(family.segments, std::optional<std::string>());
  if (number == family.segments.end() || number + 1 == family.segments.end()) return 0;
  return static_cast<std::size_t>(number - family.segments.begin()) + 1;
}

class DraftWriter {
 public:
  explicit DraftWriter(const DraftRequest& request)
      : request_(request), axes_(free_axes(names_of(request))), indexes_(taken_by(request), inherited_by(request)) {}

  std::string write() {
    for (const FamilyPair& pair : request_.pairs) add(pair);
    if (is_alone()) {
      for (const KeyFamily& family : request_.left.families) {
        if (can_be_written(family)) add(Equation{&family, &family, {}, {}, false});
      }
    }
    std::string text = "omap 1\n\n" + (request_.base ? request_.base->use + "\n\n" : sides());
    text += documentation();
    text += fmt::format("mapping {}: {} <-> {}{} {{\n", request_.name, request_.left.declaration.name,
                        request_.right.declaration.name,
                        request_.base ? " extends " + request_.base->plan->name : std::string());
    text += requirements();
    for (const std::string& declaration :
         is_alone() ? indexes_.declarations(request_.only_side, {})
                    : indexes_.declarations(request_.left.declaration.name, request_.right.declaration.name)) {
      text += declaration + "\n";
    }
    text += absent();
    if (is_alone() && !blocks_.empty()) {
      text += fmt::format("\n// Not sure of any: the names of `{}` are those of `{}` until you write them.",
                          other_side(), request_.only_side);
    }
    for (const Block& block : blocks_) {
      text += "\n";
      if (!block.head.empty()) text += block.head + " {\n";
      text += fmt::format("{}\n", fmt::join(block.lines, "\n"));
      if (!block.head.empty()) text += "}\n";
    }
    return text + unwritten() + unpaired() + undone() + "}\n";
  }

 private:
  static std::vector<std::string> names_of(const DraftRequest& request) {
    std::vector<std::string> names{request.left.declaration.name, request.right.declaration.name};
    if (!request.base) return names;
    for (const Param& param : request.base->plan->params) names.push_back(param.name);
    for (const Index& index : request.base->plan->indexes) names.push_back(index.name);
    return names;
  }

  /// Names of axes that mean nothing else.
  static MatrixAxes free_axes(const std::vector<std::string>& taken) {
    MatrixAxes axes{"a", "b"};
    for (std::string* name : {&axes.first, &axes.second}) {
      while (std::ranges::find(taken, *name) != taken.end()) *name += "_";
    }
    return axes;
  }

  [[nodiscard]] std::vector<std::string> taken_by(const DraftRequest& request) const {
    std::vector<std::string> names = names_of(request);
    if (std::ranges::any_of(request.pairs, &FamilyPair::is_transposed)) {
      names.insert(names.end(), {axes_.first, axes_.second});
    }
    return names;
  }

  /// A range of all values is taken to be the one that a number of its name counts in.
  static std::vector<std::string> inherited_by(const DraftRequest& request) {
    std::vector<std::string> names;
    if (!request.base) return names;
    for (const Index& index : request.base->plan->indexes) {
      if (index.list.op == Expr::Op::range && !index.when) names.push_back(index.name);
    }
    return names;
  }

  [[nodiscard]] bool is_alone() const { return !request_.only_side.empty(); }
  [[nodiscard]] const std::string& other_side() const {
    const std::string& left = request_.left.declaration.name;
    return left == request_.only_side ? request_.right.declaration.name : left;
  }

  [[nodiscard]] std::string sides() const {
    std::string text;
    for (const SideDeclaration* side : {&request_.left.declaration, &request_.right.declaration}) {
      text += fmt::format("side {}: {}{}\n", side->name, side->format,
                          side->root.empty() ? "" : fmt::format(" root \"{}\"", side->root));
    }
    return text + "\n";
  }

  [[nodiscard]] std::string documentation() const {
    const auto sure = std::ranges::count_if(
        request_.pairs, [](const FamilyPair& pair) { return pair.certainty != FamilyPair::Certainty::guess; });
    if (is_alone()) return fmt::format("/// A draft, from the tensors of `{}`.\n", request_.only_side);
    const std::string sides = fmt::format("/// A draft, from the tensors of `{}` and `{}`",
                                          request_.left.declaration.name, request_.right.declaration.name);
    if (request_.pairs.empty()) return sides + ".\n";
    return fmt::format("{}: {} of its {} equations are sure.\n", sides, sure, request_.pairs.size());
  }

  [[nodiscard]] std::string requirements() const {
    std::string text;
    for (const DraftRequirement& requirement : request_.requirements) {
      if (requirement.is_unmet) {
        text += "// This does not hold for this checkpoint. If that does not matter, delete it: it is up to you.\n";
      }
      text += requirement.text + "\n";
    }
    return text;
  }

  [[nodiscard]] std::string absent() const {
    if (!request_.base || request_.base->absent.empty()) return {};
    std::string text = "\n// The checkpoint has no such tensors.\n";
    for (const std::string& key : request_.base->absent) text += "remove " + key + "\n";
    return text;
  }

  void add(const FamilyPair& pair) {
    Equation equation{
        &request_.left.families[pair.left], &request_.right.families[pair.right], {}, {}, pair.is_transposed};
    if (pair.certainty == FamilyPair::Certainty::guess) {
      std::vector<std::string> others;
      for (const std::size_t other : pair.others)
        others.push_back(in_comment(first_key(request_.right.families[other])));
      std::vector<std::string> reasons;
      if (pair.differs) reasons.emplace_back("their bits differ");
      if (!others.empty()) reasons.push_back(fmt::format("so does {} fit", fmt::join(others, ", ")));
      equation.comment = reasons.empty() ? "not sure" : fmt::format("not sure: {}", fmt::join(reasons, "; "));
    } else if (equation.left->dtype != equation.right->dtype) {
      equation.comment = fmt::format("{} there, {} here", name(equation.left->dtype), name(equation.right->dtype));
    }
    add(std::move(equation));
  }

  void add(Equation equation) {
    const KeyFamily& left = *equation.left;
    const KeyFamily& right = *equation.right;
    equation.indexes = indexes_.of(left, right);
    std::size_t left_prefix = prefix_of(left), right_prefix = prefix_of(right);
    std::string head = head_of(equation, left_prefix, right_prefix);
    const bool is_block = !head.empty();
    if (!is_block) left_prefix = right_prefix = 0;
    auto block = std::ranges::find(blocks_, head, &Block::head);
    if (block == blocks_.end()) block = blocks_.insert(is_block ? blocks_.end() : blocks_.begin(), {head, {}});
    block->lines.push_back(spell_equation(key_from(left, left_prefix, left.segments.size(), equation.indexes),
                                          key_from(right, right_prefix, right.segments.size(), equation.indexes),
                                          equation.is_transposed ? &axes_ : nullptr) +
                           (equation.comment.empty() ? "" : "  // " + equation.comment));
  }

  /// The equation of the keys' beginnings; nothing if they cannot be a block's. A quoted key's block puts no dots.
  static std::string head_of(const Equation& equation, std::size_t left_prefix, std::size_t right_prefix) {
    if (left_prefix == 0 || right_prefix == 0) return {};
    KeyTemplate left = key_from(*equation.left, 0, left_prefix, equation.indexes);
    KeyTemplate right = key_from(*equation.right, 0, right_prefix, equation.indexes);
    if (is_quoted(right)) return {};
    std::string head = spell_equation(std::move(left), std::move(right));
    return head.starts_with('"') ? std::string() : head;
  }

  /// Families that no mapping can name, of both sides.
  [[nodiscard]] std::string unwritten() const {
    std::string text;
    for (const DraftSide* side : {&request_.left, &request_.right}) {
      for (const KeyFamily& family : side->families) {
        if (!can_be_written(family))
          text += "//     " + side->declaration.name + ":" + in_comment(spell(family)) + "\n";
      }
    }
    return text.empty() ? text : "\n// No mapping can write a key that is empty or has control characters:\n" + text;
  }

  /// Families that no equation has, of both sides.
  [[nodiscard]] std::string unpaired() const {
    if (is_alone()) return {};
    std::string text;
    for (const bool left : {true, false}) {
      const DraftSide& side = left ? request_.left : request_.right;
      std::vector<bool> paired;
      for (const KeyFamily& family : side.families) paired.push_back(!can_be_written(family));
      for (const FamilyPair& pair : request_.pairs) paired[left ? pair.left : pair.right] = true;
      if (std::ranges::find(paired, false) == paired.end()) continue;
      text += fmt::format("\n// Nothing of `{}` is like these of `{}`:\n",
                          (left ? request_.right : request_.left).declaration.name, side.declaration.name);
      for (std::size_t i = 0; i < paired.size(); ++i) {
        if (!paired[i]) text += "//     " + in_comment(spell(side.families[i])) + "\n";
      }
    }
    return text;
  }

  [[nodiscard]] std::string undone() const {
    if (request_.undone.empty()) return {};
    std::string text = "\n// Not done yet. A run says:\n";
    for (const std::string& said : request_.undone) text += "//     " + in_comment(said) + "\n";
    return text;
  }

  const DraftRequest& request_;
  MatrixAxes axes_;
  DraftIndexes indexes_;
  std::vector<Block> blocks_;
};

}  // namespace

std::string write_draft(const DraftRequest& request) { return DraftWriter(request).write(); }

}  // namespace omap
