#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/checkpoint/staging_journal.h"

/// What tests of staged output begin with.
namespace omap::test::staged {

namespace fs = std::filesystem;

using Texts = std::vector<std::string>;

/// A folder of the test's own, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "omap-staged-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = fs::canonical(pattern);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline void put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline Texts names_in(const fs::path& directory) {
  Texts names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

inline const std::vector<OutputTensor> two_tensors = {{"a", Dtype::u8, {4}}, {"b", Dtype::u8, {4}}};

inline const StagingOptions may_replace = {.replace = true};

/// What a killed run leaves of a destination, as its journal tells: these files, relative to the output, with a text.
inline void leave(const fs::path& destination, const Texts& names, std::string_view text) {
  const DestinationPath at = resolve_destination(destination);
  for (const std::string& name : names) put(name == "." ? at.staged : at.staged / name, text);
  REQUIRE(StagingJournal::begin(at.staging, {"", names, {}}).has_value());
}

inline CheckpointLayout one_file() { return lay_out_safetensors_file(two_tensors, "model.safetensors").value(); }
inline CheckpointLayout two_shards() { return lay_out_safetensors_directory(two_tensors, 4).value(); }

inline void fill(StagedOutput& output, const CheckpointLayout& layout, std::string_view data = "aaaabbbb") {
  const auto bytes = std::as_bytes(std::span(data));
  for (std::size_t i = 0; i < layout.places.size(); ++i) {
    REQUIRE(output.write(layout.places[i].file, layout.places[i].offset, bytes.subspan(4 * i, 4)).has_value());
  }
}

inline void write_checkpoint(const fs::path& destination, bool is_directory, const CheckpointLayout& layout,
                             std::string_view data = "aaaabbbb") {
  auto output = stage_output(destination, is_directory, layout, may_replace);
  REQUIRE(output.has_value());
  fill(*output, layout, data);
  REQUIRE(output->commit().has_value());
}

inline std::string data_of(const fs::path& path) {
  const auto opened = open_checkpoint(path);
  REQUIRE(opened.has_value());
  std::string data;
  for (const char* key : {"a", "b"}) {
    REQUIRE(opened->index().find(key));
    const ByteRange at = opened->index().tensors()[*opened->index().find(key)].bytes;
    std::string part(at.size, ' ');
    REQUIRE(opened->read(at.file, at.offset, std::as_writable_bytes(std::span(part))).has_value());
    data += part;
  }
  return data;
}

template <class T>
Code code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().front().helps.empty());
  return result.error().front().code;
}

inline const Texts shards = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                             "model.safetensors.index.json"};

/// `check_destination` with a source that is elsewhere.
inline Result<void> check(const fs::path& destination, bool is_directory, bool replace,
                          const CheckpointLayout& layout) {
  return check_destination(destination, is_directory, {replace}, layout, "/no/source", {});
}

/// A checkpoint in folders: two files of weights below one, an index beside them, a config above.
inline CheckpointLayout in_folders() {
  CheckpointLayout layout;
  layout.files = {{"model_and_optim/__0_0.distcp", "head", 12, {{8, "mid."}}},
                  {"model_and_optim/__0_1.distcp", "", 4},
                  text_file("config.json", "{}")};
  layout.places = {{0, 4}, {1, 0}};
  layout.index = text_file("model_and_optim/.metadata", "index");
  return layout;
}

inline const Texts files_in_folders = {"config.json", "model_and_optim/.metadata", "model_and_optim/__0_0.distcp",
                                       "model_and_optim/__0_1.distcp"};

}  // namespace omap::test::staged
