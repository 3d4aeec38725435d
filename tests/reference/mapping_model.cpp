#include "tests/reference/mapping_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace omap::test {
namespace {

Key join(const Key& prefix, const Key& key) {
  if (prefix.pieces.empty()) return key;
  if (key.pieces.empty()) return prefix;
  Key joined = prefix;
  if (!prefix.quoted) joined.pieces.push_back({KeyPiece::Kind::text, "."});
  joined.pieces.insert(joined.pieces.end(), key.pieces.begin(), key.pieces.end());
  return joined;
}

void prefix(const Key& with, MadeTerm& term) {
  term.key = join(with, term.key);
  for (MadeStep& step : term.steps) {
    if (step.tensor) step.tensor->key = join(with, step.tensor->key);
  }
}

struct Around {
  Key left, right;
  std::vector<Condition> when;
};

void flatten(const std::vector<MadeRule>& rules, const Around& around, std::vector<FlatRule>& flat) {
  for (const MadeRule& rule : rules) {
    FlatRule made{rule, around.when, flat.size()};
    for (MadeTerm& term : made.rule.left) prefix(around.left, term);
    for (MadeTerm& term : made.rule.right) prefix(around.right, term);
    if (rule.when) made.when.push_back(*rule.when);
    flat.push_back(std::move(made));
  }
}

void flatten(const Block& block, const Around& outer, std::vector<FlatRule>& flat) {
  Around inside{join(outer.left, block.left), join(outer.right, block.right), outer.when};
  // A prefix decides by its own quotes how what follows joins it.
  if (!block.left.pieces.empty()) inside.left.quoted = block.left.quoted;
  if (!block.right.pieces.empty()) inside.right.quoted = block.right.quoted;
  if (block.when) inside.when.push_back(*block.when);
  flatten(block.rules, inside, flat);
  for (const Block& inner : block.inner) flatten(inner, inside, flat);
  if (block.otherwise.empty()) return;
  inside.when.back().negated = !inside.when.back().negated;
  flatten(block.otherwise, inside, flat);
}

std::string spell(const Condition& condition, const Mapping* mapping) {
  const std::string no = condition.negated ? "not " : "";
  if (condition.op == Condition::Op::flag) return no + condition.name;
  if (condition.op == Condition::Op::less) {
    return fmt::format("{} {} {}", condition.name, condition.negated ? ">=" : "<", condition.values.front());
  }
  const MadeIndex* index = mapping ? mapping->find_index(condition.name) : nullptr;
  std::string list;
  for (const std::string& value : condition.values) {
    list += (list.empty() ? "" : ", ") + (index && index->names ? "\"" + value + "\"" : value);
  }
  return fmt::format("{} {}in [{}]", condition.name, no, list);
}

std::string spell(const MadeTerm& term) {
  std::string text = term.fill ? fmt::format("fill {}", *term.fill) : test::spell(term.key);
  if (term.shape) text += "[" + to_text(*term.shape) + "]";
  for (const MadeStep& step : term.steps) {
    text += fmt::format(" {} ", step.sign);
    if (step.tensor) {
      text += test::spell(step.tensor->key) + "[" + to_text(step.tensor->shape) + "]";
    } else {
      text += step.param.empty() ? fmt::format("{}", step.number) : step.param;
    }
  }
  return term.as.empty() ? text : text + " as " + term.as;
}

std::string spell(const MadeRule& rule, const Mapping* mapping) {
  std::string text = rule.optional ? "optional " : "";
  for (const bool left : {true, false}) {
    const char* between = "";
    for (const MadeTerm& term : left ? rule.left : rule.right) {
      text += std::exchange(between, ", ") + spell(term);
    }
    if (left) text += rule.arrow == Arrow::both ? " <-> " : rule.arrow == Arrow::right ? " -> " : " <- ";
  }
  if (rule.when) text += " when " + spell(*rule.when, mapping);
  return text;
}

void spell(const std::vector<MadeRule>& rules, const std::string& indent, const Mapping& mapping, std::string& text) {
  for (const MadeRule& rule : rules) text += indent + spell(rule, &mapping) + "\n";
}

void spell(const Block& block, const std::string& indent, const Mapping& mapping, std::string& text) {
  spell(block.rules, indent, mapping, text);
  for (const Block& inner : block.inner) {
    const bool prefixed = !inner.left.pieces.empty();
    text += indent;
    if (prefixed) text += test::spell(inner.left) + " <-> " + test::spell(inner.right) + " ";
    if (inner.when) text += "when " + spell(*inner.when, &mapping) + " ";
    text += "{\n";
    spell(inner, indent + "    ", mapping, text);
    if (!inner.otherwise.empty()) {
      text += indent + "} else {\n";
      spell(inner.otherwise, indent + "    ", mapping, text);
    }
    text += indent + "}\n";
  }
}

std::string spell(const MadeParam& param) {
  const char* type = param.flag ? "bool" : param.real ? "float" : param.dtype ? "dtype" : "int";
  const std::string value = param.dtype ? "\"" + spell_value(param) + "\"" : spell_value(param);
  return fmt::format("param {}: {}{}", param.name, type, param.set ? "" : " = " + value);
}

void collect(Block& block, std::vector<Block*>& blocks) {
  blocks.push_back(&block);
  for (Block& inner : block.inner) collect(inner, blocks);
}

}  // namespace

const MadeParam* Mapping::find_param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(), [&](const MadeParam& p) { return p.name == name; });
  return found == params.end() ? nullptr : &*found;
}

