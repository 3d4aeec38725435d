#include "runtime/checkpoint/safetensors_index.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/checkpoint/file_name.h"
#include "runtime/checkpoint/json_events.h"

namespace omap {
namespace {

constexpr std::string_view weight_map_name = "weight_map";

class IndexEvents final : public JsonEvents {
 public:
  WeightMap weight_map;
  bool has_weight_map = false;

  Next key(std::string&& name) override {
    if (depth_ == 2) {
      const auto [entry, added] = weight_map.try_emplace(std::move(name));
      entry_ = &*entry;
      return added ? Next::read : stop(fmt::format("`{}` stands twice", entry->first));
    }
    if (name != weight_map_name) return Next::skip;
    return std::exchange(has_weight_map, true) ? stop(fmt::format("`{}` stands twice", name)) : Next::read;
  }
  bool begin_object() override { return depth_ == 2 ? unexpected("an object") : (++depth_, true); }
  bool end_object() override { return --depth_, true; }
  bool text(std::string&& file) override {
    if (depth_ < 2) return unexpected("a string");
    if (!is_plain_file_name(file)) {
      return refuse(fmt::format("`{}` is said to be in `{}`, which is not the name of a file beside the index",
                                entry_->first, file));
    }
    entry_->second = std::move(file);
    return true;
  }
  bool unexpected(std::string_view kind) override {
    if (depth_ == 0) return refuse(fmt::format("the index is {}, not an object", kind));
    if (depth_ == 1) return refuse(fmt::format("`{}` is {}, not an object", weight_map_name, kind));
    return refuse(fmt::format("the file of `{}` is {}, not a string", entry_->first, kind));
  }

 private:
  bool refuse(std::string why) {
    problem = std::move(why);
    return false;
  }
  Next stop(std::string why) {
    problem = std::move(why);
    return Next::stop;
  }

  /// 1 in the index's object, 2 in the weight map.
  int depth_ = 0;
  WeightMap::value_type* entry_ = nullptr;
};

}  // namespace

Result<WeightMap> parse_safetensors_index(std::string_view json, std::string_view file) {
  IndexEvents events;
  if (read_json(json, events)) {
    if (events.has_weight_map) return std::move(events.weight_map);
    events.problem = fmt::format("the index has no `{}`", weight_map_name);
  }
  return fail(Diagnostic(Code::index_invalid, "{}", events.problem)
                  .help("write the index again, or name the `.safetensors` files' directory without it")
                  .in(std::string(file)));
}

std::string write_safetensors_index(const WeightMap& weight_map, std::uint64_t total_parameters,
                                    std::uint64_t total_size) {
  using Json = nlohmann::json;
  const Json index = {{"metadata", {{"total_parameters", total_parameters}, {"total_size", total_size}}},
                      {weight_map_name, Json(weight_map)}};
  return index.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace omap
