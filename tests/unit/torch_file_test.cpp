#include <doctest/doctest.h>
#include <fmt/format.h>

#include "tests/unit/format_fixtures.h"
#include "tests/unit/made_archive.h"

using namespace omap;
using namespace omap::test;

namespace {

const fs::path torch_save = formats / "torch_save";

Diagnostic refusal(const TestFolder& folder, const std::string& object, const std::string& storage) {
  return error_of(folder.write("x.pt", made_torch(object, {{"0", storage}})));
}

std::string named(const std::string& tensor) { return pickle_dict({{pickle_text("w"), tensor}}); }

}  // namespace

TEST_CASE("files of torch.save, new and old, read as what was saved") {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(torch_save)) {
    if (entry.path().extension() != ".pt") continue;
    ++files;
    const std::string name = entry.path().filename().string();
    const fs::path expected = torch_save / (name.substr(0, name.find('.')) + ".expected.safetensors");
    // The old format has no storages of these.
    const bool old_mixed = name == "mixed.legacy.pt";
    check_reads(
        entry.path(), expected,
        old_mixed ? std::vector<std::string>{"u64", "u32", "u16", "f8_e4m3", "f8_e5m2"} : std::vector<std::string>());
  }
  CHECK(files == 15);
  // PyTorch writes it and cannot read it.
  check_reads(torch_save / "unreadable" / "new_dtypes.legacy.pt",
              torch_save / "unreadable" / "new_dtypes.expected.safetensors");
  CHECK(open_checkpoint(torch_save / "mixed.pt")->format() == "torch");
}

TEST_CASE("what a pickle wants to call is named, and not called") {
  for (const char* name : {"print.pt", "print.legacy.pt"}) {
    const Diagnostic error = error_of(torch_save / "hostile" / name);
    CHECK(error.code == Code::pickle_global);
    CHECK(error.message == "the pickle names `builtins.print`, which is no part of a checkpoint");
    CHECK(error.subject == (torch_save / "hostile" / name).string());
  }
}

TEST_CASE("a directory of pickled files, with an index and without") {
  const TestFolder folder;
  const fs::path unsharded = formats / "olmo_unsharded";
  for (const fs::path& layout :
       {unsharded / "one_file" / "pt", unsharded / "chunks" / "pt", unsharded / "chunks" / "pt" / "model",
        unsharded / "chunks" / "safetensors", unsharded / "one_file_per_tensor" / "safetensors"}) {
    check_reads(layout, unsharded / "expected.safetensors");
  }
  fs::copy(torch_save / "state_dict.pt", folder.path() / "pytorch_model-00001-of-00002.bin");
  fs::copy(torch_save / "parameters.pt", folder.path() / "pytorch_model-00002-of-00002.bin");
  std::string map;
  for (const char* name : {"state_dict.pt", "parameters.pt"}) {
    const auto opened = open_checkpoint(torch_save / name);
    REQUIRE(opened.has_value());
    for (const TensorInfo& tensor : opened->index().tensors()) {
      map += fmt::format(R"({}"{}":"pytorch_model-0000{}-of-00002.bin")", map.empty() ? "" : ",", tensor.key,
                         name == std::string("state_dict.pt") ? 1 : 2);
    }
  }
  folder.write("pytorch_model.bin.index.json", R"({"weight_map":{)" + map + "}}");
  const auto opened = open_checkpoint(folder.path());
  if (!opened) FAIL(messages_of(opened.error()));
  CHECK(opened->index().files().size() == 2);
  CHECK(opened->directory() == folder.path());
  CHECK(opened->index().find("frozen"));
  folder.write("pytorch_model.bin.index.json",
               R"({"weight_map":{)" + map + R"(,"more":"pytorch_model-00002-of-00002.bin"}})");
  CHECK(error_of(folder.path()).code == Code::index_invalid);
}

TEST_CASE("a made archive reads, with a tensor that lies across its storage") {
  const TestFolder folder;
  const std::string transposed = pickle_tensor({"FloatStorage", "0", 7, 1, {2, 3}, {1, 2}});
  const auto opened =
      open_checkpoint(folder.write("x.anything", made_torch(named(transposed), {{"0", std::string(28, 'x')}})));
  if (!opened) FAIL(messages_of(opened.error()));
  const TensorInfo& tensor = opened->index().tensors().front();
  CHECK(tensor.shape == std::vector<std::int64_t>{2, 3});
  CHECK(tensor.strides == std::vector<std::int64_t>{1, 2});
  CHECK(tensor.bytes.size == 24);
}

