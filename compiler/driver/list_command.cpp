#include <fmt/format.h>

#include <algorithm>

#include "compiler/driver/commands.h"
#include "compiler/load_mapping.h"
#include "runtime/json/json.h"
#include "stdlib-mappings/standard_mappings.h"

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
  std::vector<Way> ways;
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
  for (const StandardMapping& mapping : standard_mappings()) {
    const LoadedFile file = load_file(fmt::format("std:{}", mapping.name));
    for (const Plan& plan : file.plans) {
      if (is_base(plan)) continue;
      const bool only = file.plans.size() == 1 && plan.name == mapping.name;
      all.push_back({only ? fmt::format("std:{}", plan.name) : fmt::format("std:{}:{}", mapping.name, plan.name),
                     plan.doc, ways_of(plan)});
    }
  }
  return all;
}

void print(const Console& console, const std::vector<Entry>& all) {
  std::string text;
  for (const Entry& entry : all) {
    if (!text.empty()) text += '\n';
    text += fmt::format("{}\n", entry.name);
    for (std::size_t begin = 0; begin < entry.doc.size();) {
      const std::size_t end = std::min(entry.doc.find('\n', begin), entry.doc.size());
      text += fmt::format("    {}\n", entry.doc.substr(begin, end - begin));
      begin = end + 1;
    }
    for (const Way& way : entry.ways) {
      text += fmt::format("  {} -> {}: {}, {}\n", way.from, way.to, way.exact ? "exact" : "rounds",
                          way.configs.empty() ? "no config" : fmt::format("{}", fmt::join(way.configs, ", ")));
    }
  }
  console.result(text);
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

}  // namespace

ExitCode list_mappings(const Console& console) {
  const std::vector<Entry> all = entries();
  if (!console.json) {
    print(console, all);
    return done;
  }
  Value::List mappings;
  for (const Entry& entry : all) mappings.push_back(to_json(entry));
  console.result(dump_json(Value::Object{{"mappings", std::move(mappings)}}) + "\n");
  return done;
}

}  // namespace omap::driver
