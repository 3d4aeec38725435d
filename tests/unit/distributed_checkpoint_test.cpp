#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "runtime/json/json.h"
#include "tests/unit/format_fixtures.h"
#include "tests/unit/made_archive.h"

using namespace omap;
using namespace omap::test;

namespace {

const fs::path fsdp2 = formats / "olmo2_fsdp2";

/// What a `.metadata` is made of; by default of one tensor `w`, float32 [4, 3], in two pieces along its rows.
struct MadeMetadata {
  std::string module = "torch.distributed.checkpoint.metadata";
  std::string properties_module = "torch.distributed.checkpoint.metadata";
  std::string storage_module = "torch.distributed.checkpoint.filesystem";
  std::string memory_format =
      pickle_call(pickle_global("torch.distributed.checkpoint.metadata", "_MEM_FORMAT_ENCODING"), {pickle_int(0)});
  std::string dtype = "float32";
  std::string layout = "torch.strided";
  std::vector<std::int64_t> shape = {4, 3};
  struct Piece {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> sizes;
    std::string file;
    std::int64_t begin = 0;
    std::int64_t size = 0;
  };
  std::vector<Piece> pieces;
  /// Attributes that go into every `_StorageInfo` and into the metadata itself.
  std::vector<std::pair<std::string, std::string>> more_of_storage = {};
  std::vector<std::pair<std::string, std::string>> more = {};

