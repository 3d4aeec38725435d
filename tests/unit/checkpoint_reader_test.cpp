#include "runtime/checkpoint/checkpoint_reader.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"

using namespace omap;
namespace fs = std::filesystem;

namespace {

const fs::path safetensors = fs::path(OMAP_FIXTURES) / "formats" / "safetensors";

/// A folder of the test's own, removed at its end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "omap-reader-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  /// A file of tensors of two bytes each.
  fs::path write_tensors(const std::string& name, const std::vector<std::string>& keys,
                         const std::map<std::string, std::string>& metadata = {}) const {
    std::vector<TensorInfo> tensors;
    std::string data;
    for (const std::string& key : keys) {
      tensors.push_back({key, Dtype::u8, {2}, {0, 0, 2}});
      data += key.substr(0, 1) + "!";
    }
    return write(name, write_safetensors_header(tensors, metadata) + data);
  }

 private:
  fs::path path_;
};

Diagnostics errors_of(const fs::path& path) {
  const auto opened = open_checkpoint(path);
  REQUIRE_FALSE(opened.has_value());
  for (const Diagnostic& error : opened.error()) CHECK_FALSE(error.helps.empty());
  return opened.error();
}

std::vector<std::string> messages(const Diagnostics& errors, Code code) {
  std::vector<std::string> texts;
  for (const Diagnostic& error : errors) {
    CHECK(error.code == code);
    texts.push_back(error.message);
  }
  std::ranges::sort(texts);
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a file, an index and a directory open the same tensors") {
  for (const fs::path& path : {safetensors / "sharded", safetensors / "sharded" / "model.safetensors.index.json"}) {
    const auto sharded = open_checkpoint(path);
    REQUIRE(sharded.has_value());
    CHECK(sharded->format() == "safetensors");
    CHECK(sharded->directory() == safetensors / "sharded");
    CHECK(sharded->index().files().size() == 3);
    const auto& tensors = sharded->index().tensors();
    for (std::uint32_t i = 0; i < tensors.size(); ++i) CHECK(sharded->index().find(tensors[i].key) == i);
    CHECK_FALSE(sharded->index().find("no.such.key"));
    CHECK(sharded->index().total_bytes() == 46416);
  }
  const auto file = open_checkpoint(safetensors / "one_file" / "model.safetensors");
  REQUIRE(file.has_value());
  CHECK_FALSE(file->directory().has_value());
  const auto directory = open_checkpoint(safetensors / "one_file");
  REQUIRE(directory.has_value());
  CHECK(directory->directory() == safetensors / "one_file");
  CHECK(directory->index().tensors() == file->index().tensors());
}

TEST_CASE("fixtures that are good open, those that are bad do not") {
  std::size_t good = 0;
  for (const auto& entry : fs::directory_iterator(safetensors / "good")) {
    if (entry.path().extension() != ".safetensors") continue;
    CAPTURE(entry.path().string());
    CHECK(open_checkpoint(entry.path()).has_value());
    ++good;
  }
  CHECK(good > 10);
  for (const auto& entry : fs::directory_iterator(safetensors / "bad")) {
    if (!entry.is_directory() && entry.path().extension() != ".safetensors") continue;
    CAPTURE(entry.path().string());
    const Diagnostics errors = errors_of(entry.path());
    CHECK(errors.front().code == (entry.is_directory() ? Code::index_invalid : Code::header_invalid));
  }
}

