#include "runtime/checkpoint/checkpoint_reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <map>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/checkpoint/checkpoint_files.h"
#include "runtime/checkpoint/posix_file.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/checkpoint/safetensors_index.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t max_index_bytes = 256u << 20;
/// The entry that `torch.distributed.checkpoint` puts into `__metadata__` of files whose tensors may be pieces.
constexpr std::string_view sharding_entry = "DCP_SHARDING_INFO";

/// What is wrong with a checkpoint, all of it, but for a list that nobody would read to its end.
class Findings {
 public:
  void add(Diagnostic diagnostic) {
    if (listed_.size() < most) {
      listed_.push_back(std::move(diagnostic));
    } else {
      ++unlisted_;
    }
  }
  void add(Diagnostics diagnostics) {
    for (Diagnostic& diagnostic : diagnostics) add(std::move(diagnostic));
  }
  [[nodiscard]] bool any() const { return !listed_.empty(); }
  [[nodiscard]] tl::unexpected<Diagnostics> failure() {
    if (unlisted_ > 0) listed_.back().notes.push_back(fmt::format("{} more errors like these", unlisted_));
    return fail(std::move(listed_));
  }

 private:
  static constexpr std::size_t most = 20;
  Diagnostics listed_;
  std::size_t unlisted_ = 0;
};

struct OpenFile {
  FileDescriptor fd;
  std::uint64_t size = 0;
};

Diagnostic read_failure(const fs::path& path, int error) {
  return Diagnostic(Code::read_failed, "`{}` cannot be read: {}", path.string(), errno_text(error))
      .help("look at the disk or the network that the file is on");
}

Diagnostic cut_off(const fs::path& path, std::uint64_t end) {
  return Diagnostic(Code::source_changed, "`{}` ended before byte {}: it became shorter while it was read",
                    path.string(), end)
      .help("wait until whatever writes the file is done, then run again");
}

Result<OpenFile> open_file(const fs::path& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    Diagnostic closed(Code::not_found, "`{}` cannot be opened: {}", path.string(), errno_text(errno));
    if (errno == EMFILE) return fail(std::move(closed).help("raise the limit of open files: `ulimit -n 65536`"));
    return fail(std::move(closed).help("look at the path and its permissions"));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(read_failure(path, errno));
  if (!S_ISREG(status.st_mode)) {
    return fail(Diagnostic(Code::not_a_checkpoint, "`{}` is not a regular file", path.string())
                    .help("checkpoints are read from files: copy the data into one"));
  }
  return OpenFile{std::move(fd), static_cast<std::uint64_t>(status.st_size)};
}

Result<void> read_exactly(const FileDescriptor& fd, const fs::path& path, std::uint64_t offset,
                          std::span<std::byte> out) {
  const auto got = read_at(fd.get(), offset, out);
  if (!got) return fail(read_failure(path, got.error()));
  if (*got < out.size()) return fail(cut_off(path, offset + out.size()));
  return {};
}

Result<std::string> read_text(const FileDescriptor& fd, const fs::path& path, std::uint64_t offset,
                              std::uint64_t size) {
  std::string text(size, '\0');
  auto done = read_exactly(fd, path, offset, std::as_writable_bytes(std::span(text)));
  if (!done) return fail(std::move(done.error()));
  return text;
}

Result<SafetensorsHeader> read_header(const OpenFile& file, const fs::path& path) {
  std::array<std::byte, 8> first{};
  const std::span<std::byte> there = std::span(first).first(std::min<std::uint64_t>(8, file.size));
  if (auto done = read_exactly(file.fd, path, 0, there); !done) return fail(std::move(done.error()));
  const auto length = safetensors_header_length(there, file.size, path.string());
  if (!length) return fail(length.error());
  auto json = read_text(file.fd, path, 8, *length);
  if (!json) return fail(std::move(json.error()));
  return parse_safetensors_header(*json, file.size, path.string());
}

