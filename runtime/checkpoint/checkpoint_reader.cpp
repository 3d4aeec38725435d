#include "runtime/checkpoint/checkpoint_reader.h"

#include <cassert>
#include <utility>

#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/checkpoint_files.h"
#include "runtime/checkpoint/distributed/distributed_checkpoint.h"
#include "runtime/checkpoint/tensor_files.h"

namespace omap {

namespace fs = std::filesystem;

struct CheckpointReader::Impl {
  std::string_view format;
  TensorIndex index;
  /// Parallel to `index.files()`.
  std::vector<CheckpointFile> files;
  std::vector<StoredObject> objects;
  std::optional<fs::path> directory;
};

CheckpointReader::CheckpointReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;
CheckpointReader& CheckpointReader::operator=(CheckpointReader&&) noexcept = default;
CheckpointReader::~CheckpointReader() = default;

const TensorIndex& CheckpointReader::index() const { return impl_->index; }
std::string_view CheckpointReader::format() const { return impl_->format; }
const std::vector<StoredObject>& CheckpointReader::objects() const { return impl_->objects; }
const std::optional<fs::path>& CheckpointReader::directory() const { return impl_->directory; }

Result<void> CheckpointReader::read(std::uint32_t file, std::uint64_t offset, std::span<std::byte> out) const {
  assert(file < impl_->files.size());
  return impl_->files[file].read(offset, out);
}

std::vector<FileStamp> CheckpointReader::stamps() const {
  std::vector<FileStamp> stamps;
  for (const CheckpointFile& file : impl_->files) stamps.push_back(file.stamp());
  return stamps;
}

Result<void> CheckpointReader::check_unchanged() const {
  for (const CheckpointFile& file : impl_->files) {
    if (auto same = file.check_unchanged(); !same) return same;
  }
  return {};
}

Result<CheckpointReader> open_checkpoint(const fs::path& path, std::optional<CheckpointFormat> wanted) {
  auto found = find_checkpoint_files(path, wanted);
  if (!found) return fail(std::move(found.error()));
  auto opened = found->metadata ? open_distributed_checkpoint(*found->metadata) : open_tensor_files(*found, wanted);
  if (!opened) return fail(std::move(opened.error()));

  std::vector<fs::path> paths;
  for (const CheckpointFile& file : opened->files) paths.push_back(file.path());
  return CheckpointReader(std::make_unique<CheckpointReader::Impl>(
      CheckpointReader::Impl{opened->format, TensorIndex(std::move(paths), std::move(opened->tensors)),
                             std::move(opened->files), std::move(opened->objects), std::move(found->directory)}));
}

}  // namespace omap
