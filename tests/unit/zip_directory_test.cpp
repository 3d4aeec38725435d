#include "runtime/checkpoint/zip_directory.h"

#include <doctest/doctest.h>

#include "tests/unit/format_fixtures.h"
#include "tests/unit/made_archive.h"

using namespace omap;
using namespace omap::test;

namespace {

Result<std::vector<ZipEntry>> read(const TestFolder& folder, const std::string& bytes, std::size_t begin = 0,
                                   std::size_t behind = 0) {
  const auto file = CheckpointFile::open(folder.write("x.zip", bytes));
  REQUIRE(file.has_value());
  return read_zip_directory(FileSlice(*file, begin, bytes.size() - begin - behind));
}

std::string refusal(const TestFolder& folder, const std::string& bytes) {
  const auto entries = read(folder, bytes);
  REQUIRE_FALSE(entries.has_value());
  CHECK(entries.error().front().code == Code::archive_invalid);
  return entries.error().front().message;
}

/// `bytes` with what stands `offset` bytes behind the last occurrence of `mark` replaced.
std::string patched(std::string bytes, const std::string& mark, std::size_t offset, const std::string& patch) {
  return bytes.replace(bytes.rfind(mark) + offset, patch.size(), patch);
}

const std::string end_mark = "PK\x05\x06";
const std::string entry_mark = "PK\x01\x02";
const std::string local_mark = "PK\x03\x04";

/// The same archive with all its numbers in zip64 records.
std::string made_zip64(const std::string& name, const std::string& bytes) {
  const std::string ones(4, '\xff');
  const std::string local =
      "PK\x03\x04" + little(45, 2) + little(0, 12) + ones + ones + little(name.size(), 2) + little(0, 2) + name + bytes;
  const std::string extra =
      little(1, 2) + little(24, 2) + little(bytes.size(), 8) + little(bytes.size(), 8) + little(0, 8);
  const std::string entry = "PK\x01\x02" + little(0, 4) + little(0, 12) + ones + ones + little(name.size(), 2) +
                            little(extra.size(), 2) + little(0, 10) + ones + name + extra;
  const std::string end64 = "PK\x06\x06" + little(44, 8) + little(0, 12) + little(1, 8) + little(1, 8) +
                            little(entry.size(), 8) + little(local.size(), 8);
  const std::string locator = "PK\x06\x07" + little(0, 4) + little(local.size() + entry.size(), 8) + little(1, 4);
  return local + entry + end64 + locator + "PK\x05\x06" + little(0, 4) + std::string(4, '\xff') + ones + ones +
         little(0, 2);
}

}  // namespace

TEST_CASE("the directory of an archive, also of one among others and of one with a comment") {
  const TestFolder folder;
  const std::string zip = made_zip({{"a/one", "1"}, {"a/none", ""}, {"b", "three"}});
  const auto check = [](const Result<std::vector<ZipEntry>>& entries) {
    REQUIRE(entries.has_value());
    REQUIRE(entries->size() == 3);
    CHECK((*entries)[0].name == "a/one");
    CHECK((*entries)[0].offset == 35);
    CHECK((*entries)[0].size == 1);
    CHECK((*entries)[1].size == 0);
    CHECK((*entries)[2].offset == 103);
    CHECK((*entries)[2].size == 5);
  };
  check(read(folder, zip));
  check(read(folder, "before" + zip + "behind", 6, 6));
  check(read(folder, patched(zip, end_mark, 20, little(3, 2)) + "hey"));
  CHECK(read(folder, made_zip({}))->empty());
}

TEST_CASE("an archive whose numbers are in zip64 records") {
  const TestFolder folder;
  const std::string zip = made_zip64("big", "bytes");
  const auto entries = read(folder, zip);
  if (!entries) FAIL(messages_of(entries.error()));
  REQUIRE(entries->size() == 1);
  CHECK((*entries)[0].offset == 33);
  CHECK((*entries)[0].size == 5);
  CHECK(refusal(folder, patched(zip, "PK\x06\x07", 8, little(1 << 20, 8))) ==
        "the zip64 end record lies outside the archive");
  CHECK(refusal(folder, patched(zip, "PK\x06\x07", 8, little(1, 8))) ==
        "there is no zip64 end record where one is said to be");
  CHECK(refusal(folder, patched(zip, "PK\x06\x07", 0, "none")) ==
        "the end record of the zip archive refers to a zip64 one that is not there");
  CHECK(refusal(folder, patched(zip, "PK\x06\x06", 48, little(UINT64_MAX, 8))) ==
        "the directory of the zip archive lies outside the archive");
  CHECK(refusal(folder, patched(zip, "PK\x06\x06", 24, little(9, 8) + little(9, 8))) ==
        "the directory of the zip archive has 77 bytes for 9 entries");
}

TEST_CASE("an archive that breaks a rule is refused") {
  const TestFolder folder;
  const std::string zip = made_zip({{"one", "1"}, {"two", "22"}});
  CHECK(refusal(folder, "") == "0 bytes are too few for a zip archive");
  CHECK(refusal(folder, zip + "x") == "the zip archive has no end record: its last bytes are missing");
  CHECK(refusal(folder, zip.substr(0, zip.size() - 1)) ==
        "the zip archive has no end record: its last bytes are missing");
  CHECK(refusal(folder, patched(zip, end_mark, 10, little(3, 2))) == "the zip archive is one of several parts");
  CHECK(refusal(folder, patched(zip, end_mark, 8, little(1, 2) + little(1, 2))) ==
        "49 bytes behind the entries of the zip archive's directory");
  CHECK(refusal(folder, patched(zip, end_mark, 16, little(zip.size(), 4))) ==
        "the directory of the zip archive lies outside the archive");
  CHECK(refusal(folder, patched(zip, entry_mark, 0, "none")) == "entry 1 of the zip archive's directory is none");
  CHECK(refusal(folder, patched(zip, entry_mark, 28, little(99, 2))) ==
        "entry 1 of the zip archive's directory is cut off");
  CHECK(refusal(folder, patched(zip, entry_mark, 8, little(1, 2))) == "`two` is encrypted");
  CHECK(refusal(folder, patched(zip, entry_mark, 10, little(8, 2))) == "`two` is compressed; `torch.save` stores");
  CHECK(refusal(folder, patched(zip, entry_mark, 20, little(1, 4))) == "`two` has 2 bytes, stored as 1");
  CHECK(refusal(folder, patched(zip, entry_mark, 20, little(3, 4) + little(3, 4))) ==
        "`two` reaches beyond the files of the zip archive");
  CHECK(refusal(folder, patched(zip, entry_mark, 24, little(UINT32_MAX, 4))) == "the zip64 sizes of `two` are missing");
  CHECK(refusal(folder, patched(zip, entry_mark, 42, little(1, 4))) == "`two` begins inside another file");
  CHECK(refusal(folder, patched(made_zip({{"only", "1"}}), entry_mark, 42, little(1, 4))) ==
        "`only` is not where the zip archive's directory says");
  CHECK(refusal(folder, patched(zip, entry_mark, 42, little(zip.size(), 4))) == "`two` lies outside the zip archive");
  CHECK(refusal(folder, patched(zip, entry_mark, 46, "one")) == "`one` stands twice in the zip archive");
  CHECK(refusal(folder, patched(zip, entry_mark, 46, std::string(1, '\0'))) ==
        "entry 1 of the zip archive has no proper name");
  CHECK(refusal(folder, patched(zip, local_mark, 30, "new")) == "`two` is another file where it lies");
  CHECK(refusal(folder, patched(zip, local_mark, 26, little(99, 2))).find("`two` reaches beyond") == 0);
}
