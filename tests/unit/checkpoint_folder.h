#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/checkpoint/safetensors_header.h"
#include "tests/unit/random_program.h"

namespace omap {

/// A folder of its own for one test, gone with it.
class CheckpointFolder {
 public:
  CheckpointFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "omap-test-XXXXXX").string();
    path_ = ::mkdtemp(path.data());
  }
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;
  ~CheckpointFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// Writes a safetensors file with the tensors in the order given.
  std::filesystem::path write(const std::string& name, const std::vector<MadeTensor>& tensors) const {
    std::vector<TensorInfo> infos;
    for (const MadeTensor& tensor : tensors) infos.push_back(tensor.info);
    std::ofstream file(path_ / name, std::ios::binary);
    file << write_safetensors_header(infos, {});
    for (const MadeTensor& tensor : tensors) {
      file.write(reinterpret_cast<const char*>(tensor.bytes.data()), static_cast<std::streamsize>(tensor.bytes.size()));
    }
    return path_ / name;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace omap
