#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "compiler/driver/commands.h"
#include "diagnostics/utf8.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/key_pattern.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

/// Parallel to the checkpoint's objects; nothing for a value that is not plain.
using ObjectValues = std::vector<std::optional<Value>>;

Result<ObjectValues> read_objects(const CheckpointReader& checkpoint) {
  ObjectValues values;
  for (const StoredObject& object : checkpoint.objects()) {
    auto value = read_object(object);
    if (!value) return fail(std::move(value.error()));
    values.push_back(*std::move(value));
  }
  return values;
}

/// A value as JSON, or its beginning.
std::string spell_value(const std::optional<Value>& value) {
  constexpr std::size_t longest = 60;
  if (!value) return "no tensor, no plain value";
  const std::string text = dump_json(*value);
  std::size_t end = 0;
  for (std::size_t points = 0; points < longest; ++points) {
    const auto point = decode_utf8(std::string_view(text).substr(end));
    if (!point) return text;
    end += point->length;
  }
  return text.substr(0, end) + "...";
}

std::string spell_shape(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// Keys of one dtype and shape fold into one line. Entries that are no tensors have neither, but a value.
void print(const Console& console, const CheckpointReader& checkpoint, const ObjectValues& values) {
  const TensorIndex& index = checkpoint.index();
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> alike;
  std::map<std::string, std::uint64_t> bytes_by_dtype;
  for (const TensorInfo& tensor : index.tensors()) {
    alike[{std::string(name(tensor.dtype)), spell_shape(tensor.shape)}].push_back(tensor.key);
    bytes_by_dtype[std::string(name(tensor.dtype))] += dense_bytes(tensor);
  }
  const std::vector<StoredObject>& objects = checkpoint.objects();
  for (std::size_t i = 0; i < objects.size(); ++i) alike[{"-", spell_value(values[i])}].push_back(objects[i].key);
  struct Row {
    std::string pattern, dtype, shape;
    std::size_t count;
  };
  // A key that is longer has its line to itself: it does not push the others' columns out of sight.
  constexpr std::size_t widest = 80;
  std::vector<Row> rows;
  std::size_t width = 0;
  for (auto& [what, keys] : alike) {
    for (FoldedKeys& folded : fold_keys(keys)) {
      if (folded.pattern.size() <= widest) width = std::max(width, folded.pattern.size());
      rows.push_back({std::move(folded.pattern), what.first, what.second, folded.count});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return natural_less(a.pattern, b.pattern); });
  for (const Row& row : rows) {
    console.result(fmt::format("{:<{}}  {:<5} {}{}\n", row.pattern, width, row.dtype, row.shape,
                               row.count > 1 ? fmt::format("  x {}", row.count) : ""));
  }
  std::string dtypes;
  for (const auto& [dtype, bytes] : bytes_by_dtype) dtypes += fmt::format(", {} {}", spell_bytes(bytes), dtype);
  const std::string others = objects.empty() ? "" : fmt::format("; {} other entries", objects.size());
  console.result(fmt::format("{}: {} tensors in {} file{}, {}{}{}\n", checkpoint.format(), index.tensors().size(),
                             index.files().size(), index.files().size() == 1 ? "" : "s",
                             spell_bytes(index.total_bytes()), bytes_by_dtype.size() > 1 ? dtypes : "", others));
}

void print_json(const Console& console, const CheckpointReader& checkpoint, const ObjectValues& values) {
  Value::List tensors, files, objects;
  for (const auto& file : checkpoint.index().files()) files.emplace_back(file.string());
  for (const TensorInfo& tensor : checkpoint.index().tensors()) {
    Value::List shape;
    for (const std::int64_t extent : tensor.shape) shape.emplace_back(extent);
    tensors.emplace_back(
        Value::Object{{"key", tensor.key},
                      {"dtype", name(tensor.dtype)},
                      {"shape", std::move(shape)},
                      {"bytes", static_cast<std::int64_t>(dense_bytes(tensor))},
                      {"file", static_cast<std::int64_t>(stored_bytes(tensor, 0).file)},
                      {"pieces", static_cast<std::int64_t>(std::max<std::size_t>(1, tensor.pieces.size()))}});
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Value::Object object{{"key", checkpoint.objects()[i].key}};
    if (values[i]) object.emplace_back("value", *values[i]);
    objects.emplace_back(std::move(object));
  }
  const Value::Object all{{"format", checkpoint.format()},
                          {"files", std::move(files)},
                          {"bytes", static_cast<std::int64_t>(checkpoint.index().total_bytes())},
                          {"tensors", std::move(tensors)},
                          {"objects", std::move(objects)}};
  console.result(dump_json(all) + "\n");
}

}  // namespace

ExitCode inspect(const Console& console, const std::string& path) {
  const auto checkpoint = open_checkpoint(path);
  if (!checkpoint) return console.report(checkpoint.error());
  const auto values = read_objects(*checkpoint);
  if (!values) return console.report(values.error());
  console.json ? print_json(console, *checkpoint, *values) : print(console, *checkpoint, *values);
  return done;
}

}  // namespace omap::driver
