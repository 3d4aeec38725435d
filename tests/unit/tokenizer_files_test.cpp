// The files of a tokenizer: which they are, where they are found, and that they go along as they are.
#include "runtime/checkpoint/tokenizer_files.h"

#include <doctest/doctest.h>

#include "compiler/driver/commands.h"
#include "compiler/driver/sides.h"
#include "compiler/load_mapping.h"
#include "runtime/checkpoint/destination.h"
#include "runtime/checkpoint/written_names.h"
#include "runtime/tokenizer/tokenizer_names.h"
#include "tests/unit/conversion.h"

using namespace omap;
using namespace omap::test;

namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string text_of(const fs::path& path) {
  const auto text = read_text(path.string());
  REQUIRE(text);
  return *text;
}

const std::string vocabulary = "{\"model\": {\"vocab\": {\"\\u0000\": 0}}}\r\n";
const std::string sizes = R"({"model_max_length": 4096, "pad_token_id": 7})";

/// A checkpoint and a mapping for it, whose config asks for the tokenizer's.
struct Example {
  CheckpointFolder folder;
  fs::path source = folder.path() / "run" / "step7";
  fs::path mapping = folder.path() / "made.omap";

  Example() {
    fs::create_directories(source);
    const MadeTensor x = tensor_of("x", Dtype::f32, {2}, std::vector<float>{1, 2});
    fs::rename(folder.write("x.safetensors", {x}), source / "model.safetensors");
    std::ofstream(mapping) << two_sides << R"(mapping m: a <-> b {
    param padding: int = a."tokenizer_config.json".pad_token_id ?? b."tokenizer_config.json".pad_token_id
    x <-> y

    config {
        b.max_length = b."tokenizer_config.json".model_max_length
        b.pad = padding
        b.other = b."tokenizer_config.json".nothing
        a.max_length = a."tokenizer_config.json".model_max_length ?? 5
    }
}
)";
  }

  [[nodiscard]] Result<driver::Bound> bind(const driver::Choices& choices) const {
    const LoadedMapping loaded = load_mapping(mapping.string());
    REQUIRE(loaded.plan);
    return driver::bind_source(*loaded.plan, {"a", source}, "b", choices);
  }
  [[nodiscard]] driver::ExitCode run(const std::function<void(driver::RunArguments&)>& change = {}) const {
    driver::Console console;
    console.quiet = true;
    driver::RunArguments arguments;
    arguments.mapping = mapping.string();
    arguments.from = "a=" + source.string();
    arguments.to = "b=" + out().string();
    if (change) change(arguments);
    return driver::run(console, arguments);
  }
  [[nodiscard]] fs::path out() const { return folder.path() / "out"; }
};

std::vector<Code> codes_of(const Diagnostics& diagnostics) {
  std::vector<Code> codes;
  for (const Diagnostic& diagnostic : diagnostics) codes.push_back(diagnostic.code);
  return codes;
}

}  // namespace

