// `--werror`, of every command that has it.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "compiler/driver/commands.h"
#include "tests/unit/checkpoint_folder.h"

using namespace omap;

TEST_CASE("with --werror a warning stops every command, and nothing is written") {
  const CheckpointFolder folder;
  const auto at = [&](const char* name) { return (folder.path() / name).string(); };
  std::ofstream(at("unused.omap")) << "omap 1\nside a: safetensors\nside b: safetensors\n"
                                      "mapping m: a <-> b {\n param n: int\n x <-> y\n}\n";
  static_cast<void>(folder.write("x.safetensors", {{{"x", Dtype::u8, {1}, {0, 0, 1}}, {std::byte{7}}}}));
  for (const bool strict : {true, false}) {
    CAPTURE(strict);
    driver::Console console;
    console.quiet = true;
    console.json = true;
    console.warnings_are_errors = strict;
    const driver::ExitCode wanted = strict ? driver::wrong_input : driver::done;
    CHECK(driver::check(console, {at("unused.omap")}) == wanted);
    CHECK(driver::compile(console, {at("unused.omap"), at("plan"), "plan"}) == wanted);
    CHECK(std::filesystem::exists(at("plan")) == !strict);
    CHECK(driver::mappings(console, {at("unused.omap"), "a=" + at("x.safetensors"), {}}) == wanted);
    driver::RunArguments run;
    run.mapping = at("unused.omap");
    run.from = "a=" + at("x.safetensors");
    run.to = "b=" + at("y.safetensors");
    CHECK(driver::run(console, run) == wanted);
    CHECK(std::filesystem::exists(at("y.safetensors")) == !strict);
  }
}
