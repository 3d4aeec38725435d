#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "diagnostics/diagnostic.h"
#include "runtime/json/value.h"

namespace omap {

/// An entry of a checkpoint that is no tensor, such as a setting of an optimizer: an archive of `torch.save` in bytes
/// [begin, begin + size) of a file, which has not been looked at. `file` is empty where the entry is stored nowhere.
struct StoredObject {
  std::string key;
  std::filesystem::path file;
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  friend bool operator==(const StoredObject&, const StoredObject&) = default;
};

/// Reads the value of an entry, if it is a plain one (`plain_value`). Nothing of its pickle is executed: an object of
/// any class is no plain value. Errors: those of opening a file, and `archive_invalid`, `pickle_invalid`.
[[nodiscard]] Result<std::optional<Value>> read_object(const StoredObject& object);

}  // namespace omap
