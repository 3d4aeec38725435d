#include <nlohmann/json.hpp>

#include "diagnostics/render.h"

namespace omap {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Label& label, bool primary, const SourceMap& sources) {
  const SourceFile& file = sources.files[label.range.file];
  const Position at = file.position(label.range.begin);
  return Json{{"file", file.name()}, {"begin", label.range.begin}, {"end", label.range.end}, {"line", at.line},
              {"column", at.column}, {"text", label.text},         {"primary", primary}};
}

}  // namespace

std::string render_json(const Diagnostic& diagnostic, const SourceMap& sources) {
  Json labels = Json::array();
  if (sources.covers(diagnostic.primary.range)) labels.push_back(json_of(diagnostic.primary, true, sources));
  for (const Label& label : diagnostic.secondary) {
    if (sources.covers(label.range)) labels.push_back(json_of(label, false, sources));
  }
  const Json object = {{"code", code_text(diagnostic.code)}, {"severity", severity_text(diagnostic.severity)},
                       {"message", diagnostic.message},      {"labels", std::move(labels)},
                       {"notes", diagnostic.notes},          {"help", diagnostic.helps},
                       {"subject", diagnostic.subject}};
  // Keys and paths come from files that may hold anything; a tool still has to be able to read the line.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace omap
