#include "runtime/checkpoint/distributed/distributed_checkpoint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/checkpoint/distributed/distributed_metadata.h"
#include "runtime/checkpoint/findings.h"
#include "runtime/checkpoint/pickle/read_pickle.h"
#include "runtime/checkpoint/tensor_pieces.h"
#include "runtime/checkpoint/torch/torch_tensors.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

Diagnostic disagrees(const fs::path& file, std::string what) {
  return Diagnostic(Code::distributed_invalid, "{}", what)
      .help("the files of two checkpoints are mixed, or one is damaged: copy or save the checkpoint again")
      .in(file.string());
}

class DistributedReader {
 public:
  DistributedReader(const DistributedMetadata& metadata, fs::path metadata_file)
      : metadata_(metadata), metadata_file_(std::move(metadata_file)) {
    opened_.format = name(CheckpointFormat::dcp);
    for (const auto& [key, place] : metadata.objects) {
      const fs::path file = place.file.empty() ? fs::path() : metadata_file_.parent_path() / place.file;
      opened_.objects.push_back({key, file, place.begin, place.size});
    }
  }

  Result<OpenedCheckpoint> read() {
    open_files();
    if (findings_.any()) return findings_.failure();
    for (const DistributedTensor& tensor : metadata_.tensors) {
      if (auto read = read_tensor(tensor)) opened_.tensors.push_back(*std::move(read));
    }
    report_pieces();
    if (findings_.any()) return findings_.failure();
    return std::move(opened_);
  }

 private:
  /// What is wrong with the first piece of a file that something is wrong with, and how many more there are: of a file
  /// that was cut off, one can be as good as all.
  struct WrongPieces {
    Diagnostics first;
    std::size_t more = 0;
  };

  void report_pieces() {
    for (auto& [file, wrong] : wrong_pieces_) {
      if (wrong.more > 0) {
        wrong.first.back().notes.push_back(fmt::format("{} more piece{} of this file {} wrong too", wrong.more,
                                                       wrong.more == 1 ? "" : "s", wrong.more == 1 ? "is" : "are"));
      }
      findings_.add(std::move(wrong.first));
    }
  }

  std::nullopt_t wrong_piece(std::uint32_t file, Diagnostics what) {
    WrongPieces& wrong = wrong_pieces_[file];
    if (wrong.first.empty()) {
      wrong.first = std::move(what);
    } else {
      ++wrong.more;
    }
    return std::nullopt;
  }

  /// Each file once, sorted by name.
  void open_files() {
    for (const DistributedTensor& tensor : metadata_.tensors) {
      for (const DistributedChunk& chunk : tensor.chunks) {
        if (!chunk.place.file.empty()) numbers_.emplace(chunk.place.file, 0);
      }
    }
    for (auto& [name, number] : numbers_) {
      auto file = CheckpointFile::open(metadata_file_.parent_path() / name);
      if (!file) {
        findings_.add(std::move(file.error()));
        continue;
      }
      number = static_cast<std::uint32_t>(opened_.files.size());
      opened_.files.push_back(*std::move(file));
    }
  }

  std::optional<TensorInfo> read_tensor(const DistributedTensor& tensor) {
    std::vector<TensorPiece> pieces;
    for (const DistributedChunk& chunk : tensor.chunks) {
      if (element_count(chunk.sizes) == 0) {
        pieces.push_back({chunk.offsets, chunk.sizes, {}, {}});
        continue;
      }
      auto piece = read_piece(tensor, chunk);
      if (!piece) return std::nullopt;
      pieces.push_back(*std::move(piece));
    }
    auto assembled = assemble_tensor(tensor.key, tensor.dtype, tensor.shape, std::move(pieces));
    if (assembled) return *std::move(assembled);
    findings_.add(disagrees(metadata_file_, std::move(assembled.error())));
    return std::nullopt;
  }

  std::optional<TensorPiece> read_piece(const DistributedTensor& tensor, const DistributedChunk& chunk) {
    const DistributedPlace& at = chunk.place;
    const std::uint32_t number = numbers_.at(at.file);
    const CheckpointFile& file = opened_.files[number];
    if (at.begin > file.size() || at.size > file.size() - at.begin) {
      return wrong_piece(number,
                         {disagrees(file.path(), fmt::format("`{}` is said to be in bytes {} to {}; the file has {}",
                                                             tensor.key, at.begin, at.begin + at.size, file.size()))});
    }
    auto stored = read_torch_tensor(FileSlice(file, at.begin, at.size), number);
    if (!stored) {
      for (Diagnostic& error : stored.error())
        error.notes.push_back(fmt::format("this is a piece of `{}`", tensor.key));
      return wrong_piece(number, std::move(stored.error()));
    }
    if (stored->dtype != tensor.dtype || stored->shape != chunk.sizes) {
      return wrong_piece(
          number, {disagrees(file.path(), fmt::format("a piece of `{}` is {} [{}] here, and {} [{}] in "
                                                      "the metadata",
                                                      tensor.key, name(stored->dtype), fmt::join(stored->shape, ", "),
                                                      name(tensor.dtype), fmt::join(chunk.sizes, ", ")))});
    }
    return TensorPiece{chunk.offsets, chunk.sizes, stored->bytes, std::move(stored->strides)};
  }

  const DistributedMetadata& metadata_;
  fs::path metadata_file_;
  /// The place of each file in `opened_.files`.
  std::map<std::string, std::uint32_t> numbers_;
  OpenedCheckpoint opened_;
  /// By place in `opened_.files`.
  std::map<std::uint32_t, WrongPieces> wrong_pieces_;
  Findings findings_;
};

}  // namespace

Result<OpenedCheckpoint> open_distributed_checkpoint(const fs::path& metadata_file) {
  const auto file = CheckpointFile::open(metadata_file);
  if (!file) return fail(file.error());
  if (file->size() > max_pickle_bytes) {
    return fail(Diagnostic(Code::pickle_invalid, "the metadata has {} bytes; at most {} are read", file->size(),
                           max_pickle_bytes)
                    .help("this is no metadata of a distributed checkpoint")
                    .in(metadata_file.string()));
  }
  std::vector<char> bytes(static_cast<std::size_t>(file->size()));
  if (auto done = file->read(0, std::as_writable_bytes(std::span(bytes))); !done) return fail(std::move(done.error()));
  const auto metadata = parse_distributed_metadata(std::move(bytes), metadata_file.string());
  if (!metadata) return fail(metadata.error());
  return DistributedReader(*metadata, metadata_file).read();
}

}  // namespace omap
