#include <doctest/doctest.h>
#include <zlib.h>

#include <algorithm>
#include <functional>

#include "runtime/checkpoint/distributed/distributed_layout.h"
#include "runtime/checkpoint/pickle/read_pickle.h"
#include "runtime/checkpoint/pickle/write_pickle.h"
#include "runtime/checkpoint/safetensors_layout.h"
#include "runtime/checkpoint/staged_output.h"
#include "runtime/checkpoint/torch/torch_dtype.h"
#include "runtime/checkpoint/torch/torch_layout.h"
#include "runtime/checkpoint/written_names.h"
#include "runtime/run/read_dense.h"
#include "runtime/run/run.h"
#include "tests/unit/checkpoint_folder.h"
#include "tests/unit/format_fixtures.h"

using namespace omap;
using namespace omap::test;

namespace {

using Texts = std::vector<std::string>;
using Tensors = std::vector<OutputTensor>;

/// A way to write a checkpoint: what the path is called, and what lies there.
struct Format {
  std::string path;
  bool is_directory = false;
  std::function<Result<CheckpointLayout>(const Tensors&)> lay_out;
};

std::vector<Format> all_formats(std::uint64_t max_bytes) {
  return {{"x.safetensors", false,
           [](const Tensors& tensors) { return lay_out_safetensors_file(tensors, "x.safetensors"); }},
          {"x.pt", false, [](const Tensors& tensors) { return lay_out_torch_file(tensors, "x.pt"); }},
          {"bin", true, [=](const Tensors& tensors) { return lay_out_torch_directory(tensors, max_bytes); }},
          {"bare", true,
           [=](const Tensors& tensors) {
             return lay_out_distributed(tensors, "", DistributedFolder::directory, max_bytes);
           }},
          {"step", true, [=](const Tensors& tensors) {
             return lay_out_distributed(tensors, "", DistributedFolder::step, max_bytes);
           }}};
}

std::uint64_t number_at(std::string_view bytes, std::uint64_t offset, unsigned size) {
  std::uint64_t number = 0;
  for (unsigned i = 0; i < size; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes.at(offset + i))) << (8 * i);
  }
  return number;
}

/// Walks the directory of a zip archive: each file's bytes have the CRC that stands there and before them, and begin
/// at a multiple of 64.
void check_archive(std::string_view archive) {
  const std::uint64_t end = archive.rfind("PK\x06\x06");
  REQUIRE(end != std::string_view::npos);
  std::uint64_t at = number_at(archive, end + 48, 8);
  for (std::uint64_t left = number_at(archive, end + 32, 8); left > 0; --left) {
    REQUIRE(archive.substr(at, 4) == "PK\x01\x02");
    const std::uint64_t header = number_at(archive, at + 42, 4);
    const std::uint64_t size = number_at(archive, at + 24, 4);
    const std::uint64_t begin = header + 30 + number_at(archive, header + 26, 2) + number_at(archive, header + 28, 2);
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(archive.data() + begin), size);
    CHECK(begin % 64 == 0);
    CHECK(number_at(archive, at + 16, 4) == crc);
    CHECK(number_at(archive, header + 14, 4) == crc);
    CHECK(number_at(archive, header + 22, 4) == size);
    at += 46 + number_at(archive, at + 28, 2) + number_at(archive, at + 30, 2);
  }
  CHECK(at == end);
}

/// All archives that are under a path: files of `torch.save`, or those that lie one behind another in a `.distcp`.
void check_archives(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path)) check_archives(entry.path());
    return;
  }
  const std::string name = path.filename().string();
  if (!name.ends_with(".distcp") && !name.ends_with(".pt") && !name.ends_with(".bin")) return;
  const std::string bytes = read_bytes(path);
  // The end record stands behind the locator of the zip64 one; alone, its mark may be data.
  const std::string locator = "PK\x06\x07";
  for (std::size_t begin = 0; begin < bytes.size();) {
    std::size_t end = bytes.find("PK\x05\x06", begin);
    while (end != std::string::npos && bytes.compare(end - 20, 4, locator) != 0)
      end = bytes.find("PK\x05\x06", end + 1);
    REQUIRE(end != std::string::npos);
    end += 22;
    check_archive(std::string_view(bytes).substr(begin, end - begin));
    begin = end;
  }
}

