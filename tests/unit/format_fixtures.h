#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "runtime/checkpoint/checkpoint_reader.h"
#include "runtime/checkpoint/safetensors_header.h"
#include "runtime/run/compare.h"

namespace omap::test {

namespace fs = std::filesystem;

inline const fs::path formats = fs::path(OMAP_FIXTURES) / "formats";

/// A folder of the test's own, removed at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string pattern = (fs::temp_directory_path() / "omap-format-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { fs::remove_all(path_); }

  [[nodiscard]] const fs::path& path() const { return path_; }
  fs::path write(const std::string& name, std::string_view bytes) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  fs::path path_;
};

inline std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string messages_of(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics) all += diagnostic.subject + ": " + diagnostic.message + "\n";
  return all;
}

/// Both have the same tensors, bit for bit, but for keys that only the expected one may have.
inline void check_reads(const fs::path& path, const fs::path& expected, const std::vector<std::string>& lacking = {}) {
  CAPTURE(path.string());
  const auto a = open_checkpoint(path);
  if (!a) FAIL(messages_of(a.error()));
  const auto b = open_checkpoint(expected);
  REQUIRE(b.has_value());
  REQUIRE(b->index().tensors().size() > 0);
  const auto found = compare(*a, *b, {});
  REQUIRE(found.has_value());
  CHECK(found->only_a == std::vector<std::string>());
  CHECK(found->only_b == lacking);
  CHECK(found->dtypes.empty());
  CHECK(found->shapes.empty());
  CHECK(found->bits.empty());
  CHECK(found->equal == b->index().tensors().size() - lacking.size());
}

/// The one error of a path, which says what to do.
inline Diagnostic error_of(const fs::path& path) {
  const auto opened = open_checkpoint(path);
  REQUIRE_FALSE(opened.has_value());
  for (const Diagnostic& error : opened.error()) CHECK_FALSE(error.helps.empty());
  return opened.error().front();
}

/// Every tensor of a checkpoint that opens can be read, whatever it says: nothing crashes.
inline bool opens_and_reads(const fs::path& path) {
  const auto opened = open_checkpoint(path);
  if (!opened) {
    for (const Diagnostic& error : opened.error()) REQUIRE_FALSE(error.helps.empty());
    return false;
  }
  const auto same = compare(*opened, *opened, {});
  CHECK((!same || same->same()));
  return true;
}

/// Opens a checkpoint with one of its files shorter by ever more bytes, down to none: no part of it is one.
inline void check_cut_off(const fs::path& checkpoint, const fs::path& file) {
  for (std::uint64_t size = fs::file_size(file); size-- > 0;) {
    CAPTURE(size);
    fs::resize_file(file, size);
    CHECK_FALSE(opens_and_reads(checkpoint));
  }
}

/// Opens a checkpoint with one bit after another of one of its files turned: one in each byte.
inline void check_turned(const fs::path& checkpoint, const fs::path& file) {
  const std::string whole = read_bytes(file);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t i, char byte) {
    bytes.seekp(static_cast<std::streamoff>(i));
    bytes.put(byte).flush();
    REQUIRE(bytes);
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    CAPTURE(i);
    put(i, static_cast<char>(whole[i] ^ (1 << (i % 8))));
    opens_and_reads(checkpoint);
    put(i, whole[i]);
  }
}

}  // namespace omap::test
