#include "runtime/checkpoint/staged_output.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <thread>
#include <tuple>

#include "runtime/checkpoint/written_names.h"
#include "tests/unit/staged_checkpoint.h"

using namespace omap;
using namespace omap::test::staged;

TEST_CASE("a new directory appears at once") {
  const Folder folder;
  const fs::path out = folder / "out";
  const CheckpointLayout layout = two_shards();
  {
    auto output = stage_output(out, true, layout);
    REQUIRE(output.has_value());
    CHECK_FALSE(fs::exists(out));
    CHECK(names_in(folder / "out.partial") == Texts{std::string(journal_file_name), "out"});
    CHECK(names_in(folder / "out.partial" / "out") == shards);
    CHECK(fs::file_size(folder / "out.partial" / "out" / shards[0]) == layout.files[0].size);
    fill(*output, layout);
    CHECK_FALSE(fs::exists(out));
    REQUIRE(output->commit().has_value());
    CHECK(names_in(folder.path()) == Texts{"out"});
  }
  CHECK(names_in(folder.path()) == Texts{"out"});
  CHECK(names_in(out) == shards);
  CHECK(data_of(out) == "aaaabbbb");
}

TEST_CASE("a new file appears at once") {
  const Folder folder;
  const fs::path out = folder / "x.safetensors";
  auto output = stage_output(out, false, one_file());
  REQUIRE(output.has_value());
  CHECK(names_in(folder.path()) == Texts{"x.safetensors.partial"});
  CHECK(names_in(folder / "x.safetensors.partial") == Texts{std::string(journal_file_name), "x.safetensors"});
  fill(*output, one_file());
  REQUIRE(output->commit().has_value());
  CHECK(names_in(folder.path()) == Texts{"x.safetensors"});
  CHECK(data_of(out) == "aaaabbbb");
}