Result<void> run_to(const MadeProgram& made, const CheckpointReader& source, const Format& format, const fs::path& path,
                    const RunOptions& options) {
  const auto layout = format.lay_out(made.outputs());
  if (!layout) return fail(layout.error());
  auto output = stage_output(path, format.is_directory, *layout, {.replace = true});
  if (!output) return fail(std::move(output.error()));
  if (auto done = run(made.program, source, *layout, *output, options); !done) return done;
  return output->commit();
}

/// Writes the tensors of a checkpoint that a format can hold, some bytes at a time and from the last to the first.
void rewrite(const CheckpointReader& source, const std::vector<TensorInfo>& tensors, const Format& format,
             const fs::path& path) {
  Tensors outputs;
  for (const TensorInfo& tensor : tensors) outputs.push_back({tensor.key, tensor.dtype, tensor.shape});
  const auto layout = format.lay_out(outputs);
  REQUIRE(layout.has_value());
  auto output = stage_output(path, format.is_directory, *layout, {.replace = true});
  REQUIRE(output.has_value());
  for (std::size_t i = tensors.size(); i-- > 0;) {
    std::vector<std::byte> bytes(dense_bytes(tensors[i]));
    REQUIRE(read_dense(source, tensors[i], 0, bytes).has_value());
    for (std::size_t end = bytes.size(); end > 0;) {
      const std::size_t begin = end - std::min<std::size_t>(end, 7);
      const auto part = std::span(bytes).subspan(begin, end - begin);
      REQUIRE(output->write(layout->places[i].file, layout->places[i].offset + begin, part).has_value());
      end = begin;
    }
  }
  REQUIRE(output->commit().has_value());
}

template <class T>
Code code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().front().helps.empty());
  return result.error().front().code;
}

}  // namespace

