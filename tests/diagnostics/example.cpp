#include "tests/diagnostics/example.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "runtime/checkpoint/safetensors_header.h"
#include "tests/unit/checkpoint_folder.h"

namespace omap::test {
namespace {

namespace fs = std::filesystem;

/// `blocks.0.w F32 [2, 3]`
std::optional<TensorInfo> read_tensor(std::string line) {
  for (char& c : line)
    if (c == '[' || c == ']' || c == ',') c = ' ';
  std::istringstream words(line);
  TensorInfo tensor;
  std::string dtype;
  words >> tensor.key >> dtype;
  const auto known = dtype_from_name(dtype);
  if (!known) return std::nullopt;
  tensor.dtype = *known;
  for (std::int64_t extent = 0; words >> extent;) tensor.shape.push_back(extent);
  const auto size = byte_count(tensor.dtype, tensor.shape);
  if (!words.eof() || !size) return std::nullopt;
  tensor.bytes.size = static_cast<std::uint64_t>(*size);
  return tensor;
}

/// A safetensors file. Its bytes count up, so no two tensors are equal.
bool write_checkpoint(const fs::path& path, const std::string& table) {
  std::vector<TensorInfo> tensors;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const auto tensor = read_tensor(line);
    if (!tensor) return false;
    tensors.push_back(*tensor);
  }
  std::ofstream file(path, std::ios::binary);
  file << write_safetensors_header(tensors, {});
  unsigned next = 0;
  for (const TensorInfo& tensor : tensors) {
    for (std::uint64_t i = 0; i < tensor.bytes.size; ++i) file.put(static_cast<char>(next++ % 251));
  }
  return file.good();
}

bool write_block(const fs::path& path, const Block& block) {
  fs::create_directories(path.parent_path());
  if (block.fence.kind == "checkpoint") return write_checkpoint(path, block.body);
  std::ofstream(path, std::ios::binary) << block.body;
  return true;
}

/// What the commands of `script` print and return in `folder`.
Outcome run_script(const fs::path& script, const fs::path& folder, const fs::path& olmoc) {
  const std::string command = fmt::format("cd '{}' && PATH='{}':$PATH NO_COLOR=1 LC_ALL=C bash -e '{}' 2>&1 </dev/null",
                                          folder.string(), olmoc.parent_path().string(), script.string());
  Outcome outcome{-1, {}};
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    outcome.printed.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

void replace_all(std::string& text, const std::string& old, std::string_view now) {
  for (std::size_t at = text.find(old); at != std::string::npos; at = text.find(old, at + now.size()))
    text.replace(at, old.size(), now);
}

}  // namespace

Outcome run_example(const Page& page, std::string_view part, const fs::path& olmoc) {
  std::map<std::string, const Block*> files;  // commands have no name
  for (const Block& block : page.blocks) {
    if (block.fence.part == "wrong") files[block.fence.file] = &block;
  }
  for (const Block& block : page.blocks) {
    if (block.fence.part == part) files[block.fence.file] = &block;
  }
  const CheckpointFolder scratch;
  const fs::path folder = scratch.path() / "example", script = scratch.path() / "commands";
  fs::create_directory(folder);
  std::ofstream(script) << "olmoc check example.omap\n";
  for (const auto& [name, block] : files) {
    if (!write_block(name.empty() ? script : folder / name, *block))
      return {-1, fmt::format("the block for {} cannot be made\n", name)};
  }
  Outcome outcome = run_script(script, folder, olmoc);
  replace_all(outcome.printed, folder.string(), "...");
  while (outcome.printed.ends_with("\n\n")) outcome.printed.pop_back();
  return outcome;
}

}  // namespace omap::test
