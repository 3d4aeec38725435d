#include "compiler/driver/sides.h"

#include "compiler/driver/load_mapping.h"
#include "diagnostics/nearest.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

Result<std::optional<Value>> read_config(const std::optional<std::filesystem::path>& directory) {
  std::error_code error;
  if (!directory || !std::filesystem::exists(*directory / "config.json", error)) return std::nullopt;
  const std::string path = (*directory / "config.json").string();
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  auto config = parse_json(*text, path);
  const auto refuse = [&](std::string why) {
    return fail(Diagnostic(Code::config_invalid, "a config {}", std::move(why))
                    .in(path)
                    .help("mend the file, or move it away to convert without it"));
  };
  if (!config) return refuse(fmt::format("is {}", config.error().front().message));
  if (!config->object()) return refuse(fmt::format("is a JSON object, and this is a {}", config->type_name()));
  return std::optional(std::move(*config));
}

Diagnostic unknown_side(const Plan& plan, const std::string& side) {
  const std::vector<std::string> sides{plan.left.name, plan.right.name};
  Diagnostic diagnostic(Code::direction_unclear, "`{}` has no side `{}`", plan.name, side);
  if (const auto near = nearest(side, sides)) diagnostic.helps.push_back(fmt::format("did you mean `{}`?", *near));
  diagnostic.helps.push_back(fmt::format("its sides are `{}` and `{}`", plan.left.name, plan.right.name));
  return diagnostic;
}

}  // namespace

std::optional<SidePath> parse_side_path(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) return std::nullopt;
  return SidePath{text.substr(0, equals), text.substr(equals + 1)};
}

Result<Direction> direction_between(const Plan& plan, const std::string& from, const std::optional<std::string>& to) {
  for (const std::string* side : {&from, to ? &*to : &from}) {
    if (*side != plan.left.name && *side != plan.right.name) return fail(unknown_side(plan, *side));
  }
  if (to && *to == from) {
    return fail(Diagnostic(Code::direction_unclear, "`--from` and `--to` both say `{}`", from)
                    .help("one is `{}` and the other `{}`", plan.left.name, plan.right.name));
  }
  return from == plan.left.name ? Direction::right : Direction::left;
}

Result<Source> open_source(const std::filesystem::path& path) {
  auto reader = open_checkpoint(path);
  if (!reader) return fail(std::move(reader.error()));
  auto config = read_config(reader->directory());
  if (!config) return fail(std::move(config.error()));
  return Source{std::move(*reader), std::move(*config)};
}

Result<Bound> bind_source(const Plan& plan, const SidePath& from, const std::optional<std::string>& to,
                          const std::vector<std::string>& settings) {
  const auto direction = direction_between(plan, from.side, to);
  if (!direction) return fail(direction.error());
  auto values = parse_settings(plan, settings);
  if (!values) return fail(std::move(values.error()));
  auto source = open_source(from.path);
  if (!source) return fail(std::move(source.error()));
  BindOptions options;
  options.direction = *direction;
  options.source_format = source->reader.format();
  options.settings = std::move(*values);
  auto mapping = bind_plan(plan, source->reader.index(), source->config, options);
  if (!mapping) return fail(std::move(mapping.error()));
  return Bound{std::move(*source), *direction, std::move(*mapping)};
}

}  // namespace omap::driver
