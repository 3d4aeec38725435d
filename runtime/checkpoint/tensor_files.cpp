#include "runtime/checkpoint/tensor_files.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/checkpoint/findings.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"
#include "runtime/checkpoint/safetensors_names.h"
#include "runtime/checkpoint/saved_pieces.h"
#include "runtime/checkpoint/torch/torch_archive.h"
#include "runtime/checkpoint/torch/torch_tensors.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_index_bytes = 256U << 20;

Result<SafetensorsHeader> read_header(const CheckpointFile& file) {
  const std::string path = file.path().string();
  std::array<std::byte, 8> first{};
  const std::span<std::byte> there = std::span(first).first(std::min<std::uint64_t>(8, file.size()));
  if (auto done = file.read(0, there); !done) return fail(std::move(done.error()));
  const auto length = safetensors_header_length(there, file.size(), path);
  if (!length) return fail(length.error());
  auto json = file.read_text(8, *length);
  if (!json) return fail(std::move(json.error()));
  return parse_safetensors_header(*json, file.size(), path);
}

Result<WeightMap> read_index(const fs::path& path) {
  auto file = CheckpointFile::open(path);
  if (!file) return fail(std::move(file.error()));
  if (file->size() > max_index_bytes) {
    return fail(
        Diagnostic(Code::index_invalid, "the index has {} bytes; at most {} are read", file->size(), max_index_bytes)
            .help("this is no index of a checkpoint")
            .in(path.string()));
  }
  auto json = file->read_text(0, file->size());
  if (!json) return fail(std::move(json.error()));
  return parse_safetensors_index(*json, path.string());
}

/// The files that an index names, sorted; each is there.
Result<std::vector<fs::path>> shards_of(const WeightMap& weight_map, const fs::path& index) {
  std::map<std::string_view, std::size_t> tensors_in;
  for (const auto& [key, file] : weight_map) ++tensors_in[file];
  std::vector<fs::path> shards;
  Findings findings;
  for (const auto& [name, tensors] : tensors_in) {
    shards.push_back(index.parent_path() / name);
    std::error_code error;
    if (fs::exists(shards.back(), error)) continue;
    findings.add(Diagnostic(Code::index_invalid,
                            "the index names `{}`, which is not there; {} of its {} tensors are in it", name, tensors,
                            weight_map.size())
                     .help("the checkpoint is not complete: copy this file too")
                     .in(index.string()));
  }
  if (findings.any()) return findings.failure();
  return shards;
}

class FilesReader {
 public:
  FilesReader(const CheckpointFiles& found, std::optional<CheckpointFormat> wanted) : found_(found), wanted_(wanted) {
    opened_.format = name(CheckpointFormat::safetensors);
  }

  Result<OpenedCheckpoint> read() {
    std::vector<fs::path> files = found_.files;
    if (found_.index) {
      auto weight_map = read_index(*found_.index);
      if (!weight_map) return fail(std::move(weight_map.error()));
      weight_map_ = *std::move(weight_map);
      auto shards = shards_of(weight_map_, *found_.index);
      if (!shards) return fail(std::move(shards.error()));
      files = *std::move(shards);
    }
    for (const fs::path& path : files) {
      if (auto done = add_file(path); !done) findings_.add(std::move(done.error()));
    }
    if (findings_.any()) return findings_.failure();
    if (auto joined = join_pieces(); !joined) return fail(std::move(joined.error()));
    return std::move(opened_);
  }

 private:
  Result<void> add_file(const fs::path& path) {
    auto file = CheckpointFile::open(path);
    if (!file) return fail(std::move(file.error()));
    const auto number = static_cast<std::uint32_t>(opened_.files.size());
    auto added = add_tensors(*file, number);
    opened_.files.push_back(*std::move(file));
    return added;
  }

  Result<void> add_tensors(const CheckpointFile& file, std::uint32_t number) {
    std::array<std::byte, 16> first{};
    const std::span<std::byte> there = std::span(first).first(std::min<std::uint64_t>(first.size(), file.size()));
    if (auto done = file.read(0, there); !done) return done;
    const bool is_torch = wanted_ ? *wanted_ == CheckpointFormat::torch : begins_torch_archive(there);
    if (is_torch) {
      auto tensors = read_torch_tensors(file, number);
      if (!tensors) return fail(std::move(tensors.error()));
      opened_.format = name(CheckpointFormat::torch);
      for (TensorInfo& tensor : *tensors) pieces_.push_back({std::move(tensor), {}});
      return {};
    }
    if (!wanted_ && !file.path().string().ends_with(safetensors_suffix) && !begins_safetensors(there, file.size())) {
      return fail(not_a_tensor_file(file.path()));
    }
    auto header = read_header(file);
    if (!header) return fail(std::move(header.error()));
    return add_safetensors(*std::move(header), file.path(), number);
  }

