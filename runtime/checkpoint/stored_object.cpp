#include "runtime/checkpoint/stored_object.h"

#include <fmt/format.h>

#include <utility>

#include "runtime/checkpoint/checkpoint_file.h"
#include "runtime/checkpoint/pickle/plain_value.h"
#include "runtime/checkpoint/torch/torch_archive.h"

namespace omap {

Result<std::optional<Value>> read_object(const StoredObject& object) {
  if (object.file.empty()) return std::nullopt;
  const auto file = CheckpointFile::open(object.file);
  if (!file) return fail(file.error());
  if (object.begin > file->size() || object.size > file->size() - object.begin) {
    return fail(
        Diagnostic(Code::distributed_invalid, "`{}` is said to be in {} bytes from {} on; the file has {}", object.key,
                   object.size, object.begin, file->size())
            .help("the files of two checkpoints are mixed, or one is damaged: copy or save the checkpoint again")
            .in(object.file.string()));
  }
  auto archive = read_torch_archive(FileSlice(*file, object.begin, object.size));
  if (archive) return plain_value(archive->pickle.root());
  // Other classes than those of tensors are no fault of a checkpoint: nobody has to read such an entry.
  if (archive.error().front().code == Code::pickle_global) return std::nullopt;
  for (Diagnostic& error : archive.error()) error.notes.push_back(fmt::format("this is the entry `{}`", object.key));
  return fail(std::move(archive.error()));
}

}  // namespace omap
