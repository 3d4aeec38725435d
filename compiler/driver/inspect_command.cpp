#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/driver/commands.h"
#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/key_order.h"
#include "runtime/checkpoint/key_pattern.h"
#include "runtime/json/json.h"

namespace omap::driver {
namespace {

std::string spell_shape(const std::vector<std::int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

/// Keys of one dtype and shape fold into one line. Entries that are no tensors have neither.
void print(const Console& console, const CheckpointReader& checkpoint) {
  const TensorIndex& index = checkpoint.index();
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> alike;
  std::map<std::string, std::uint64_t> bytes_by_dtype;
  for (const TensorInfo& tensor : index.tensors()) {
    alike[{std::string(name(tensor.dtype)), spell_shape(tensor.shape)}].push_back(tensor.key);
    bytes_by_dtype[std::string(name(tensor.dtype))] += dense_bytes(tensor);
  }
  const std::vector<std::string>& objects = checkpoint.objects();
  if (!objects.empty()) alike[{"-", "no tensor"}] = objects;
  struct Row {
    std::string pattern, dtype, shape;
    std::size_t count;
  };
  std::vector<Row> rows;
  std::size_t width = 0;
  for (auto& [what, keys] : alike) {
    for (FoldedKeys& folded : fold_keys(keys)) {
      width = std::max(width, folded.pattern.size());
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

void print_json(const Console& console, const CheckpointReader& checkpoint) {
  Value::List tensors, files;
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
  const Value::List objects(checkpoint.objects().begin(), checkpoint.objects().end());
  const Value::Object all{{"format", checkpoint.format()},
                          {"files", std::move(files)},
                          {"bytes", static_cast<std::int64_t>(checkpoint.index().total_bytes())},
                          {"tensors", std::move(tensors)},
                          {"objects", objects}};
  console.result(dump_json(all) + "\n");
}

}  // namespace

ExitCode inspect(const Console& console, const std::string& path) {
  const auto checkpoint = open_checkpoint(path);
  if (!checkpoint) return console.report(checkpoint.error());
  console.json ? print_json(console, *checkpoint) : print(console, *checkpoint);
  return done;
}

}  // namespace omap::driver