TEST_CASE("modes are those of the umask") {
  const Folder folder;
  const mode_t before = ::umask(027);
  write_checkpoint(folder / "out", true, one_file());
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((folder / "out").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0750);
  REQUIRE(::stat((folder / "out" / "model.safetensors").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
}

TEST_CASE("without a commit nothing stays") {
  const Folder folder;
  for (const bool is_directory : {true, false}) {
    {
      auto output = stage_output(folder / "deep/below/out", is_directory, one_file());
      REQUIRE(output.has_value());
      fill(*output, one_file());
      StagedOutput moved = *std::move(output);
      CHECK(fs::exists(folder / "deep/below/out.partial"));
    }
    CHECK(names_in(folder.path()).empty());
  }
  put(folder / "kept" / "config.json", "{}");
  { REQUIRE(stage_output(folder / "kept", true, two_shards(), may_replace).has_value()); }
  CHECK(names_in(folder.path()) == Texts{"kept"});
  CHECK(names_in(folder / "kept") == Texts{"config.json"});
}

TEST_CASE("directories above the destination are made") {
  const Folder folder;
  write_checkpoint(folder / "deep/below/out/", true, one_file());
  CHECK(names_in(folder / "deep/below") == Texts{"out"});
  put(folder / "file", "");
  CHECK(code_of(stage_output(folder / "file" / "out", true, one_file())) == Code::write_failed);
}

TEST_CASE("folders are staged, named and given up with their files") {
  const Folder folder;
  const CheckpointLayout layout = in_folders();
  { REQUIRE(stage_output(folder / "out", true, layout).has_value()); }
  CHECK(names_in(folder.path()).empty());
  for (const bool there : {false, true}) {
    CAPTURE(there);
    if (there) put(folder / "out" / "model_and_optim" / "__1_0.distcp", "stale");
    {
      auto output = stage_output(folder / "out", true, layout, may_replace);
      REQUIRE(output.has_value());
      CHECK(names_below(folder / "out.partial" / "out").value() == files_in_folders);
      fill(*output, layout, there ? "11112222" : "aaaabbbb");
      REQUIRE(output->commit().has_value());
    }
    CHECK(names_in(folder.path()) == Texts{"out"});
    CHECK(names_below(folder / "out").value() == files_in_folders);
    CHECK(contents(folder / "out" / "model_and_optim" / "__0_0.distcp") == (there ? "head1111mid." : "headaaaamid."));
  }
  leave(folder / "killed", {"model_and_optim/__7_7.distcp"}, "left over");
  write_checkpoint(folder / "killed", true, layout);
  CHECK(names_below(folder / "killed").value() == files_in_folders);
}

TEST_CASE("staging files that vanish are noticed before anything is replaced") {
  const Folder folder;
  write_checkpoint(folder / "out", true, two_shards(), "11112222");
  auto output = stage_output(folder / "out", true, two_shards(), may_replace);
  REQUIRE(output.has_value());
  fs::remove(folder / "out.partial/out" / shards[1]);
  put(folder / "out.partial/out" / shards[1], "of another run");
  CHECK(code_of(output->commit()) == Code::write_failed);
  CHECK(data_of(folder / "out") == "11112222");
}

TEST_CASE("too little space is said before anything is made") {
  const Folder folder;
  CheckpointLayout layout = one_file();
  layout.files.front().size = std::uint64_t{1} << 60;
  const auto full = check(folder / "some/place/out", true, false, layout);
  CHECK(code_of(full) == Code::no_space);
  CHECK(full.error().front().message.find(fmt::format("needs {} bytes", layout.total_bytes())) != std::string::npos);
  CHECK(check(folder / "some/place/out", true, false, one_file()).has_value());
  CHECK(names_in(folder.path()).empty());
}

TEST_CASE("the source is never written") {
  const Folder folder;
  const fs::path source = folder / "source";
  const fs::path file = source / "model.safetensors";
  put(file, "data");
  const auto against = [&](const fs::path& destination, bool is_directory, const fs::path& from,
                           const std::vector<fs::path>& files) {
    return check_destination(destination, is_directory, {true}, one_file(), from, files);
  };
  const auto in_source = [&](const fs::path& destination, bool is_directory, const fs::path& from) {
    return code_of(against(destination, is_directory, from, {file})) == Code::destination_in_source;
  };
  CHECK(in_source(source, true, source));
  CHECK(in_source(source / "", true, source));
  CHECK(in_source(source / ".." / "source", true, source));
  CHECK(in_source(source / "below" / "out", true, source));
  CHECK(in_source(source / "out.safetensors", false, source));
  CHECK(in_source(file, false, file));
  CHECK(in_source(source, true, file));

  fs::create_directory_symlink("source", folder / "link");
  CHECK(in_source(folder / "link", true, source));
  CHECK(in_source(folder / "link" / "out", true, source));
  CHECK(in_source(source / "out", true, folder / "link"));

  fs::create_directory(folder / "hard");
  fs::create_hard_link(file, folder / "hard" / "model-00001-of-00001.safetensors");
  CHECK(in_source(folder / "hard", true, source));
  fs::create_directory(folder / "soft");
  fs::create_symlink(file, folder / "soft" / "model.safetensors");
  CHECK(in_source(folder / "soft", true, source));
  for (const auto& [name, left, is_directory] :
       {std::tuple("staged", "model.safetensors", true), {"y.safetensors", ".", false}}) {
    leave(folder / name, {left}, "half");
    const fs::path place = (resolve_destination(folder / name).staged / left).lexically_normal();
    const fs::path named = place.has_filename() ? place : place.parent_path();
    fs::remove(named);
    fs::create_hard_link(file, named);
    CHECK(in_source(folder / name, is_directory, source));
  }

  CHECK(against(folder / "source2", true, source, {file}).has_value());
  CHECK(against(folder / "out", true, source, {file}).has_value());
  CHECK(against(source / "out", true, file, {file}).has_value());
  CHECK(contents(file) == "data");
}

TEST_CASE("many threads write") {
  const Folder folder;
  std::vector<OutputTensor> tensors;
  for (int i = 0; i < 64; ++i) tensors.push_back({fmt::format("t{}", i), Dtype::u8, {1000}});
  const CheckpointLayout layout = lay_out_safetensors_directory(tensors, 10'000).value();
  {
    auto output = stage_output(folder / "out", true, layout);
    REQUIRE(output.has_value());
    std::vector<std::thread> threads;
    std::array<int, 4> failures{};
    for (std::size_t t = 0; t < failures.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = t; i < tensors.size(); i += failures.size()) {
          const std::vector<std::byte> bytes(1000, static_cast<std::byte>(i));
          if (!output->write(layout.places[i].file, layout.places[i].offset, bytes)) ++failures[t];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(failures == std::array<int, 4>{});
    REQUIRE(output->commit().has_value());
  }
  const auto opened = open_checkpoint(folder / "out");
  REQUIRE(opened.has_value());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const ByteRange at = opened->index().tensors()[opened->index().find(tensors[i].key).value()].bytes;
    std::vector<std::byte> bytes(at.size);
    REQUIRE(opened->read(at.file, at.offset, bytes).has_value());
    CHECK(bytes == std::vector<std::byte>(1000, static_cast<std::byte>(i)));
  }
}
