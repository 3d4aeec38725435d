#include "runtime/checkpoint/tokenizer_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "runtime/tokenizer/tokenizer_names.h"

namespace omap {
namespace {

namespace fs = std::filesystem;

/// The vocabularies of large models take some tens of megabytes.
constexpr std::uintmax_t max_tokenizer_file = 256u << 20;

constexpr const char* folder = "tokenizer";

Result<OutputFile> read_file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (!error && size > max_tokenizer_file) {
    return fail(Diagnostic(Code::tokenizer_invalid, "a file of a tokenizer has {} bytes; up to {} are carried over",
                           size, max_tokenizer_file)
                    .in(path.string())
                    .help("look at what it is; `--tokenizer DIR` names a directory that has the right one"));
  }
  OutputFile file{path.filename().string(), {}, 0};
  file.role = FileRole::tokenizer;
  std::ifstream in(path, std::ios::binary);
  if (!error && in) {
    file.head.resize(size);
    in.read(file.head.data(), static_cast<std::streamsize>(size));
  }
  if (error || !in) {
    return fail(Diagnostic(Code::read_failed, "a file of a tokenizer cannot be read: {}",
                           error ? error.message() : std::strerror(errno))
                    .in(path.string())
                    .help("make it readable, or name another directory: `--tokenizer DIR`"));
  }
  file.size = file.head.size();
  return file;
}

}  // namespace

std::optional<TokenizerFiles> tokenizer_in(const fs::path& directory) {
  TokenizerFiles found{directory, {}};
  bool has_vocabulary = false;
  for (const TokenizerFileName& file : tokenizer_file_names()) {
    std::error_code error;
    if (!fs::is_regular_file(directory / file.name, error)) continue;
    found.names.emplace_back(file.name);
    has_vocabulary = has_vocabulary || file.has_vocabulary;
  }
  if (!has_vocabulary) return std::nullopt;
  std::ranges::sort(found.names);
  return found;
}

std::optional<TokenizerFiles> tokenizer_near(const fs::path& checkpoint) {
  std::error_code error;
  fs::path absolute = fs::absolute(checkpoint, error).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();
  for (const fs::path& place : {checkpoint, checkpoint / folder, absolute.parent_path() / folder}) {
    if (auto found = tokenizer_in(place)) return found;
  }
  return std::nullopt;
}

Result<std::vector<OutputFile>> read_tokenizer(const TokenizerFiles& tokenizer) {
  std::vector<OutputFile> files;
  for (const std::string& name : tokenizer.names) {
    auto file = read_file(tokenizer.directory / name);
    if (!file) return fail(std::move(file.error()));
    files.push_back(*std::move(file));
  }
  return files;
}

}  // namespace omap
