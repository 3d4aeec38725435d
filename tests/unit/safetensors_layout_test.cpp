#include "runtime/checkpoint/safetensors_layout.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"
#include "runtime/checkpoint/tensor_index.h"

using namespace omap;
namespace fs = std::filesystem;

namespace {

using Texts = std::vector<std::string>;

std::vector<OutputTensor> bytes_tensors(const std::vector<std::pair<std::string, int>>& sizes) {
  std::vector<OutputTensor> tensors;
  for (const auto& [key, size] : sizes) tensors.push_back({key, Dtype::u8, {size}});
  return tensors;
}

/// The keys in each file, by their places; checks that heads say the same as places.
std::vector<Texts> keys_by_file(const CheckpointLayout& layout, const std::vector<OutputTensor>& tensors) {
  std::vector<Texts> keys;
  for (std::uint32_t file = 0; file < layout.files.size(); ++file) {
    const OutputFile& out = layout.files[file];
    const auto header = parse_safetensors_header(std::string_view(out.head).substr(8), out.size, out.name);
    REQUIRE(header.has_value());
    CHECK(header->metadata == std::map<std::string, std::string>{{"format", "pt"}});
    keys.emplace_back();
    for (const TensorInfo& tensor : header->tensors) {
      keys.back().push_back(tensor.key);
      const auto given = std::ranges::find(tensors, tensor.key, &OutputTensor::key);
      REQUIRE(given != tensors.end());
      CHECK(tensor.dtype == given->dtype);
      CHECK(tensor.shape == given->shape);
      const TensorPlace& place = layout.places[static_cast<std::size_t>(given - tensors.begin())];
      CHECK(place.file == file);
      CHECK(place.offset == tensor.bytes.offset);
    }
  }
  return keys;
}

Texts names(const CheckpointLayout& layout) {
  Texts out;
  for (const OutputFile& file : layout.files) out.push_back(file.name);
  return out;
}

Code code_of(const Result<CheckpointLayout>& layout) {
  REQUIRE_FALSE(layout.has_value());
  CHECK_FALSE(layout.error().front().helps.empty());
  return layout.error().front().code;
}

}  // namespace

TEST_CASE("a file is laid out as the reference writer does, whatever the order of the tensors") {
  for (const char* family : {"llama", "olmo2", "olmo2_headdim", "olmo2_tied"}) {
    CAPTURE(family);
    const auto reference = open_checkpoint(fs::path(OMAP_FIXTURES) / family / "hf" / "model.safetensors");
    REQUIRE(reference.has_value());
    std::vector<OutputTensor> tensors;
    for (const TensorInfo& tensor : reference->index().tensors()) {
      tensors.push_back({tensor.key, tensor.dtype, tensor.shape});
    }
    std::ranges::shuffle(tensors, std::mt19937(7));
    const auto layout = lay_out_safetensors_file(tensors, "model.safetensors");
    REQUIRE(layout.has_value());
    REQUIRE(layout->files.size() == 1);
    CHECK_FALSE(layout->index.has_value());

    const OutputFile& file = layout->files.front();
    std::string head(file.head.size(), ' ');
    REQUIRE(reference->read(0, 0, std::as_writable_bytes(std::span(head))).has_value());
    CHECK(file.head == head);
    CHECK(file.size == fs::file_size(reference->index().files().front()));
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const auto place = reference->index().find(tensors[i].key);
      REQUIRE(place);
      CHECK(layout->places[i].offset == reference->index().tensors()[*place].bytes.offset);
    }
  }
}

TEST_CASE("by dtype descending, then by name") {
  const std::vector<OutputTensor> tensors = {{"a.10", Dtype::f32, {1}},  {"a.2", Dtype::f32, {1}},
                                             {"b", Dtype::boolean, {3}}, {"c", Dtype::u64, {1}},
                                             {"d", Dtype::bf16, {0}},    {"e", Dtype::bf16, {}}};
  const auto layout = lay_out_safetensors_file(tensors, "x.safetensors");
  REQUIRE(layout.has_value());
  CHECK(keys_by_file(*layout, tensors) == std::vector<Texts>{{"c", "a.10", "a.2", "d", "e", "b"}});
  CHECK(layout->total_bytes() == layout->files.front().size);
  CHECK(layout->files.front().size == layout->files.front().head.size() + 8 + 4 + 4 + 0 + 2 + 3);
}

