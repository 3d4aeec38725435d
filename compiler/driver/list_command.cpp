#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "compiler/driver/commands.h"
#include "compiler/driver/standard_plans.h"
#include "diagnostics/nearest.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

/// What a standard mapping does in one direction.
struct Way {
  std::string from, to;
  /// Nothing is computed or cast: the way back gives the same bits.
  bool exact = true;
  /// Files of the destination that its config sections write.
  std::vector<std::string> configs;
};

struct Entry {
  std::string name;
  std::string doc;
  std::string left, right;
  std::vector<Way> ways;
  bool is_base = false;
};

std::vector<std::string> configs_written(const Plan& plan, Direction direction) {
  std::vector<std::string> files;
  for (const ConfigLine& line : plan.config) {
    if (line.kind == ConfigLine::Kind::ignore) continue;
    const bool equation = line.kind == ConfigLine::Kind::equation;
    if (equation && !(direction == Direction::right ? line.to_right : line.to_left)) continue;
    const auto target = config_root(equation && direction == Direction::right ? *line.right : line.left);
    if (target->side == plan.destination_side(direction).name) files.emplace_back(target->file);
  }
  std::ranges::sort(files);
  files.erase(std::ranges::unique(files).begin(), files.end());
  return files;
}

std::vector<Way> ways_of(const Plan& plan) {
  std::vector<Way> ways;
  for (const Direction direction : {Direction::right, Direction::left}) {
    const auto runs = [&](const Rule& rule) { return rule.runs(direction); };
    if (std::ranges::none_of(plan.rules, runs)) continue;
    Way way{plan.source_side(direction).name, plan.destination_side(direction).name, true,
            configs_written(plan, direction)};
    way.exact = std::ranges::none_of(plan.rules, [&](const Rule& rule) { return runs(rule) && is_inexact(rule); });
    ways.push_back(std::move(way));
  }
  return ways;
}

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const StandardPlan& standard : standard_plans()) {
    const Plan& plan = standard.plan;
    all.push_back({standard.name, plan.doc, plan.left.name, plan.right.name,
                   standard.is_base ? std::vector<Way>() : ways_of(plan), standard.is_base});
  }
  return all;
}

/// Whether a mapping is meant by `std:NAME`, by `NAME`, or by one of its sides.
bool is_called(const Entry& entry, const std::string& name) {
  return entry.name == name || entry.name == "std:" + name ||
         (!entry.is_base && (entry.left == name || entry.right == name));
}

/// The first sentence of a comment, on one line.
std::string first_sentence(std::string doc) {
  std::ranges::replace(doc, '\n', ' ');
  const std::size_t end = doc.find(". ");
  return end == std::string::npos ? doc : doc.substr(0, end + 1);
}

std::string_view arrow(const Entry& entry) {
  if (entry.ways.size() != 1) return "<->";
  return entry.ways.front().from == entry.left ? "->" : "<-";
}

std::string spell_briefly(const Entry& entry) {
  return fmt::format("{:<22} {} {} {}\n    {}\n", entry.name, entry.left, arrow(entry), entry.right,
                     first_sentence(entry.doc));
}

/// Those that no one runs.
std::string spell_bases(const std::vector<Entry>& all) {
  std::vector<std::string> bases;
  for (const Entry& entry : all) {
    if (entry.is_base) bases.push_back(entry.name);
  }
  return fmt::format("\nfor mappings to extend, and not to run: {}\n", fmt::join(bases, ", "));
}

std::string spell_fully(const Entry& entry) {
  std::string text = fmt::format("{}\n", entry.name);
  for (std::size_t begin = 0; begin < entry.doc.size();) {
    const std::size_t end = std::min(entry.doc.find('\n', begin), entry.doc.size());
    text += fmt::format("    {}\n", entry.doc.substr(begin, end - begin));
    begin = end + 1;
  }
  for (const Way& way : entry.ways) {
    text += fmt::format("  {} -> {}: {}, {}\n", way.from, way.to, way.exact ? "exact" : "rounds",
                        way.configs.empty() ? "no config" : fmt::format("{}", fmt::join(way.configs, ", ")));
  }
  if (entry.is_base) text += "  for mappings to extend, and not to run\n";
  return text;
}

Value to_json(const Entry& entry) {
  Value::List ways;
  for (const Way& way : entry.ways) {
    ways.emplace_back(Value::Object{{"from", way.from},
                                    {"to", way.to},
                                    {"exact", way.exact},
                                    {"configs", Value::List(way.configs.begin(), way.configs.end())}});
  }
  return Value::Object{{"name", entry.name}, {"doc", entry.doc}, {"directions", std::move(ways)}};
}

Diagnostic unknown_name(const std::string& name, const std::vector<Entry>& all) {
  std::vector<std::string> names;
  for (const Entry& entry : all) names.insert(names.end(), {entry.name, entry.left, entry.right});
  Diagnostic unknown(Code::unknown_mapping, "no standard mapping is called `{}`, nor has a side of that name", name);
  auto near = nearest(name, names);
  if (!near) near = nearest("std:" + name, names);
  if (near) unknown.helps.push_back(fmt::format("did you mean `{}`?", *near));
  unknown.helps.emplace_back("`olmoc list` shows all of them");
  return unknown;
}

}  // namespace

ExitCode list_mappings(const Console& console, const ListArguments& arguments) {
  std::vector<Entry> all = entries();
  if (!arguments.names.empty()) {
    for (const std::string& name : arguments.names) {
      if (std::ranges::none_of(all, [&](const Entry& entry) { return is_called(entry, name); })) {
        return console.report({unknown_name(name, all)});
      }
    }
    std::erase_if(all, [&](const Entry& entry) {
      return std::ranges::none_of(arguments.names, [&](const std::string& name) { return is_called(entry, name); });
    });
  }
  if (console.json) {
    Value::List mappings, bases;
    for (const Entry& entry : all) {
      if (entry.is_base) {
        bases.emplace_back(entry.name);
      } else {
        mappings.push_back(to_json(entry));
      }
    }
    console.result(dump_json(Value::Object{{"mappings", std::move(mappings)}, {"bases", std::move(bases)}}) + "\n");
    return done;
  }
  if (!arguments.names.empty()) {
    std::vector<std::string> texts;
    for (const Entry& entry : all) texts.push_back(spell_fully(entry));
    console.result(fmt::format("{}", fmt::join(texts, "\n")));
    return done;
  }
  std::string text;
  for (const Entry& entry : all) {
    if (entry.is_base) continue;
    if (arguments.is_long && !text.empty()) text += '\n';
    text += arguments.is_long ? spell_fully(entry) : spell_briefly(entry);
  }
  console.result(text + spell_bases(all));
  return done;
}

}  // namespace omap::driver