TEST_CASE("tensors that cannot be read are refused, each with its reason") {
  const TestFolder folder;
  const auto message = [&](const PickledTensor& tensor, std::size_t bytes = 28) {
    const Diagnostic error = refusal(folder, named(pickle_tensor(tensor)), std::string(bytes, 'x'));
    CHECK(error.code == Code::tensor_unreadable);
    return error.message;
  };
  CHECK(message({"FloatStorage", "0", 7, 2, {2, 3}, {3, 1}}) ==
        "`w` has the shape [2, 3], the strides [3, 1] and the offset 2: more than the 7 elements of its storage");
  CHECK(message({"FloatStorage", "0", 7, 0, {2, 3}, {5, 1}}).find("more than the 7 elements") != std::string::npos);
  CHECK(message({"FloatStorage", "0", 7, 0, {2, 3}, {-3, 1}}) == "`w` has an offset, a shape or strides that are none");
  CHECK(message({"FloatStorage", "0", 7, -1, {2, 3}, {3, 1}}) == "`w` has an offset, a shape or strides that are none");
  CHECK(message({"FloatStorage", "0", 7, 0, {2, 3}, {1}}) == "`w` has an offset, a shape or strides that are none");
  CHECK(message({"FloatStorage", "0", 7, 0, {INT64_MAX, INT64_MAX}, {1, 1}}).find("too large") != std::string::npos);
  CHECK(message({"FloatStorage", "0", 7, 0, {2, 2}, {INT64_MAX, INT64_MAX}}).find("more than") != std::string::npos);
  CHECK(message({"FloatStorage", "0", 7, INT64_MAX, {2}, {1}}).find("more than") != std::string::npos);
  CHECK(message({"FloatStorage", "0", 8, 0, {2}, {1}}) ==
        "the storage `0` of `w` has 28 bytes, and its pickle says 32");
  CHECK(message({"FloatStorage", "1", 7, 0, {2}, {1}}) == "the storage `1` of `w` is not in the file");
  CHECK(message({"ComplexDoubleStorage", "0", 7, 0, {2}, {1}}) ==
        "`w` has a `torch.ComplexDoubleStorage`, which is not read");
  CHECK(message({"FloatStorage", "0", 7, 0, {2}, {1}, pickle_dict({{pickle_text("conj"), "\x88"}})}) ==
        "`w` is a conjugated or negated view, which is not read");

  const auto of_global = [&](const std::string& name) {
    return refusal(folder, named(pickle_call(pickle_global("torch._utils", name), {"N"})), "").message;
  };
  CHECK(of_global("_rebuild_sparse_tensor") == "`w` is sparse, which is not read");
  CHECK(of_global("_rebuild_qtensor") == "`w` is quantized, which is not read");
  CHECK(of_global("_rebuild_meta_tensor_no_storage") == "`w` is on the device `meta`: it has no elements");
  CHECK(of_global("_rebuild_parameter") == "`w` is a parameter without a tensor");
  CHECK(of_global("_rebuild_other") ==
        "the pickle names `torch._utils._rebuild_other`, which is no part of a checkpoint");
}

TEST_CASE("a dict that holds itself, or that many share, is bounded") {
  const TestFolder folder;
  const std::string circle = "}q" + std::string(1, '\0') + pickle_text("a") + "h" + std::string(1, '\0') + "s";
  CHECK(refusal(folder, circle, "").message.find("is nested more than 64 deep") != std::string::npos);
  // Each dict holds the one before it, twice.
  std::string laughs = "}q" + std::string(1, '\0');
  for (int i = 0; i < 40; ++i) {
    laughs += "}(" + pickle_text("a") + "h" + std::string(1, '\0') + pickle_text("b") + "h" + std::string(1, '\0') +
              "uq" + std::string(1, '\0');
  }
  const Diagnostic error = refusal(folder, "(" + laughs + "l", "");
  CHECK(error.code == Code::pickle_invalid);
  CHECK(error.message == "the file has more than 4194304 entries");
  // A long name, before many short ones.
  std::string long_names;
  for (int i = 0; i < 300; ++i) long_names += pickle_int(i) + "N";
  CHECK(refusal(folder, "}" + pickle_text(std::string(1 << 20, 'k')) + "}(" + long_names + "us", "").message ==
        "the keys of the file have more than 268435456 bytes");
}

TEST_CASE("an archive that is none of torch.save") {
  const TestFolder folder;
  const auto message = [&](const std::vector<std::pair<std::string, std::string>>& files) {
    const Diagnostic error = error_of(folder.write("x.pt", made_zip(files)));
    CHECK(error.code == Code::archive_invalid);
    return error.message;
  };
  const std::string empty = "\x80\x02}.";
  CHECK(message({{"a/other", ""}}).find("has not exactly one `*/data.pkl`") != std::string::npos);
  CHECK(message({{"a/data.pkl", empty}, {"b/data.pkl", empty}}).find("not exactly one") != std::string::npos);
  CHECK(message({{"a/data.pkl", empty}, {"a/byteorder", "big"}}) == "its byte order is `big`; `little` is read");
  CHECK(message({{"a/data.pkl", empty}, {"a/data.pkl", empty}}) == "`a/data.pkl` stands twice in the zip archive");
  CHECK(message({{"a/data.pkl", empty + "more"}}) == "`a/data.pkl` has 4 bytes behind its pickle");
}

TEST_CASE("a damaged file is refused or reads, and never crashes") {
  const TestFolder folder;
  for (const char* name : {"one_tensor.pt", "one_tensor.legacy.pt", "tied_and_views.pt", "mixed.legacy.pt"}) {
    CAPTURE(name);
    const fs::path path = folder.write(name, read_bytes(torch_save / name));
    check_turned(path, path);
    check_cut_off(path, path);
  }
}