  Result<void> add_safetensors(SafetensorsHeader header, const fs::path& path, std::uint32_t number) {
    SavedOffsets offsets;
    // Under an index, each file's tensors are whole: the index names every tensor once.
    const auto sharding = header.metadata.find(std::string(sharding_entry));
    if (sharding != header.metadata.end() && !found_.index) {
      auto parsed = parse_saved_offsets(sharding->second, path.string());
      if (!parsed) return fail(std::move(parsed.error()));
      offsets = *std::move(parsed);
      has_pieces_ = true;
    }
    for (TensorInfo& tensor : header.tensors) {
      tensor.bytes.file = number;
      const auto saved = offsets.find(tensor.key);
      pieces_.push_back({std::move(tensor), saved != offsets.end() ? saved->second : std::vector<std::int64_t>()});
    }
    return {};
  }

  Result<void> join_pieces() {
    if (has_pieces_) {
      const fs::path& subject = found_.directory ? *found_.directory : found_.files.front();
      auto joined = join_saved_pieces(std::move(pieces_), subject.string());
      if (!joined) return fail(std::move(joined.error()));
      opened_.tensors = *std::move(joined);
      return {};
    }
    for (SavedPiece& piece : pieces_) opened_.tensors.push_back(std::move(piece.tensor));
    const auto file_of = files_by_key();
    if (!findings_.any() && found_.index) check_against_index(file_of);
    return findings_.any() ? Result<void>(findings_.failure()) : Result<void>();
  }

  static bool begins_safetensors(std::span<const std::byte> first, std::uint64_t file_size) {
    return first.size() > 8 && first[8] == std::byte{'{'} &&
           safetensors_header_length(first.first(8), file_size, "").has_value();
  }

  static Diagnostic not_a_tensor_file(const fs::path& path) {
    return Diagnostic(Code::not_a_checkpoint, "`{}` is not a checkpoint that this version can read", path.string())
        .help(
            "it reads safetensors, what `torch.save` wrote, their indexes, directories of them, and directories of "
            "`torch.distributed.checkpoint`");
  }

  [[nodiscard]] std::string name_of(std::uint32_t file) const { return opened_.files[file].path().filename().string(); }

  /// The file of each key. Reports keys that two files hold.
  std::unordered_map<std::string_view, std::uint32_t> files_by_key() {
    std::unordered_map<std::string_view, std::uint32_t> file_of;
    file_of.reserve(opened_.tensors.size());
    for (const TensorInfo& tensor : opened_.tensors) {
      const auto [first, added] = file_of.emplace(tensor.key, tensor.bytes.file);
      if (added) continue;
      findings_.add(Diagnostic(Code::tensor_twice, "`{}` is in two files: `{}` and `{}`", tensor.key,
                               name_of(first->second), name_of(tensor.bytes.file))
                        .help("files of two checkpoints are mixed here: keep those of one")
                        .in(opened_.files[tensor.bytes.file].path().string()));
    }
    return file_of;
  }

  /// The index and the headers say the same of every tensor.
  void check_against_index(const std::unordered_map<std::string_view, std::uint32_t>& file_of) {
    const auto report = [&](std::string what) {
      findings_.add(Diagnostic(Code::index_invalid, "{}", what)
                        .help("the index belongs to other files: copy the checkpoint again, or write its index again")
                        .in(found_.index->string()));
    };
    for (const TensorInfo& tensor : opened_.tensors) {
      const std::string holder = name_of(tensor.bytes.file);
      const auto listed = weight_map_.find(tensor.key);
      if (listed == weight_map_.end()) {
        report(fmt::format("`{}` is in `{}`, but not in the index", tensor.key, holder));
      } else if (listed->second != holder) {
        report(fmt::format("`{}` is in `{}`, but the index says `{}`", tensor.key, holder, listed->second));
      }
    }
    for (const auto& [key, file] : weight_map_) {
      if (file_of.contains(key)) continue;
      report(fmt::format("`{}` is not in `{}`, where the index says it is", key, file));
    }
  }

  const CheckpointFiles& found_;
  std::optional<CheckpointFormat> wanted_;
  WeightMap weight_map_;
  OpenedCheckpoint opened_;
  std::vector<SavedPiece> pieces_;
  bool has_pieces_ = false;
  Findings findings_;
};

}  // namespace

Result<OpenedCheckpoint> open_tensor_files(const CheckpointFiles& found, std::optional<CheckpointFormat> wanted) {
  return FilesReader(found, wanted).read();
}

}  // namespace omap
