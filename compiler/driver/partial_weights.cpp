#include "compiler/driver/partial_weights.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/load_mapping.h"
#include "runtime/bind/report_unclaimed.h"
#include "runtime/checkpoint/checkpoint_files.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

namespace fs = std::filesystem;

/// What a library of adapters (PEFT) calls its files.
constexpr std::string_view adapter_weights = "adapter_model.";
constexpr std::string_view adapter_config = "adapter_config.json";

/// Segments of keys that low-rank adapters have.
constexpr std::array<std::string_view, 5> adapter_segments = {"lora_A", "lora_B", "lora_embedding_A",
                                                              "lora_embedding_B", "lora_magnitude_vector"};

/// Segments of keys that quantised weights have: packed numbers, their scales, zeros and codebooks.
constexpr std::array<std::string_view, 11> quantised_segments = {
    "qweight", "qzeros",    "g_idx",         "weight_packed",    "weight_scale",     "weight_scale_inv",
    "SCB",     "quant_map", "nested_absmax", "nested_quant_map", "weight_zero_point"};

template <std::size_t size>
bool has_segment(std::string_view key, const std::array<std::string_view, size>& wanted) {
  while (!key.empty()) {
    const std::size_t dot = std::min(key.find('.'), key.size());
    if (std::ranges::find(wanted, key.substr(0, dot)) != wanted.end()) return true;
    key.remove_prefix(std::min(dot + 1, key.size()));
  }
  return false;
}

template <std::size_t size>
std::vector<std::string> keys_with(const Source& source, const std::array<std::string_view, size>& segments) {
  std::vector<std::string> keys;
  for (const TensorInfo& tensor : source.reader.index().tensors()) {
    if (has_segment(tensor.key, segments)) keys.push_back(tensor.key);
  }
  return keys;
}

/// A text of a JSON file, if there are such a file and such a member.
std::optional<std::string> text_in(const fs::path& file, std::string_view member) {
  const auto text = read_text(file.string());
  if (!text) return std::nullopt;
  const auto json = parse_json(*text, file.string());
  const Value* value = json && json->object() ? json->member(member) : nullptr;
  return value && value->string() ? std::optional(*value->string()) : std::nullopt;
}

std::optional<Diagnostic> adapter(const Source& source, const SidePath& from) {
  const std::vector<std::string> keys = keys_with(source, adapter_segments);
  const std::vector<fs::path>& files = source.reader.index().files();
  const bool named_so = std::ranges::any_of(
      files, [](const fs::path& file) { return file.filename().string().starts_with(adapter_weights); });
  if (keys.empty() && !named_so) return std::nullopt;
  Diagnostic found(Code::partial_weights, "this is an adapter to a model, without the model's own weights");
  found.subject = from.path.string();
  if (!keys.empty()) found.notes.push_back(fmt::format("it has {}", list_keys(keys)));
  const fs::path config = (files.empty() ? from.path : files.front().parent_path()) / adapter_config;
  if (const auto base = text_in(config, "base_model_name_or_path")) {
    found.notes.push_back(fmt::format("its {} says that the model is `{}`", adapter_config, *base));
  }
  found.helps.emplace_back("merge it into that model first (PEFT: `merge_and_unload()`), and convert the result");
  return found;
}

std::optional<Diagnostic> quantised(const Source& source, const SidePath& from) {
  const std::vector<std::string> keys = keys_with(source, quantised_segments);
  const auto config = source.configs.find(default_config_file);
  const Value* said = config == source.configs.end() ? nullptr : config->second.member("quantization_config");
  if (keys.empty() && (!said || !said->object())) return std::nullopt;
  Diagnostic found(Code::partial_weights, "the weights of this checkpoint are quantised");
  found.subject = from.path.string();
  if (!keys.empty()) found.notes.push_back(fmt::format("it has {}", list_keys(keys)));
  const Value* method = said && said->object() ? said->member("quant_method") : nullptr;
  if (method && method->string()) {
    found.notes.push_back(fmt::format("its config says `quant_method`: `{}`", *method->string()));
  }
  found.helps.emplace_back("convert the model that it was made from, or one that was dequantised");
  return found;
}

}  // namespace

std::optional<Diagnostic> one_of_several(const SidePath& from) {
  const std::string file = from.path.filename().string();
  const auto shard = shard_name_of(file);
  std::error_code error;
  if (!shard || shard->shards < 2 || fs::is_directory(from.path, error)) return std::nullopt;
  const fs::path directory = from.path.has_parent_path() ? from.path.parent_path() : fs::path(".");
  return Diagnostic(Code::partial_weights, "`{}` is one of the {} files of a checkpoint", file, shard->shards)
      .in(from.path.string())
      .help("give the directory that they are in: `--from {}={}`", from.side, directory.string());
}

std::optional<Diagnostic> partial_weights(const Source& source, const SidePath& from) {
  if (auto shard = one_of_several(from)) return shard;
  if (auto found = adapter(source, from)) return found;
  return quantised(source, from);
}

}  // namespace omap::driver
