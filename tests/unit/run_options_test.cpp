// Sizes as users write them, and what a command may use of the machine.
#include "compiler/driver/run_options.h"

#include <doctest/doctest.h>

#include "compiler/driver/byte_size.h"

using namespace omap::driver;

TEST_CASE("sizes are decimal, or powers of 1024") {
  for (const auto& [text, bytes] :
       std::initializer_list<std::pair<const char*, std::uint64_t>>{{"1500", 1500},
                                                                    {"1500B", 1500},
                                                                    {"20KB", 20'000},
                                                                    {"20k", 20'000},
                                                                    {"1.5GB", 1'500'000'000},
                                                                    {"512M", 512'000'000},
                                                                    {"8MiB", 8u << 20},
                                                                    {"1gib", 1u << 30},
                                                                    {"0.5KiB", 512},
                                                                    {"2TiB", 2ull << 40}}) {
    CAPTURE(text);
    CHECK(parse_byte_size(text) == bytes);
  }
  for (const char* text : {"", "0", "-5", "1e3", "GB", "5 GB", "5XB", "5iB", "0.3", "9EB", "16777216TiB", "nan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_byte_size(text));
  }
}

TEST_CASE("threads are as many as the memory is enough for, unless they are asked for") {
  const auto little = run_options({{}, "1MiB"});
  REQUIRE(little);
  CHECK(little->threads == 1);
  CHECK(little->memory == 1u << 20);
  const auto both = run_options({3, "3MiB"});
  REQUIRE(both);
  CHECK(both->threads == 3);
  CHECK(run_options({3, "3MB"}).error() == "`--memory 3MB` is too little: it takes `3MiB` at least, for 3 threads");
  CHECK(run_options({{}, "1MB"}).error() == "`--memory 1MB` is too little: it takes `1MiB` at least");
  CHECK(run_options({{}, "much"}).error().find("not `much`") != std::string::npos);
  CHECK(run_options({})->memory == 64u << 20);
}
