#include "compiler/driver/usage_error.h"

#include <fmt/ranges.h>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

#include "diagnostics/nearest.h"

namespace omap::driver {
namespace {

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

/// Options of a command, of its groups, and those that go with every command: `--from`.
std::vector<std::string> options_of(const CLI::App& app, const CLI::App& command) {
  std::vector<std::string> names;
  const auto add = [&](const CLI::App& of) {
    for (const CLI::Option* option : of.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  };
  add(command);
  for (const CLI::App* group : command.get_subcommands([](const CLI::App*) { return true; })) add(*group);
  if (&command != &app) add(app);
  return names;
}

Diagnostic no_command(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> commands = commands_of(app);
  Diagnostic wrong = word.empty() ? Diagnostic(Code::usage_wrong, "no command is given")
                                  : Diagnostic(Code::usage_wrong, "there is no command `{}`", word);
  if (const auto near = nearest(word, commands)) wrong.helps.push_back(fmt::format("did you mean `{}`?", *near));
  wrong.helps.push_back(fmt::format("commands are `{}`", fmt::join(commands, "`, `")));
  return wrong;
}

Diagnostic unknown_word(const CLI::App& app, const CLI::App& command, const std::string& word,
                        const std::string& called) {
  if (!word.starts_with('-')) return {Code::usage_wrong, "`{}` does not take a further argument `{}`", called, word};
  const std::string name = word.substr(0, word.find('='));
  Diagnostic wrong(Code::usage_wrong, "`{}` has no option `{}`", called, name);
  if (const auto near = nearest(name, options_of(app, command))) {
    wrong.helps.push_back(fmt::format("did you mean `{}`?", *near));
  }
  return wrong;
}

/// The parser's text, with options in backticks: "--to is required".
std::string respelt(std::string_view text) {
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.remove_suffix(1);
  std::string spelt;
  bool quoted = false;
  const bool begins_sentence = text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool in_word = c == '-' || std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (!quoted && text.substr(i).starts_with("--") && (i == 0 || text[i - 1] != '-')) {
      spelt += '`';
      quoted = true;
    } else if (quoted && !in_word) {
      spelt += '`';
      quoted = false;
    }
    spelt += i == 0 && begins_sentence ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : c;
  }
  if (quoted) spelt += '`';
  return spelt;
}

}  // namespace

Diagnostic usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  const std::vector<std::string> extra = app.remaining(true);
  const std::string first = extra.empty() ? std::string() : extra.front();
  if (parsed.empty() && !first.starts_with('-')) return no_command(app, first);
  const CLI::App& command = parsed.empty() ? app : *parsed.front();
  const std::string called = parsed.empty() ? "olmoc" : "olmoc " + command.get_name();
  // A word that is not known explains best why another is missing.
  Diagnostic wrong = extra.empty() ? Diagnostic(Code::usage_wrong, "{}", respelt(error.what()))
                                   : unknown_word(app, command, first, called);
  wrong.helps.push_back(fmt::format("`{} --help` says what there is", called));
  return wrong;
}

bool wants_json(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--format=json" || (word == "--format" && i + 1 < argc && std::string_view(argv[i + 1]) == "json")) {
      return true;
    }
  }
  return false;
}

}  // namespace omap::driver