TEST_CASE("tensors are read, from many threads") {
  const Folder folder;
  Texts keys;
  for (int i = 0; i < 26; ++i) keys.emplace_back(1, static_cast<char>('a' + i));
  const auto opened = open_checkpoint(folder.write_tensors("x.safetensors", keys));
  REQUIRE(opened.has_value());
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int round = 0; round < 100; ++round) {
        for (const TensorInfo& tensor : opened->index().tensors()) {
          std::string data(tensor.bytes.size, ' ');
          const auto read =
              opened->read(tensor.bytes.file, tensor.bytes.offset, std::as_writable_bytes(std::span(data)));
          if (!read || data != tensor.key + "!") ++wrong[t];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("a source that becomes shorter is noticed") {
  const Folder folder;
  const fs::path path = folder.write_tensors("x.safetensors", {"a", "b"});
  const auto opened = open_checkpoint(path);
  REQUIRE(opened.has_value());
  fs::resize_file(path, fs::file_size(path) - 1);
  std::array<std::byte, 2> two{};
  const ByteRange a = opened->index().tensors()[0].bytes;
  const ByteRange b = opened->index().tensors()[1].bytes;
  CHECK(opened->read(0, a.offset, two).has_value());
  const auto cut = opened->read(0, b.offset, two);
  REQUIRE_FALSE(cut.has_value());
  CHECK(cut.error().front().code == Code::source_changed);
}

TEST_CASE("a path that is not there") {
  const Folder folder;
  folder.write_tensors("model.safetensors", {"a"});
  const Diagnostics errors = errors_of(folder.path() / "modle.safetensors");
  CHECK(errors.front().code == Code::not_found);
  CHECK(errors.front().helps.front() ==
        fmt::format("did you mean `{}`?", (folder.path() / "model.safetensors").string()));
  CHECK(errors_of(folder.path() / "no" / "such" / "place").front().code == Code::not_found);
  CHECK(errors_of("").front().code == Code::not_found);
}

TEST_CASE("a path that is no checkpoint") {
  const Folder folder;
  folder.write("notes.txt", "text");
  CHECK(errors_of(folder.path() / "notes.txt").front().code == Code::not_a_checkpoint);
  const Diagnostics none = errors_of(folder.path());
  CHECK(none.front().code == Code::not_a_checkpoint);
  CHECK(none.front().helps.front().find("model.safetensors.index.json") != std::string::npos);
  CHECK(none.front().notes.empty());

  folder.write("__0_0.distcp", "");
  CHECK(errors_of(folder.path()).front().message.find("has `*.distcp` files, but no `.metadata`") != std::string::npos);
  folder.write("pytorch_model.bin", "");
  CHECK(errors_of(folder.path()).front().message == fmt::format("`{}` is not a checkpoint that this version can read",
                                                                (folder.path() / "pytorch_model.bin").string()));

  REQUIRE(::mkfifo((folder.path() / "pipe.safetensors").c_str(), 0600) == 0);
  CHECK(errors_of(folder.path() / "pipe.safetensors").front().code == Code::not_a_checkpoint);
}

TEST_CASE("symbolic links to files are followed") {
  const Folder folder;
  const fs::path blob = folder.write_tensors("blobs/1234", {"a"});
  fs::create_directory(folder.path() / "snapshot");
  fs::create_symlink("../blobs/1234", folder.path() / "snapshot" / "model.safetensors");
  CHECK(open_checkpoint(folder.path() / "snapshot").has_value());
}

TEST_CASE("two checkpoints in one directory: one has to be named") {
  const Folder folder;
  folder.write_tensors("model.safetensors", {"a"});
  folder.write_tensors("model-00001-of-00001.safetensors", {"b"});
  folder.write("model.safetensors.index.json",
               write_safetensors_index({{"b", "model-00001-of-00001.safetensors"}}, 2, 2));
  const Diagnostics errors = errors_of(folder.path());
  CHECK(errors.front().code == Code::not_a_checkpoint);
  CHECK(errors.front().helps.front().find("name the one that is meant") == 0);
  CHECK(open_checkpoint(folder.path() / "model.safetensors")->index().find("a"));
  CHECK(open_checkpoint(folder.path() / "model.safetensors.index.json")->index().find("b"));
}

TEST_CASE("files without an index are shards") {
  const Folder folder;
  folder.write_tensors("two.safetensors", {"b"});
  folder.write_tensors("one.safetensors", {"a", "c"});
  const auto opened = open_checkpoint(folder.path());
  REQUIRE(opened.has_value());
  CHECK(opened->index().files() ==
        std::vector<fs::path>{folder.path() / "one.safetensors", folder.path() / "two.safetensors"});
  REQUIRE(opened->index().find("b"));
  CHECK(opened->index().tensors()[*opened->index().find("b")].bytes.file == 1);

  folder.write_tensors("three.safetensors", {"x", "c"});
  CHECK(messages(errors_of(folder.path()), Code::tensor_twice) ==
        Texts{"`c` is in two files: `one.safetensors` and `three.safetensors`"});
}

TEST_CASE("shards that count themselves have to be all there") {
  const Folder folder;
  folder.write_tensors("model-00001-of-00003.safetensors", {"a"});
  folder.write_tensors("model-00003-of-00003.safetensors", {"c"});
  CHECK(errors_of(folder.path()).front().message ==
        fmt::format("`{}` has 2 of the 3 files `model-*-of-*.safetensors`", folder.path().string()));
  folder.write_tensors("model-00002-of-00003.safetensors", {"b"});
  folder.write_tensors("the-end-of-it.safetensors", {"d"});
  CHECK(open_checkpoint(folder.path()).has_value());
}

TEST_CASE("pickled shards that count themselves have to be all there") {
  const Folder folder;
  folder.write_tensors("pytorch_model-00001-of-00002.bin", {"a"});
  CHECK(errors_of(folder.path()).front().message ==
        fmt::format("`{}` has 1 of the 2 files `pytorch_model-*-of-*.bin`", folder.path().string()));
  folder.write_tensors("pytorch_model-00002-of-00002.bin", {"b"});
  CHECK(open_checkpoint(folder.path()).has_value());
}

TEST_CASE("a file is taken for what it holds, whatever it is called") {
  const Folder folder;
  const fs::path path = folder.write_tensors("weights", {"a", "b"});
  REQUIRE(open_checkpoint(path).has_value());
  CHECK(open_checkpoint(path)->index().tensors().size() == 2);
  fs::rename(path, folder.path() / "pytorch_model.bin");
  CHECK(open_checkpoint(folder.path())->format() == "safetensors");
}

TEST_CASE("under an index, tensors of a distributed run are whole") {
  const Folder folder;
  folder.write_tensors("shard-00001.safetensors", {"a"}, {{"DCP_SHARDING_INFO", R"({"a":{"saved_offsets":[2]}})"}});
  CHECK(errors_of(folder.path()).front().code == Code::distributed_invalid);
  folder.write("model.safetensors.index.json", write_safetensors_index({{"a", "shard-00001.safetensors"}}, 2, 2));
  CHECK(open_checkpoint(folder.path()).has_value());
}

TEST_CASE("a distributed checkpoint and safetensors in one directory: one has to be named") {
  const Folder folder;
  folder.write_tensors("model.safetensors", {"a"});
  folder.write("model_and_optim/.metadata", "");
  const Diagnostics errors = errors_of(folder.path());
  CHECK(errors.front().code == Code::not_a_checkpoint);
  CHECK(errors.front().message.find("holds two checkpoints: `model_and_optim/.metadata` and `model.safetensors`") !=
        std::string::npos);
}

TEST_CASE("an index and its shards have to agree") {
  const Folder folder;
  folder.write_tensors("1.safetensors", {"a", "unlisted"});
  folder.write_tensors("2.safetensors", {"b", "moved"});
  const auto index = [&](const WeightMap& map) {
    return folder.write("model.safetensors.index.json", write_safetensors_index(map, 8, 8));
  };
  const WeightMap right = {
      {"a", "1.safetensors"}, {"unlisted", "1.safetensors"}, {"b", "2.safetensors"}, {"moved", "2.safetensors"}};
  index(right);
  CHECK(open_checkpoint(folder.path()).has_value());

  WeightMap wrong = right;
  wrong.erase("unlisted");
  wrong["moved"] = "1.safetensors";
  wrong["absent"] = "2.safetensors";
  index(wrong);
  CHECK(messages(errors_of(folder.path()), Code::index_invalid) ==
        Texts{"`absent` is not in `2.safetensors`, where the index says it is",
              "`moved` is in `2.safetensors`, but the index says `1.safetensors`",
              "`unlisted` is in `1.safetensors`, but not in the index"});

  wrong = right;
  wrong["x"] = wrong["y"] = "3.safetensors";
  index(wrong);
  CHECK(messages(errors_of(folder.path()), Code::index_invalid) ==
        Texts{"the index names `3.safetensors`, which is not there; 2 of its 6 tensors are in it"});

  index(right);
  folder.write_tensors("2.safetensors", {"b", "moved", "a"});
  CHECK(messages(errors_of(folder.path()), Code::tensor_twice) ==
        Texts{"`a` is in two files: `1.safetensors` and `2.safetensors`"});
}

TEST_CASE("a long list of errors is cut") {
  const Folder folder;
  Texts keys;
  for (int i = 0; i < 100; ++i) keys.push_back(fmt::format("k{}", i));
  folder.write_tensors("1.safetensors", keys);
  folder.write("model.safetensors.index.json", write_safetensors_index({{"k0", "1.safetensors"}}, 8, 8));
  const Diagnostics errors = errors_of(folder.path());
  CHECK(errors.size() == 20);
  CHECK(errors.back().notes == Texts{"79 more errors like these"});
}

TEST_CASE("an index is what the format says") {
  const auto refusal = [](std::string_view json) {
    const auto index = parse_safetensors_index(json, "index.json");
    REQUIRE_FALSE(index.has_value());
    CHECK(index.error().front().code == Code::index_invalid);
    CHECK(index.error().front().subject == "index.json");
    return index.error().front().message;
  };
  CHECK(parse_safetensors_index(R"({"metadata":{"total_size":1.5e10},"weight_map":{"a":"f"}})", "")->at("a") == "f");
  CHECK(parse_safetensors_index(R"({"weight_map":{}})", "")->empty());
  CHECK(refusal("{}") == "the index has no `weight_map`");
  CHECK(refusal("[]") == "the index is a list, not an object");
  CHECK(refusal(R"({"weight_map":[]})") == "`weight_map` is a list, not an object");
  CHECK(refusal(R"({"weight_map":{},"weight_map":{}})") == "`weight_map` stands twice");
  CHECK(refusal(R"({"weight_map":{"a":"f","a":"f"}})") == "`a` stands twice");
  CHECK(refusal(R"({"weight_map":{"a":{}}})") == "the file of `a` is an object, not a string");
  CHECK(refusal(R"({"weight_map":{"a":1}})") == "the file of `a` is a number, not a string");
  for (const char* path : {"", ".", "..", "/f", "d/f", "../f", "d\\\\f", "f\\u0000"}) {
    CAPTURE(path);
    const std::string message = refusal(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", path));
    CHECK(message.find("which is not the name of a file beside the index") != std::string::npos);
  }
}

TEST_CASE("an index is written byte for byte as Transformers does") {
  std::ifstream file(safetensors / "sharded" / "model.safetensors.index.json", std::ios::binary);
  const std::string json(std::istreambuf_iterator<char>(file), {});
  const auto weight_map = parse_safetensors_index(json, "index");
  REQUIRE(weight_map.has_value());
  CHECK(write_safetensors_index(*weight_map, 23208, 46416) == json);
  CHECK(write_safetensors_index({{"\"é\x7f😀/", "f"}}, 0, 0) ==
        "{\n  \"metadata\": {\n    \"total_parameters\": 0,\n    \"total_size\": 0\n  },\n"
        "  \"weight_map\": {\n    \"\\\"\\u00e9\\u007f\\ud83d\\ude00/\": \"f\"\n  }\n}\n");
}
