#include <algorithm>

#include "runtime/bind/environment.h"

namespace omap {
namespace {

tl::unexpected<NoValue> no_key_text(const Expr& expr, const Value& value) {
  return tl::unexpected(NoValue{NoValue::Kind::failed, fmt::format("`{{{}}}` is {}", to_text(expr), value.type_name()),
                                Code::value_type});
}

bool holds(const Scope& scope, std::string_view name) {
  return std::any_of(scope.begin(), scope.end(), [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

tl::expected<std::vector<std::string>, NoValue> Environment::key_texts(const KeyTemplate& key, const Scope& scope) {
  std::vector<std::string> texts{""};
  for (const KeyPart& part : key.parts) {
    std::vector<std::string> choices;
    if (part.kind == KeyPart::Kind::text) {
      for (std::string& text : texts) text += part.text;
      continue;
    }
    if (part.kind == KeyPart::Kind::placeholder) {
      const Evaluated value = evaluate(part.expr, scope);
      if (!value) return tl::unexpected(value.error());
      const auto text = key_text(*value);
      if (!text) return no_key_text(part.expr, *value);
      choices = {*text};
    } else {
      choices = part.names;
    }
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const std::string& choice : choices) longer.push_back(text + choice);
    }
    texts = std::move(longer);
  }
  return texts;
}

/// The texts that a placeholder may have: an index that `scope` does not hold takes each of its values.
tl::expected<std::vector<std::string>, NoValue> Environment::placeholder_texts(const Expr& expr, const Scope& scope) {
  std::vector<std::string> free;
  for_each_expr(expr, [&](const Expr& e) {
    if (e.op == Expr::Op::index && !holds(scope, e.name)) free.push_back(e.name);
  });
  std::vector<Scope> scopes{scope};
  if (!free.empty()) {
    const auto& values = index_values(free.front());
    if (!values) return tl::unexpected(values.error());
    scopes.assign(values->size(), scope);
    for (std::size_t i = 0; i < values->size(); ++i) {
      for (const std::string& name : free) scopes[i].emplace_back(name, (*values)[i]);
    }
  }
  std::vector<std::string> texts;
  for (const Scope& each : scopes) {
    const Evaluated value = evaluate(expr, each);
    if (!value) return tl::unexpected(value.error());
    auto text = key_text(*value);
    if (!text) return no_key_text(expr, *value);
    texts.push_back(std::move(*text));
  }
  return texts;
}

bool Environment::runs_over_ints(const Expr& expr) {
  bool ints = false;
  for_each_expr(expr, [&](const Expr& e) {
    if (e.op != Expr::Op::index) return;
    const auto& values = index_values(e.name);
    ints = ints || !values || values->empty() || values->front().integer();
  });
  return ints;
}

tl::expected<KeyMatcher, NoValue> Environment::matcher(const KeyTemplate& key, const Scope& scope) {
  return matcher(key, scope, false);
}

tl::expected<KeyMatcher, NoValue> Environment::open_matcher(const KeyTemplate& key) { return matcher(key, {}, true); }

tl::expected<KeyMatcher, NoValue> Environment::matcher(const KeyTemplate& key, const Scope& scope, bool any_number) {
  using Kind = KeyMatcher::Piece::Kind;
  std::vector<KeyMatcher::Piece> pieces;
  for (const KeyPart& part : key.parts) {
    switch (part.kind) {
      case KeyPart::Kind::text:
        pieces.push_back({Kind::choice, {part.text}});
        break;
      case KeyPart::Kind::alternatives:
        pieces.push_back({Kind::choice, part.names});
        break;
      case KeyPart::Kind::any:
        pieces.push_back({Kind::number, {}});
        break;
      case KeyPart::Kind::segment:
        pieces.push_back({Kind::segment, {}});
        break;
      case KeyPart::Kind::segments:
        pieces.push_back({Kind::segments, {}});
        break;
      case KeyPart::Kind::placeholder: {
        if (any_number && runs_over_ints(part.expr)) {
          pieces.push_back({Kind::number, {}});
          break;
        }
        auto texts = placeholder_texts(part.expr, scope);
        if (!texts) return tl::unexpected(texts.error());
        pieces.push_back({Kind::choice, std::move(*texts)});
      }
    }
  }
  return KeyMatcher(std::move(pieces));
}

}  // namespace omap