TEST_CASE("a directory has one file if everything fits") {
  const auto tensors = bytes_tensors({{"a", 5}, {"b", 5}});
  const auto layout = lay_out_safetensors_directory(tensors, 10);
  REQUIRE(layout.has_value());
  CHECK(names(*layout) == Texts{"model.safetensors"});
  CHECK_FALSE(layout->index.has_value());
  CHECK(names(*lay_out_safetensors_directory({}, 10)) == Texts{"model.safetensors"});
}

TEST_CASE("shards are filled in natural key order") {
  const auto tensors = bytes_tensors({{"l.10", 4}, {"l.2", 6}, {"l.1", 4}, {"l.0", 6}, {"l.3", 0}});
  const auto layout = lay_out_safetensors_directory(tensors, 10);
  REQUIRE(layout.has_value());
  CHECK(names(*layout) == Texts{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"});
  CHECK(keys_by_file(*layout, tensors) == std::vector<Texts>{{"l.0", "l.1"}, {"l.10", "l.2", "l.3"}});

  REQUIRE(layout->index.has_value());
  CHECK(layout->index->name == "model.safetensors.index.json");
  CHECK(layout->index->size == layout->index->head.size());
  CHECK(layout->total_bytes() == layout->files[0].size + layout->files[1].size + layout->index->size);
  CHECK(layout->index->head.find(R"("total_parameters": 20,)") != std::string::npos);
  CHECK(layout->index->head.find(R"("total_size": 20)") != std::string::npos);
  const auto weight_map = parse_safetensors_index(layout->index->head, "index");
  REQUIRE(weight_map.has_value());
  CHECK(weight_map->size() == tensors.size());
  CHECK(weight_map->at("l.10") == "model-00002-of-00002.safetensors");
}

TEST_CASE("a tensor larger than a shard has one of its own") {
  const auto tensors = bytes_tensors({{"a", 1}, {"b", 100}, {"c", 1}, {"d", 1}});
  const auto layout = lay_out_safetensors_directory(tensors, 10);
  REQUIRE(layout.has_value());
  CHECK(keys_by_file(*layout, tensors) == std::vector<Texts>{{"a"}, {"b"}, {"c", "d"}});
  const auto first = lay_out_safetensors_directory(bytes_tensors({{"a", 100}, {"b", 0}}), 10);
  REQUIRE(first.has_value());
  CHECK(first->files.size() == 2);
}

TEST_CASE("shards can be counted with five digits") {
  std::vector<OutputTensor> tensors;
  for (int i = 0; i < 99'999; ++i) tensors.push_back({fmt::format("{}", i), Dtype::u8, {1}});
  const auto layout = lay_out_safetensors_directory(tensors, 1);
  REQUIRE(layout.has_value());
  CHECK(layout->files.back().name == "model-99999-of-99999.safetensors");
  tensors.push_back({"one more", Dtype::u8, {1}});
  CHECK(code_of(lay_out_safetensors_directory(tensors, 1)) == Code::index_invalid);
}

TEST_CASE("what cannot be written is an error") {
  const auto file = [](std::vector<OutputTensor> tensors) {
    return code_of(lay_out_safetensors_file(tensors, "x.safetensors"));
  };
  CHECK(file({{"a", Dtype::f64, {INT64_MAX}}}) == Code::size_overflow);
  CHECK(file({{"a", Dtype::u8, {INT64_MAX}}, {"b", Dtype::u8, {1}}}) == Code::size_overflow);
  CHECK(file({{"a", Dtype::f4, {3}}}) == Code::sub_byte_layout);
  CHECK(file({{"__metadata__", Dtype::u8, {3}}}) == Code::key_invalid);
  CHECK(file({{"\xff", Dtype::u8, {3}}}) == Code::key_invalid);
  CHECK(file({{"a", Dtype::u8, {3}}, {"b", Dtype::u8, {3}}, {"a", Dtype::u8, {3}}}) == Code::destination_twice);
}