TEST_CASE("a directory has a tokenizer if a vocabulary is in it") {
  const CheckpointFolder folder;
  CHECK_FALSE(tokenizer_in(folder.path()));
  for (const char* name :
       {"tokenizer_config.json", "special_tokens_map.json", "merges.txt", "config.json", "README.md"})
    write_file(folder.path() / name, "{}");
  fs::create_directories(folder.path() / "vocab.txt");
  CHECK_FALSE(tokenizer_in(folder.path()));
  write_file(folder.path() / "elsewhere", vocabulary);
  fs::create_symlink("elsewhere", folder.path() / "tokenizer.json");
  const auto found = tokenizer_in(folder.path());
  REQUIRE(found);
  CHECK(found->names ==
        std::vector<std::string>{"merges.txt", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"});
  const auto files = read_tokenizer(*found);
  REQUIRE(files);
  CHECK((*files)[2].head == vocabulary);
  CHECK((*files)[2].size == vocabulary.size());
}

TEST_CASE("a tokenizer is found in the checkpoint, in a folder of it, or beside it, in this order") {
  const Example example;
  const auto where = [&] {
    const auto found = tokenizer_near(example.source / "");
    return found ? fs::canonical(found->directory) : fs::path();
  };
  CHECK(where().empty());
  const fs::path top = fs::canonical(example.source);
  write_file(top.parent_path() / "tokenizer/vocab.json", "{}");
  CHECK(where() == top.parent_path() / "tokenizer");
  write_file(top / "tokenizer/vocab.json", "{}");
  CHECK(where() == top / "tokenizer");
  write_file(top / "tokenizer.model", "{}");
  CHECK(where() == top);
}

TEST_CASE("a tokenizer goes along byte for byte, and its config answers for both sides") {
  const Example example;
  write_file(example.source / "tokenizer/tokenizer.json", vocabulary);
  write_file(example.source / "tokenizer/tokenizer_config.json", sizes);
  write_file(example.source / "tokenizer/notes.txt", "no file of a tokenizer");
  REQUIRE(example.run() == driver::done);
  CHECK(text_of(example.out() / "tokenizer.json") == vocabulary);
  CHECK(text_of(example.out() / "tokenizer_config.json") == sizes);
  CHECK_FALSE(fs::exists(example.out() / "notes.txt"));
  const auto config = parse_json(text_of(example.out() / "config.json"), "config.json");
  REQUIRE(config);
  CHECK(dump_json(*config) == R"({"max_length":4096,"pad":7})");

  // One that is named takes its place.
  write_file(example.folder.path() / "named/tokenizer.json", "{}");
  write_file(example.folder.path() / "named/tokenizer_config.json", R"({"model_max_length": 5})");
  const auto bound = example.bind({{}, {}, example.folder.path() / "named"});
  REQUIRE(bound);
  CHECK(dump_json(bound->mapping.configs.at("config.json")) == R"({"max_length":5})");
  CHECK(bound->mapping.config_notes.empty());
}

TEST_CASE("what a tokenizer would tell is missed field by field, and a literal stands in") {
  const Example example;
  const auto bound = example.bind({});
  REQUIRE(bound);
  CHECK(codes_of(bound->mapping.config_notes) == std::vector<Code>(3, Code::config_field_unknown));
  const Diagnostic& first = bound->mapping.config_notes.front();
  CHECK(first.message == "`max_length` of `config.json` is left out: no tokenizer_config.json was found");
  CHECK(first.helps.front() == "name the directory of the tokenizer: `--tokenizer DIR`");
  CHECK(bound->mapping.config_notes[1].helps[1] == "`--set padding=VALUE` gives it");
  // The other direction has a number to fall back on, and no word is lost on it.
  const LoadedMapping loaded = load_mapping(example.mapping.string());
  const fs::path other =
      example.folder.write("y.safetensors", {tensor_of("y", Dtype::f32, {1}, std::vector<float>{1})});
  const auto back = driver::bind_source(*loaded.plan, {"b", other}, "a", {});
  REQUIRE(back);
  CHECK(dump_json(back->mapping.configs.at("config.json")) == R"({"max_length":5})");
  CHECK(back->mapping.config_notes.empty());
}

TEST_CASE("a config that is given is written, and what differs is said") {
  const Example example;
  write_file(example.source / "tokenizer.json", vocabulary);
  write_file(example.source / "tokenizer_config.json", sizes);
  const fs::path given = example.folder.path() / "given.json";
  write_file(given, R"({"max_length": 17, "names": ["first", "second"]})");
  const auto bound = example.bind({{}, {}, {}, given});
  REQUIRE(bound);
  CHECK(dump_json(bound->mapping.configs.at("config.json")) == R"({"max_length":17,"names":["first","second"]})");
  REQUIRE(codes_of(bound->mapping.config_notes) == std::vector<Code>{Code::config_given_differs});
  CHECK(bound->mapping.config_notes.front().message.find("`max_length`") != std::string::npos);
  CHECK(example.run([&](auto& arguments) { arguments.config = given.string(); }) == driver::done);
  CHECK(text_of(example.out() / "config.json").find("17") != std::string::npos);
  // What is no object is no config.
  write_file(given, "[]");
  CHECK_FALSE(example.bind({{}, {}, {}, given}));
  // One file has no place for either.
  const auto one_file = [&](auto& arguments) {
    arguments.to = "b=" + (example.folder.path() / "y.safetensors").string();
  };
  CHECK(example.run([&](auto& a) { one_file(a), a.config = given.string(); }) == driver::wrong_usage);
  CHECK(example.run([&](auto& a) { one_file(a), a.tokenizer = example.source.string(); }) == driver::wrong_usage);
  CHECK(example.run([&](auto& a) { one_file(a); }) == driver::done);
}

TEST_CASE("a run neither overwrites nor removes the tokenizer and the config that it reads") {
  const Example example;
  const fs::path staging = example.folder.path() / "out.partial";
  const auto read_from = [](const fs::path& place, bool config) {
    return [=](driver::RunArguments& arguments) {
      arguments.force = true;
      if (config) arguments.config = (place / "config.json").string();
      if (!config) arguments.tokenizer = place.string();
    };
  };
  for (const fs::path& place : {staging, example.out()}) {
    CAPTURE(place.string());
    write_file(place / "tokenizer.json", vocabulary);
    write_file(place / "config.json", "{}");
    CHECK(example.run(read_from(place, false)) == driver::wrong_input);
    CHECK(example.run(read_from(place, true)) == driver::wrong_input);
    CHECK(text_of(place / "tokenizer.json") == vocabulary);
    CHECK(text_of(place / "config.json") == "{}");
    CHECK_FALSE(fs::exists(example.out() / "model.safetensors"));
    fs::remove_all(staging);
  }
  // What is read elsewhere does not hinder.
  write_file(example.folder.path() / "named/tokenizer.json", vocabulary);
  CHECK(example.run(read_from(example.folder.path() / "named", false)) == driver::done);
  CHECK(text_of(example.out() / "tokenizer.json") == vocabulary);
}

TEST_CASE("a destination named as another program's file is no directory by accident") {
  const Example example;
  const auto written_to = [&](const std::string& name) {
    return example.run([&](auto& arguments) { arguments.to = "b=" + (example.folder.path() / name).string(); });
  };
  for (const char* name : {"x.gguf", "x.npz", "x.ckpt", "x.distcp", "config.json"}) {
    CAPTURE(name);
    CHECK(written_to(name) == driver::wrong_usage);
    CHECK_FALSE(fs::exists(example.folder.path() / name));
  }
  CHECK(written_to("x.ckpt/") == driver::done);
  CHECK(fs::exists(example.folder.path() / "x.ckpt" / "model.safetensors"));
  CHECK(written_to("step1000.5") == driver::done);
  // Where there is such a directory already, it is meant; and is there already.
  CHECK(written_to("x.ckpt") == driver::wrong_input);
}

TEST_CASE("a tokenizer that is named has to be one") {
  const Example example;
  const auto refused = [&](const fs::path& directory) {
    const auto bound = example.bind({{}, {}, directory});
    return bound ? std::vector<Code>() : codes_of(bound.error());
  };
  CHECK(refused(example.folder.path() / "nowhere") == std::vector<Code>{Code::tokenizer_invalid});
  CHECK(refused(example.source) == std::vector<Code>{Code::tokenizer_invalid});
  const fs::path large = example.source / "vocab.txt";
  write_file(large, "");
  fs::resize_file(large, (256u << 20) + 1);
  CHECK(refused(example.source).empty());
  CHECK(example.run() == driver::wrong_input);
  CHECK_FALSE(fs::exists(example.out()));
}

TEST_CASE("an old tokenizer does not stay beside a new one") {
  const Example example;
  write_file(example.source / "tokenizer.json", vocabulary);
  write_file(example.out() / "added_tokens.json", "old");
  write_file(example.out() / "tokenizer.json", "old");
  write_file(example.out() / "README.md", "mine");
  const auto replace = [](auto& arguments) { arguments.force = true; };
  REQUIRE(example.run(replace) == driver::done);
  CHECK_FALSE(fs::exists(example.out() / "added_tokens.json"));
  CHECK(text_of(example.out() / "tokenizer.json") == vocabulary);
  CHECK(text_of(example.out() / "README.md") == "mine");
  // Without a new one the old one is the user's.
  fs::remove(example.source / "tokenizer.json");
  REQUIRE(example.run(replace) == driver::done);
  CHECK(text_of(example.out() / "tokenizer.json") == vocabulary);
}