const MadeIndex* Mapping::find_index(std::string_view name) const {
  const auto found = std::find_if(indexes.begin(), indexes.end(), [&](const MadeIndex& i) { return i.name == name; });
  return found == indexes.end() ? nullptr : &*found;
}

bool MadeRule::has_values() const {
  const auto has = [](const MadeTerm& term) { return !term.steps.empty() || !term.as.empty() || term.fill; };
  return std::any_of(left.begin(), left.end(), has) || std::any_of(right.begin(), right.end(), has);
}

std::vector<FlatRule> flatten(const Mapping& mapping) {
  std::vector<FlatRule> flat;
  flatten(mapping.top, {}, flat);
  return flat;
}

std::vector<Block*> blocks_of(Mapping& mapping) {
  std::vector<Block*> blocks;
  collect(mapping.top, blocks);
  return blocks;
}

std::vector<std::vector<MadeRule>*> rule_lists(Mapping& mapping) {
  std::vector<std::vector<MadeRule>*> lists;
  for (Block* block : blocks_of(mapping)) {
    lists.push_back(&block->rules);
    lists.push_back(&block->otherwise);
  }
  return lists;
}

std::vector<const MadeOperand*> operands_of(const MadeTerm& term) {
  std::vector<const MadeOperand*> operands;
  for (const MadeStep& step : term.steps) {
    if (step.tensor) operands.push_back(&*step.tensor);
  }
  return operands;
}

std::vector<std::string> indexes_in(const Key& key) {
  std::vector<std::string> names;
  for (const KeyPiece& piece : key.pieces) {
    if (piece.kind != KeyPiece::Kind::index) continue;
    if (std::find(names.begin(), names.end(), piece.text) == names.end()) names.push_back(piece.text);
  }
  return names;
}

std::vector<std::string> loops_of(const MadeRule& rule) {
  std::vector<std::string> loops = indexes_in((rule.left.front().fill ? rule.right : rule.left).front().key);
  for (const auto* side : {&rule.left, &rule.right}) {
    for (const MadeTerm& term : *side) {
      if (term.fill) continue;
      const auto here = indexes_in(term.key);
      std::erase_if(loops, [&](const std::string& i) { return std::find(here.begin(), here.end(), i) == here.end(); });
    }
  }
  return loops;
}

std::vector<IndexValues> combinations(const Mapping& mapping, const std::vector<std::string>& indexes,
                                      const IndexValues& outer) {
  std::vector<IndexValues> all{outer};
  for (const std::string& name : indexes) {
    std::vector<IndexValues> longer;
    for (const IndexValues& at : all) {
      for (const std::string& value : mapping.find_index(name)->values) {
        longer.push_back(at);
        longer.back()[name] = value;
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<std::string> key_texts(const Key& key, const IndexValues& at) {
  std::vector<std::string> texts{""};
  for (const KeyPiece& piece : key.pieces) {
    std::vector<std::string> endings{piece.text};
    if (piece.kind == KeyPiece::Kind::alternatives) endings = piece.names;
    if (piece.kind == KeyPiece::Kind::index) {
      const std::string& value = at.at(piece.text);
      endings = {piece.offset == 0 ? value : std::to_string(std::stoll(value) + piece.offset)};
    }
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& ending : endings) longer.push_back(text + ending);
    }
    texts = std::move(longer);
  }
  return texts;
}

std::optional<bool> holds(const Mapping& mapping, const Condition& condition, const IndexValues& at) {
  if (condition.op == Condition::Op::flag) {
    const MadeParam* param = mapping.find_param(condition.name);
    if (!param || !param->flag) return std::nullopt;
    return (param->value != 0) != condition.negated;
  }
  const auto value = at.find(condition.name);
  if (value == at.end()) return std::nullopt;
  if (condition.op == Condition::Op::less) {
    return (std::stoll(value->second) < std::stoll(condition.values.front())) != condition.negated;
  }
  const auto& values = condition.values;
  return (std::find(values.begin(), values.end(), value->second) != values.end()) != condition.negated;
}

std::string spell(const Key& key) {
  std::string text;
  for (const KeyPiece& piece : key.pieces) {
    if (piece.kind == KeyPiece::Kind::text) {
      text += piece.text;
    } else if (piece.kind == KeyPiece::Kind::alternatives) {
      text += fmt::format("{{{}}}", fmt::join(piece.names, "|"));
    } else if (piece.offset == 0) {
      text += "{" + piece.text + "}";
    } else {
      text += fmt::format("{{{} {} {}}}", piece.text, piece.offset < 0 ? '-' : '+', std::abs(piece.offset));
    }
  }
  return key.quoted ? "\"" + text + "\"" : text;
}

std::string spell(Dtype dtype) {
  std::string text(name(dtype));
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string spell_value(const MadeParam& param) {
  if (param.real) return fmt::format("{}", *param.real);
  if (param.dtype) return spell(*param.dtype);
  return param.flag ? (param.value != 0 ? "true" : "false") : std::to_string(param.value);
}

std::string spell(const MadeRule& rule) { return spell(rule, nullptr); }

std::string spell(const Mapping& mapping) {
  std::string text = "omap 1\n\nside a: safetensors\nside b: safetensors\n\nmapping drawn: a <-> b {\n";
  for (const MadeParam& param : mapping.params) text += "    " + spell(param) + "\n";
  for (const MadeIndex& index : mapping.indexes) text += fmt::format("    index {} in {}\n", index.name, index.list);
  spell(mapping.top, "    ", mapping, text);
  return text + "}\n";
}

}  // namespace omap::test