  [[nodiscard]] std::string size(const std::vector<std::int64_t>& sizes) const {
    return pickle_call(pickle_global("torch", "Size"), {pickle_sizes(sizes)});
  }
  [[nodiscard]] std::string pickle() const {
    std::vector<std::string> chunks;
    std::vector<std::pair<std::string, std::string>> places;
    for (const Piece& piece : pieces) {
      chunks.push_back(pickle_object(module, "ChunkStorageMetadata",
                                     {{"offsets", size(piece.offsets)}, {"sizes", size(piece.sizes)}}));
      std::vector<std::pair<std::string, std::string>> info = {{"relative_path", pickle_text(piece.file)},
                                                               {"offset", pickle_int(piece.begin)},
                                                               {"length", pickle_int(piece.size)}};
      info.insert(info.end(), more_of_storage.begin(), more_of_storage.end());
      if (piece.file == "nowhere") continue;
      places.emplace_back(
          pickle_object(module, "MetadataIndex",
                        {{"fqn", pickle_text("w")}, {"offset", size(piece.offsets)}, {"index", pickle_int(0)}}),
          pickle_object(storage_module, "_StorageInfo", info));
    }
    const std::string layout_call =
        pickle_call(pickle_global("torch.serialization", "_get_layout"), {pickle_text(layout)});
    const std::string properties =
        pickle_global(properties_module, "TensorProperties") + ")\x81" +
        pickle_tuple({pickle_global("torch", dtype), layout_call, "\x89", memory_format, "\x89"}) + "b";
    const std::string tensor =
        pickle_object(module, "TensorStorageMetadata",
                      {{"properties", properties}, {"size", size(shape)}, {"chunks", pickle_list(chunks)}});
    const std::string bytes = pickle_global(module, "BytesStorageMetadata") + ")\x81";
    std::vector<std::pair<std::string, std::string>> all = {
        {"state_dict_metadata", pickle_dict({{pickle_text("w"), tensor}, {pickle_text("lr"), bytes}})},
        {"planner_data", "N"},
        {"storage_data", pickle_dict(places)}};
    all.insert(all.end(), more.begin(), more.end());
    return "\x80\x04" + pickle_object(module, "Metadata", all) + ".";
  }
};

/// Elements [first, first + count) of what `w` holds: 0, 1, 2, ...
std::string elements(int first, int count) {
  std::string bytes;
  for (int i = first; i < first + count; ++i) {
    const auto number = static_cast<float>(i);
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return bytes;
}

std::string piece_archive(const PickledTensor& tensor, const std::string& bytes) {
  return made_torch(pickle_tensor(tensor), {{"0", bytes}});
}

/// Two rows in `0.distcp`, behind something else, and two, transposed, in `1.distcp`.
MadeMetadata made_checkpoint(const TestFolder& folder) {
  const std::string first = piece_archive({"FloatStorage", "0", 6, 0, {2, 3}, {3, 1}}, elements(0, 6));
  std::string columns;
  for (const int i : {6, 9, 7, 10, 8, 11}) columns += elements(i, 1);
  const std::string second = piece_archive({"FloatStorage", "0", 6, 0, {2, 3}, {1, 2}}, columns);
  folder.write("0.distcp", "padding" + first);
  folder.write("1.distcp", second + "padding");
  MadeMetadata made;
  made.pieces = {{{0, 0}, {2, 3}, "0.distcp", 7, static_cast<std::int64_t>(first.size())},
                 {{2, 0}, {2, 3}, "1.distcp", 0, static_cast<std::int64_t>(second.size())}};
  return made;
}

void check_made(const TestFolder& folder, const MadeMetadata& made) {
  folder.write(".metadata", made.pickle());
  const TestFolder expected;
  const TensorInfo whole{"w", Dtype::f32, {4, 3}, {0, 0, 48}, {}, {}};
  check_reads(folder.path(),
              expected.write("w.safetensors", write_safetensors_header({{whole}}, {}) + elements(0, 12)));
  CHECK(open_checkpoint(folder.path())->objects() == std::vector<StoredObject>{{"lr", {}, 0, 0}});
}

std::string refusal(const TestFolder& folder, const MadeMetadata& made, Code code = Code::distributed_invalid) {
  folder.write(".metadata", made.pickle());
  const Diagnostic error = error_of(folder.path());
  CHECK(error.code == code);
  return error.message;
}

/// Entries that are no tensors have the values that their peer read back, as JSON, where these are plain.
void check_objects(const fs::path& checkpoint, const fs::path& expected) {
  CAPTURE(checkpoint.string());
  const auto opened = open_checkpoint(checkpoint);
  REQUIRE(opened.has_value());
  const auto all = parse_json(read_bytes(expected), expected.string());
  REQUIRE(all.has_value());
  CHECK(opened->objects().size() == all->object()->size());
  for (const StoredObject& object : opened->objects()) {
    CAPTURE(object.key);
    const Value* const described = all->member(object.key);
    REQUIRE(described != nullptr);
    const auto read = read_object(object);
    REQUIRE(read.has_value());
    const Value* const value = described->member("value");
    CHECK(read->has_value() == (value != nullptr));
    if (value != nullptr && *read) CHECK(**read == *value);
  }
}

}  // namespace

TEST_CASE("checkpoints that OLMo-core and PyTorch wrote read as what was saved") {
  for (const fs::path& path : {fsdp2 / "checkpoint", fsdp2 / "checkpoint" / "model_and_optim",
                               fsdp2 / "checkpoint" / "model_and_optim" / ".metadata"}) {
    check_reads(path, fsdp2 / "expected.safetensors");
    const auto opened = open_checkpoint(path);
    CHECK(opened->format() == "dcp");
    // A step's config is that of its checkpoint, however that was named.
    REQUIRE(opened->directory().has_value());
    CHECK(fs::exists(*opened->directory() / "config.json"));
  }
  check_reads(formats / "dcp_stock" / "checkpoint", formats / "dcp_stock" / "expected.safetensors");
  check_reads(formats / "olmo_empty_files" / "checkpoint", formats / "olmo_empty_files" / "expected.safetensors");
}

TEST_CASE("checkpoints of each version of PyTorch read as what it read back itself") {
  std::size_t versions = 0;
  for (const auto& entry : fs::directory_iterator(formats / "dcp_versions")) {
    if (!entry.is_directory()) continue;
    ++versions;
    for (const std::string name : {"plain", "sharded"}) {
      check_reads(entry.path() / name, entry.path() / (name + ".safetensors"));
      check_objects(entry.path() / name, entry.path() / (name + ".objects.json"));
    }
  }
  CHECK(versions >= 10);
}

TEST_CASE("shards of many files are pieces, and other entries are listed") {
  const auto opened = open_checkpoint(fsdp2 / "checkpoint");
  REQUIRE(opened.has_value());
  CHECK(opened->index().files().size() == 6);
  const auto place = opened->index().find("model.embeddings.weight");
  REQUIRE(place);
  const TensorInfo& tensor = opened->index().tensors()[*place];
  CHECK(tensor.pieces.size() == 2);
  CHECK(tensor.bytes == ByteRange{});
  CHECK(tensor.pieces[0].bytes.file != tensor.pieces[1].bytes.file);
  CHECK(std::ranges::count_if(opened->index().tensors(),
                              [](const TensorInfo& info) { return info.key.starts_with("optim.state."); }) > 0);
  const auto rate = std::ranges::find(opened->objects(), "optim.param_groups.embeddings.weight.lr", &StoredObject::key);
  REQUIRE(rate != opened->objects().end());
  CHECK(read_object(*rate).value() == Value(0.01));
}

TEST_CASE("metadata of every version reads") {
  const TestFolder folder;
  const MadeMetadata made = made_checkpoint(folder);
  check_made(folder, made);

  MadeMetadata olmo = made;
  olmo.storage_module = "olmo_core.distributed.checkpoint.filesystem";
  check_made(folder, olmo);

  MadeMetadata oldest = made;
  oldest.module = "torch.distributed._shard.checkpoint.metadata";
  oldest.storage_module = "torch.distributed._shard.checkpoint.filesystem";
  oldest.properties_module = "torch.distributed._shard.sharded_tensor.metadata";
  oldest.memory_format = pickle_call(
      pickle_global("torch.distributed._shard.sharded_tensor.metadata", "MEM_FORMAT_ENCODING"), {pickle_int(0)});
  check_made(folder, oldest);

  MadeMetadata other_python = made;
  other_python.memory_format =
      pickle_call(pickle_global("builtins", "getattr"),
                  {pickle_global("torch.distributed.checkpoint.metadata", "_MEM_FORMAT_ENCODING"),
                   pickle_text("TORCH_CONTIGUOUS_FORMAT")});
  other_python.more = {
      {"storage_meta", pickle_object(made.module, "StorageMeta",
                                     {{"checkpoint_id", pickle_call(pickle_global("pathlib._local", "PosixPath"),
                                                                    {pickle_text("/a/b")})}})},
      {"version", pickle_text("1.0.0")}};
  other_python.more_of_storage = {{"transform_descriptors", "N"}};
  check_made(folder, other_python);
}

TEST_CASE("a piece without elements need not be stored") {
  const TestFolder folder;
  MadeMetadata made = made_checkpoint(folder);
  made.pieces.push_back({{4, 0}, {0, 3}, "nowhere"});
  check_made(folder, made);
}

TEST_CASE("metadata that does not hold together is refused") {
  const TestFolder folder;
  const MadeMetadata made = made_checkpoint(folder);
  const auto changed = [&](auto change) {
    MadeMetadata other = made;
    change(other);
    return refusal(folder, other);
  };
  CHECK(changed([](MadeMetadata& m) { m.pieces.pop_back(); }) ==
        "the pieces of `w` have 6 of the 12 elements of its shape [4, 3]");
  CHECK(changed([](MadeMetadata& m) {
          m.shape = {3, 3};
        }) == "a piece of `w` has the sizes [2, 3] at [2, 0], outside its shape [3, 3]");
  CHECK(changed([](MadeMetadata& m) {
          m.pieces[1].offsets = {1, 0};
        }) == "two pieces of `w` overlap: one is at [1, 0]");
  CHECK(changed([](MadeMetadata& m) { m.pieces[1].offsets = {0, 0}; }) == "a piece of `w` has two places");
  CHECK(changed([](MadeMetadata& m) {
          m.shape = {INT64_MAX, INT64_MAX};
        }) == "`w` has the shape [9223372036854775807, 9223372036854775807], too large");
  CHECK(changed([](MadeMetadata& m) {
          m.pieces[0].sizes = {3, 2};
        }) == "a piece of `w` is F32 [2, 3] here, and F32 [3, 2] in the metadata");
  CHECK(changed([](MadeMetadata& m) { m.dtype = "int32"; }) ==
        "a piece of `w` is F32 [2, 3] here, and I32 [2, 3] in the metadata");
  CHECK(changed([](MadeMetadata& m) { m.dtype = "complex128"; }) ==
        "`w` has the dtype `torch.complex128`, which is not read");
  CHECK(changed([](MadeMetadata& m) { m.layout = "torch.sparse_coo"; }) ==
        "`w` has another layout than `torch.strided`, which is not read");
  CHECK(changed([](MadeMetadata& m) { m.pieces[1].file = "nowhere"; }) ==
        "the piece of `w` at [2, 0] is stored nowhere");
  CHECK(changed([](MadeMetadata& m) { m.pieces[0].begin = 1'000'000; }).find("is said to be in bytes 1000000 to") !=
        std::string::npos);
  CHECK(changed([](MadeMetadata& m) { m.pieces[0].size = INT64_MAX; }).find("is said to be in bytes 7 to") !=
        std::string::npos);
  CHECK(changed([](MadeMetadata& m) { m.pieces[0].begin = -7; }) == "the place of `w` is none");
  for (const char* path : {"../0.distcp", "/0.distcp", "d/0.distcp", "..", ""}) {
    CAPTURE(path);
    CHECK(changed([&](MadeMetadata& m) { m.pieces[0].file = path; }).find("not the name of a file beside") !=
          std::string::npos);
  }
  CHECK(changed([](MadeMetadata& m) {
          m.more_of_storage = {{"transform_descriptors", pickle_list({pickle_text("zstd")})}};
        }) == "`w` is compressed or encrypted, which is not read");
}

TEST_CASE("metadata names no other code, and its files are there and whole") {
  const TestFolder folder;
  const MadeMetadata made = made_checkpoint(folder);
  MadeMetadata other = made;
  other.memory_format = pickle_call(pickle_global("os", "system"), {pickle_text("ls")});
  CHECK(refusal(folder, other, Code::pickle_global) ==
        "the pickle names `os.system`, which is no part of a checkpoint");
  other = made;
  // A slice that is one byte short is no archive.
  --other.pieces[0].size;
  refusal(folder, other, Code::archive_invalid);
  other = made;
  other.pieces[0].file = "2.distcp";
  refusal(folder, other, Code::not_found);

  folder.write(".metadata", made.pickle() + "more");
  CHECK(error_of(folder.path()).message == "4 bytes behind the pickle");
  fs::remove(folder.path() / ".metadata");
  CHECK(error_of(folder.path()).message ==
        fmt::format("`{}` has `*.distcp` files, but no `.metadata`", folder.path().string()));
  CHECK(error_of(folder.path() / "0.distcp").code == Code::not_a_checkpoint);
}

TEST_CASE("a step without its metadata is told by its pieces") {
  const TestFolder folder;
  folder.write("config.json", "{}");
  folder.write("model_and_optim/__0_0.distcp", "");
  const Diagnostic error = error_of(folder.path());
  CHECK(error.code == Code::not_a_checkpoint);
  CHECK(error.message ==
        fmt::format("`{}` has `*.distcp` files, but no `.metadata`", (folder.path() / "model_and_optim").string()));
  CHECK(error.helps.front().find("copy `.metadata` too") != std::string::npos);
}

TEST_CASE("of a file that was cut off the first piece is told, and how many more there are") {
  const TestFolder folder;
  const fs::path fixture = formats / "dcp_versions" / "2.10.0" / "sharded";
  for (const auto& entry : fs::directory_iterator(fixture)) {
    folder.write(entry.path().filename().string(), read_bytes(entry.path()));
  }
  const std::string whole = read_bytes(fixture / "__1_0.distcp");
  folder.write("__1_0.distcp", whole.substr(0, 100));
  const auto opened = open_checkpoint(folder.path());
  REQUIRE_FALSE(opened.has_value());
  REQUIRE(opened.error().size() == 1);
  const Diagnostic& error = opened.error().front();
  CHECK(error.code == Code::distributed_invalid);
  CHECK(error.message.find("; the file has 100") != std::string::npos);
  REQUIRE(error.notes.size() == 1);
  CHECK(error.notes.front().find("more pieces of this file") != std::string::npos);
  // Another file's are told apart.
  folder.write("__0_0.distcp", "");
  CHECK(open_checkpoint(folder.path()).error().size() == 2);
}

TEST_CASE("damaged metadata and damaged pieces are refused or read, and never crash") {
  const TestFolder folder;
  const fs::path fixture = formats / "olmo_empty_files" / "checkpoint";
  for (const auto& entry : fs::directory_iterator(fixture)) {
    folder.write(entry.path().filename().string(), read_bytes(entry.path()));
  }
  for (const char* name : {".metadata", "__0_0.distcp"}) {
    CAPTURE(name);
    check_turned(folder.path(), folder.path() / name);
    check_cut_off(folder.path(), folder.path() / name);
    folder.write(name, read_bytes(fixture / name));
  }
}

TEST_CASE("safetensors files of pieces are joined by their saved offsets") {
  const TestFolder folder;
  const auto write = [&](const std::string& name, const std::vector<std::int64_t>& shape, const std::string& offsets,
                         const std::string& bytes) {
    const TensorInfo info{"w", Dtype::f32, shape, {0, 0, bytes.size()}, {}, {}};
    return folder.write(
        name,
        write_safetensors_header({{info}}, {{"DCP_SHARDING_INFO", offsets}, {"DCP_VERSION", "1.0"}, {"format", "pt"}}) +
            bytes);
  };
  std::string left;
  std::string right;
  for (int row = 0; row < 4; ++row) {
    left += elements(3 * row, 2);
    right += elements(3 * row + 2, 1);
  }
  write("shard-00001-model-00001-of-00002.safetensors", {4, 2}, R"({"w":{"saved_offsets":[0,0]}})", left);
  write("shard-00002-model-00001-of-00002.safetensors", {4, 1}, R"({"w":{"saved_offsets":[0,2]}})", right);
  const TestFolder expected;
  const TensorInfo whole{"w", Dtype::f32, {4, 3}, {0, 0, 48}, {}, {}};
  check_reads(folder.path(),
              expected.write("w.safetensors", write_safetensors_header({{whole}}, {}) + elements(0, 12)));
  CHECK(open_checkpoint(folder.path())->format() == "safetensors");

  const auto refused = [&](const std::string& offsets) {
    write("shard-00002-model-00001-of-00002.safetensors", {4, 1}, offsets, right);
    const Diagnostic error = error_of(folder.path());
    CHECK(error.code == Code::distributed_invalid);
    return error.message;
  };
  CHECK(refused(R"({"w":{"saved_offsets":[0,1]}})") == "two pieces of `w` overlap: one is at [0, 1]");
  CHECK(refused(R"({"w":{"saved_offsets":[0,3]}})") ==
        "the pieces of `w` have 12 of the 16 elements of its shape [4, 4]");
  CHECK(refused(R"({"w":{"saved_offsets":[0]}})") == "the pieces of `w` differ in dtype or number of dimensions");
  CHECK(refused(R"({"w":{"saved_offsets":[0,9223372036854775807]}})").find("too far out") != std::string::npos);
  CHECK(refused(R"({"w":{"saved_offsets":[0,-1]}})").find("has no `saved_offsets`") != std::string::npos);
  CHECK(refused("[]") == "`DCP_SHARDING_INFO` in `__metadata__` is no JSON object");
}

TEST_CASE("a checkpoint is read from a working directory that was removed") {
  const TestFolder folder;
  const MadeMetadata made = made_checkpoint(folder);
  folder.write(".metadata", made.pickle());
  fs::create_directory(folder.path() / "removed");
  const fs::path before = fs::current_path();
  fs::current_path(folder.path() / "removed");
  fs::remove(folder.path() / "removed");
  const auto opened = open_checkpoint("..");
  fs::current_path(before);
  REQUIRE(opened.has_value());
  CHECK(opened->index().tensors().size() == 1);
}

TEST_CASE("a piece that torch.save wrote keeps its strides beside pieces of safetensors") {
  const TestFolder folder;
  const TensorInfo first{"w", Dtype::f32, {2, 3}, {0, 0, 24}, {}, {}};
  folder.write("shard-1.safetensors",
               write_safetensors_header({{first}}, {{"DCP_SHARDING_INFO", R"({"w":{"saved_offsets":[0,0]}})"}}) +
                   elements(0, 6));
  // Transposed, and a tensor that is whole.
  std::string columns;
  for (const int i : {6, 9, 7, 10, 8, 11}) columns += elements(i, 1);
  const auto save = [&](const std::string& key, const PickledTensor& tensor) {
    return made_torch(pickle_dict({{pickle_text(key), pickle_tensor(tensor)}}), {{"0", columns}});
  };
  folder.write("shard-2.safetensors", save("v", {"FloatStorage", "0", 6, 0, {2, 3}, {1, 2}}));
  const TestFolder expected;
  const TensorInfo v{"v", Dtype::f32, {2, 3}, {0, 0, 24}, {}, {}};
  const TensorInfo w{"w", Dtype::f32, {2, 3}, {0, 24, 24}, {}, {}};
  check_reads(folder.path(), expected.write("all.safetensors",
                                            write_safetensors_header({{v, w}}, {}) + elements(6, 6) + elements(0, 6)));
}
