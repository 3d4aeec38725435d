#include "runtime/templates/template_key.h"

#include "runtime/plan/spelling.h"

namespace omap {

std::string_view placeholder_name(std::string_view text) {
  if (text.size() < 3 || text.front() != '[' || text.back() != ']') return {};
  const std::string_view name = text.substr(1, text.size() - 2);
  return is_word(name) && name != "_" ? name : std::string_view{};
}

std::vector<KeyStretch> key_stretches(std::string_view key) {
  std::vector<KeyStretch> stretches;
  const auto add_text = [&](std::string_view text) {
    if (text.empty()) return;
    if (!stretches.empty() && !stretches.back().placeholder) {
      stretches.back().text += text;
    } else {
      stretches.push_back({false, std::string(text)});
    }
  };
  while (!key.empty()) {
    const std::size_t open = key.find('[');
    const std::size_t close = open == std::string_view::npos ? open : key.find(']', open);
    if (close == std::string_view::npos) {
      add_text(key);
      break;
    }
    add_text(key.substr(0, open));
    const std::string_view name = placeholder_name(key.substr(open, close + 1 - open));
    if (name.empty()) {
      add_text(key.substr(open, 1));
      key.remove_prefix(open + 1);
      continue;
    }
    stretches.push_back({true, std::string(name)});
    key.remove_prefix(close + 1);
  }
  return stretches;
}

std::set<std::string> placeholders_in(std::string_view key) {
  std::set<std::string> names;
  for (const KeyStretch& stretch : key_stretches(key)) {
    if (stretch.placeholder) names.insert(stretch.text);
  }
  return names;
}

KeyTemplate key_template(std::string_view key, const std::function<KeyPart(const std::string&)>& placeholder) {
  KeyTemplate made;
  for (const KeyStretch& stretch : key_stretches(key)) {
    KeyPart part;
    part.text = stretch.text;
    if (stretch.placeholder) part = placeholder(stretch.text);
    const bool joins =
        part.kind == KeyPart::Kind::text && !made.parts.empty() && made.parts.back().kind == KeyPart::Kind::text;
    if (joins) {
      made.parts.back().text += part.text;
    } else {
      made.parts.push_back(std::move(part));
    }
  }
  return made;
}

}  // namespace omap