Result<WeightMap> read_index(const fs::path& path) {
  auto file = open_file(path);
  if (!file) return fail(std::move(file.error()));
  if (file->size > max_index_bytes) {
    return fail(
        Diagnostic(Code::index_invalid, "the index has {} bytes; at most {} are read", file->size, max_index_bytes)
            .help("this is no index of a checkpoint")
            .in(path.string()));
  }
  auto json = read_text(file->fd, path, 0, file->size);
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

/// The file of each key. Reports keys that two files hold.
std::unordered_map<std::string_view, std::uint32_t> files_by_key(std::span<const TensorInfo> tensors,
                                                                 std::span<const fs::path> files, Findings& findings) {
  std::unordered_map<std::string_view, std::uint32_t> file_of;
  file_of.reserve(tensors.size());
  for (const TensorInfo& tensor : tensors) {
    const auto [first, added] = file_of.emplace(tensor.key, tensor.bytes.file);
    if (added) continue;
    findings.add(Diagnostic(Code::tensor_twice, "`{}` is in two files: `{}` and `{}`", tensor.key,
                            files[first->second].filename().string(), files[tensor.bytes.file].filename().string())
                     .help("files of two checkpoints are mixed here: keep those of one")
                     .in(files[tensor.bytes.file].string()));
  }
  return file_of;
}

/// The index and the headers say the same of every tensor.
void check_against_index(const WeightMap& weight_map, const fs::path& index,
                         const std::unordered_map<std::string_view, std::uint32_t>& file_of,
                         std::span<const TensorInfo> tensors, std::span<const fs::path> files, Findings& findings) {
  const std::string help = "the index belongs to other files: copy the checkpoint again, or write its index again";
  for (const TensorInfo& tensor : tensors) {
    const std::string holder = files[tensor.bytes.file].filename().string();
    const auto listed = weight_map.find(tensor.key);
    if (listed == weight_map.end()) {
      findings.add(Diagnostic(Code::index_invalid, "`{}` is in `{}`, but not in the index", tensor.key, holder)
                       .help("{}", help)
                       .in(index.string()));
    } else if (listed->second != holder) {
      findings.add(Diagnostic(Code::index_invalid, "`{}` is in `{}`, but the index says `{}`", tensor.key, holder,
                              listed->second)
                       .help("{}", help)
                       .in(index.string()));
    }
  }
  for (const auto& [key, file] : weight_map) {
    if (file_of.contains(key)) continue;
    findings.add(Diagnostic(Code::index_invalid, "`{}` is not in `{}`, where the index says it is", key, file)
                     .help("{}", help)
                     .in(index.string()));
  }
}

Diagnostic pieces_refused(const fs::path& path) {
  return Diagnostic(Code::not_a_checkpoint, "the tensors of `{}` are pieces of larger ones", path.string())
      .note("`__metadata__` has `{}`: each rank of a distributed run wrote its own part", sharding_entry)
      .help("join them first, with `consolidate_safetensors_files` of `torch.distributed.checkpoint`");
}

}  // namespace

struct CheckpointReader::Impl {
  TensorIndex index;
  /// Parallel to `index.files()`.
  std::vector<FileDescriptor> open_files;
  std::optional<fs::path> directory;
};

CheckpointReader::CheckpointReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;
CheckpointReader& CheckpointReader::operator=(CheckpointReader&&) noexcept = default;
CheckpointReader::~CheckpointReader() = default;

const TensorIndex& CheckpointReader::index() const { return impl_->index; }
std::string_view CheckpointReader::format() const { return "safetensors"; }
const std::optional<fs::path>& CheckpointReader::directory() const { return impl_->directory; }

Result<void> CheckpointReader::read(std::uint32_t file, std::uint64_t offset, std::span<std::byte> out) const {
  assert(file < impl_->open_files.size());
  return read_exactly(impl_->open_files[file], impl_->index.files()[file], offset, out);
}

Result<CheckpointReader> open_checkpoint(const fs::path& path) {
  auto found = find_checkpoint_files(path);
  if (!found) return fail(std::move(found.error()));
  WeightMap weight_map;
  if (found->index) {
    auto read = read_index(*found->index);
    if (!read) return fail(std::move(read.error()));
    weight_map = *std::move(read);
    auto shards = shards_of(weight_map, *found->index);
    if (!shards) return fail(std::move(shards.error()));
    found->files = *std::move(shards);
  }

  auto impl = std::make_unique<CheckpointReader::Impl>();
  std::vector<TensorInfo> tensors;
  Findings findings;
  for (std::size_t i = 0; i < found->files.size(); ++i) {
    const fs::path& name = found->files[i];
    auto file = open_file(name);
    auto header = file ? read_header(*file, name) : fail(std::move(file.error()));
    if (!header) {
      findings.add(std::move(header.error()));
      continue;
    }
    // Under an index, each file's tensors are whole: the index names every tensor once.
    if (!found->index && header->metadata.contains(std::string(sharding_entry))) findings.add(pieces_refused(name));
    impl->open_files.push_back(std::move(file->fd));
    for (TensorInfo& tensor : header->tensors) {
      tensor.bytes.file = static_cast<std::uint32_t>(i);
      tensors.push_back(std::move(tensor));
    }
  }
  if (findings.any()) return findings.failure();

  const auto file_of = files_by_key(tensors, found->files, findings);
  if (!findings.any() && found->index) {
    check_against_index(weight_map, *found->index, file_of, tensors, found->files, findings);
  }
  if (findings.any()) return findings.failure();
  impl->index = TensorIndex(std::move(found->files), std::move(tensors));
  impl->directory = std::move(found->directory);
  return CheckpointReader(std::move(impl));
}

}  // namespace omap