TEST_CASE("run writes every format") {
  const CheckpointFolder folder;
  Draw draw(31);
  for (int i = 0; i < 40; ++i) {
    CAPTURE(i);
    MadeProgram made;
    for (std::uint64_t n = draw.from(0, 9); n > 0; --n)
      add_random_destination(draw, made, i % 8 == 0 ? 1'500'000 : 9'000);
    const auto source = open_checkpoint(folder.write("source.safetensors", made.sources));
    REQUIRE(source);
    for (const Format& format : all_formats(5'000)) {
      CAPTURE(format.path);
      const fs::path path = folder.path() / format.path;
      fs::remove_all(path);
      REQUIRE(run_to(made, *source, format, path, {.threads = static_cast<unsigned>(draw.from(1, 4)), .memory = 0}));
      check_archives(path);
      const auto out = open_checkpoint(path);
      if (!out) FAIL(messages_of(out.error()));
      REQUIRE(out->index().tensors().size() == made.wanted.size());
      for (std::size_t d = 0; d < made.wanted.size(); ++d) {
        const Destination& wanted = made.program.destinations[d];
        const TensorInfo& tensor = out->index().tensors()[out->index().find(wanted.key).value()];
        CHECK(tensor.dtype == wanted.dtype);
        CHECK(tensor.shape == wanted.shape);
        std::vector<std::byte> bytes(dense_bytes(tensor));
        REQUIRE(read_dense(*out, tensor, 0, bytes));
        REQUIRE(bytes == made.wanted[d]);
      }
    }
  }
}

TEST_CASE("every format holds what the peers' files hold: all dtypes, no dimensions, no elements") {
  const TestFolder folder;
  for (const char* name : {"safetensors/every_dtype.safetensors", "dcp_stock/expected.safetensors",
                           "torch_save/mixed.expected.safetensors", "olmo2_fsdp2/expected.safetensors"}) {
    const auto source = open_checkpoint(formats / name);
    REQUIRE(source.has_value());
    for (const Format& format : all_formats(600)) {
      CAPTURE(format.path);
      std::vector<TensorInfo> held;
      for (const TensorInfo& tensor : source->index().tensors()) {
        const bool is_safetensors = format.path.ends_with(".safetensors");
        const bool is_distributed = format.path == "bare" || format.path == "step";
        const bool has_dtype = torch_type_of(tensor.dtype).has_value() && (!is_distributed || bits(tensor.dtype) >= 8);
        if (is_safetensors || has_dtype) held.push_back(tensor);
      }
      REQUIRE(held.size() > 4);
      const fs::path path = folder.path() / format.path;
      fs::remove_all(path);
      rewrite(*source, held, format, path);
      check_archives(path);
      const auto out = open_checkpoint(path);
      if (!out) FAIL(messages_of(out.error()));
      const auto found = compare(*out, *source, {});
      REQUIRE(found.has_value());
      CHECK(found->equal == held.size());
      CHECK(found->only_a.empty());
      CHECK(found->shapes.empty());
      CHECK(found->dtypes.empty());
    }
  }
}

TEST_CASE("files of the formats are called as their readers look for them") {
  const TestFolder folder;
  const Tensors tensors = {{"b.10", Dtype::u8, {6}}, {"b.9", Dtype::u8, {6}}, {"a", Dtype::f32, {}}};
  const auto names = [&](std::size_t format, std::uint64_t max_bytes) {
    const auto layout = all_formats(max_bytes)[format].lay_out(tensors);
    REQUIRE(layout.has_value());
    Texts all;
    for (const OutputFile& file : layout->files) all.push_back(file.name);
    if (layout->index) all.push_back(layout->index->name);
    return all;
  };
  CHECK(names(2, 100) == Texts{"pytorch_model.bin"});
  CHECK(names(2, 10) ==
        Texts{"pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin", "pytorch_model.bin.index.json"});
  CHECK(names(3, 100) == Texts{"__0_0.distcp", ".metadata"});
  CHECK(names(3, 10) == Texts{"__0_0.distcp", "__0_1.distcp", ".metadata"});
  CHECK(names(4, 10) == Texts{"model_and_optim/__0_0.distcp", "model_and_optim/__0_1.distcp", ".metadata.json",
                              "model_and_optim/.metadata"});
  // `a` and `b.9` share the first file, in natural order.
  const auto layout = all_formats(10)[3].lay_out(tensors);
  CHECK(layout->places[0].file == 1);
  CHECK(layout->places[1].file == 0);
  CHECK(layout->places[2].file == 0);
}

TEST_CASE("numbers beyond 32 bits have zip64 fields") {
  const TestFolder folder;
  const std::int64_t large = (std::int64_t{1} << 32) + 5;
  const Tensors tensors = {{"a", Dtype::u8, {large}}, {"b", Dtype::u8, {3}}, {"c", Dtype::u8, {0xffffffff}}};
  for (const Format& format : all_formats(UINT64_MAX)) {
    CAPTURE(format.path);
    const fs::path path = folder.path() / format.path;
    const auto layout = format.lay_out(tensors);
    REQUIRE(layout.has_value());
    {
      // Nothing but the fixed bytes is written: the rest of the file is a hole.
      auto output = stage_output(path, format.is_directory, *layout, {.replace = true});
      REQUIRE(output.has_value());
      REQUIRE(output->commit().has_value());
    }
    const auto out = open_checkpoint(path);
    if (!out) FAIL(messages_of(out.error()));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const TensorInfo& tensor = out->index().tensors()[out->index().find(tensors[i].key).value()];
      const ByteRange& bytes = stored_bytes(tensor, 0);
      CHECK(tensor.shape == tensors[i].shape);
      CHECK(bytes.offset == layout->places[i].offset);
      CHECK(bytes.size == static_cast<std::uint64_t>(tensors[i].shape[0]));
    }
    fs::remove_all(path);
  }
}

TEST_CASE("what a format cannot hold is refused before anything is written") {
  const Format pt = all_formats(100)[1];
  const Format dcp = all_formats(100)[3];
  for (const Format& format : {pt, dcp}) {
    CHECK(code_of(format.lay_out({{"x", Dtype::f6_e2m3, {4}}})) == Code::dtype_not_in_format);
    CHECK(code_of(format.lay_out({{"\xff", Dtype::f32, {4}}})) == Code::key_invalid);
    CHECK(code_of(format.lay_out({{"x", Dtype::f32, {4}}, {"x", Dtype::f32, {4}}})) == Code::destination_twice);
    CHECK(code_of(format.lay_out({{"x", Dtype::u8, {INT64_MAX}}, {"y", Dtype::u8, {1}}})) == Code::size_overflow);
  }
  CHECK(code_of(pt.lay_out({{"x", Dtype::f4, {2, 3}}})) == Code::sub_byte_layout);
  CHECK(code_of(dcp.lay_out({{"x", Dtype::f4, {2, 4}}})) == Code::dtype_not_in_format);
  CHECK(pt.lay_out({{"x", Dtype::f4, {2, 4}}}).has_value());
  const auto several = pt.lay_out({{"x", Dtype::f6_e2m3, {4}}, {"y", Dtype::f6_e3m2, {4}}});
  REQUIRE_FALSE(several.has_value());
  CHECK(several.error().size() == 2);
}

TEST_CASE("a written pickle reads as it was said") {
  PickleWriter writer;
  const std::vector<std::int64_t> numbers = {0, 1, 255, 256, -1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  writer.empty_list();
  writer.mark();
  writer.integers(numbers);
  writer.boolean(true);
  writer.boolean(false);
  writer.text("é\n\\");
  // More globals than a byte counts, and each a second time.
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) writer.global("module", "name" + std::to_string(i));
  }
  writer.empty_dict();
  writer.mark();
  writer.text("key");
  writer.empty_tuple();
  writer.set_items();
  writer.append();
  const std::string bytes = writer.finish();
  const auto pickle = read_pickle({bytes.begin(), bytes.end()}, [](std::string_view) { return true; });
  REQUIRE(pickle.has_value());
  CHECK(pickle->length() == bytes.size());
  const PickleValue root = pickle->root();
  REQUIRE(root.size() == 605);
  REQUIRE(root[0].size() == numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(root[0][i].integer() == numbers[i]);
  CHECK(root[1].boolean() == true);
  CHECK(root[2].boolean() == false);
  CHECK(root[3].text() == "é\n\\");
  for (std::size_t i = 0; i < 600; ++i) CHECK(root[4 + i].name() == "module.name" + std::to_string(i % 300));
  CHECK(root[604].find("key")->size() == 0);
}

TEST_CASE("a format that is wanted decides among several in a directory") {
  const TestFolder folder;
  const Tensors tensors = {{"a", Dtype::u8, {3}}};
  for (const Format& format : all_formats(100)) {
    const auto layout = format.lay_out(tensors);
    auto output =
        stage_output(folder.path() / "made" / format.path, format.is_directory, layout.value(), {.replace = true});
    REQUIRE(output.has_value());
    REQUIRE(output->commit().has_value());
  }
  const fs::path both = folder.path() / "both";
  fs::copy(folder.path() / "made" / "step", both, fs::copy_options::recursive);
  fs::copy(folder.path() / "made" / "x.safetensors", both / "model.safetensors");
  fs::copy(folder.path() / "made" / "bin" / "pytorch_model.bin", both / "pytorch_model.bin");
  CHECK(error_of(both).code == Code::not_a_checkpoint);
  using enum CheckpointFormat;
  for (const CheckpointFormat format : {safetensors, dcp, torch}) {
    const auto opened = open_checkpoint(both, format);
    REQUIRE(opened.has_value());
    CHECK(opened->format() == name(format));
  }
  CHECK(code_of(open_checkpoint(folder.path() / "made" / "step", safetensors)) == Code::not_a_checkpoint);
  CHECK(code_of(open_checkpoint(folder.path() / "made" / "bin", dcp)) == Code::not_a_checkpoint);
  CHECK(code_of(open_checkpoint(folder.path() / "made" / "x.pt", dcp)) == Code::not_a_checkpoint);
  CHECK(code_of(open_checkpoint(folder.path() / "made" / "x.pt", safetensors)) == Code::header_invalid);
  CHECK(code_of(open_checkpoint(folder.path() / "made" / "x.safetensors", torch)) == Code::archive_invalid);
}
