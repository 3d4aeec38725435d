#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace omap::test {

/// A number of `size` bytes, little-endian.
inline std::string little(std::uint64_t number, unsigned size) {
  std::string bytes;
  for (; bytes.size() < size; number >>= 8U) bytes += static_cast<char>(number & 0xFF);
  return bytes;
}

// Pieces of pickles: each pushes one value.

inline std::string pickle_text(std::string_view text) { return "X" + little(text.size(), 4) + std::string(text); }
inline std::string pickle_int(std::int64_t number) {
  return "\x8a\x08" + little(static_cast<std::uint64_t>(number), 8);
}
inline std::string pickle_global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string pickle_tuple(const std::vector<std::string>& values) {
  std::string all = "(";
  for (const std::string& value : values) all += value;
  return all + "t";
}
inline std::string pickle_sizes(const std::vector<std::int64_t>& sizes) {
  std::vector<std::string> values;
  for (const std::int64_t size : sizes) values.push_back(pickle_int(size));
  return pickle_tuple(values);
}
inline std::string pickle_call(const std::string& global, const std::vector<std::string>& arguments) {
  return global + pickle_tuple(arguments) + "R";
}
inline std::string pickle_dict(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string all = "}(";
  for (const auto& [key, value] : entries) all += key + value;
  return all + "u";
}
/// An object of a dataclass, with its attributes.
inline std::string pickle_object(const std::string& module, const std::string& name,
                                 const std::vector<std::pair<std::string, std::string>>& attributes) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& [key, value] : attributes) entries.emplace_back(pickle_text(key), value);
  return pickle_global(module, name) + ")\x81" + pickle_dict(entries) + "b";
}
inline std::string pickle_list(const std::vector<std::string>& values) {
  std::string all = "](";
  for (const std::string& value : values) all += value;
  return all + "e";
}

/// What `torch.save` makes of a tensor.
struct PickledTensor {
  std::string storage = "FloatStorage";
  std::string key = "0";
  std::int64_t elements = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape = {};
  std::vector<std::int64_t> strides = {};
  /// Behind the empty hooks.
  std::string more = {};
};
inline std::string pickle_tensor(const PickledTensor& tensor) {
  const std::string id = pickle_tuple({pickle_text("storage"), pickle_global("torch", tensor.storage),
                                       pickle_text(tensor.key), pickle_text("cpu"), pickle_int(tensor.elements)}) +
                         "Q";
  return pickle_call(pickle_global("torch._utils", "_rebuild_tensor_v2"),
                     {id, pickle_int(tensor.offset), pickle_sizes(tensor.shape), pickle_sizes(tensor.strides), "\x89",
                      pickle_call(pickle_global("collections", "OrderedDict"), {}) + tensor.more});
}

/// A zip archive of stored files, as small as the format allows.
inline std::string made_zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string all;
  std::string directory;
  for (const auto& [name, bytes] : files) {
    const std::string sizes = little(bytes.size(), 4) + little(bytes.size(), 4);
    const std::string common = little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4) + sizes;
    directory += "PK\x01\x02" + little(0, 4) + common + little(name.size(), 2) + little(0, 2) + little(0, 2) +
                 little(0, 8) + little(all.size(), 4) + name;
    all += "PK\x03\x04" + little(20, 2) + common + little(name.size(), 2) + little(0, 2) + name + bytes;
  }
  const std::uint64_t at = all.size();
  all += directory;
  return all + "PK\x05\x06" + little(0, 4) + little(files.size(), 2) + little(files.size(), 2) +
         little(directory.size(), 4) + little(at, 4) + little(0, 2);
}

/// An archive of `torch.save`: an object and the bytes of storages.
inline std::string made_torch(const std::string& object,
                              const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<std::pair<std::string, std::string>> files{{"archive/data.pkl", "\x80\x02" + object + "."}};
  for (const auto& [key, bytes] : storages) files.emplace_back("archive/data/" + key, bytes);
  return made_zip(files);
}

}  // namespace omap::test
