#include "compiler/driver/code_page.h"

#include <doctest/doctest.h>

#include "diagnostics/pages.h"

using namespace omap;
using driver::read_fence;

TEST_CASE("a fence says what its block is, and what file it is in the examples") {
  CHECK(read_fence("```omap wrong").part == "wrong");
  CHECK(read_fence("```omap wrong").file == "example.omap");
  CHECK(read_fence("```checkpoint mended").file == "source/model.safetensors");
  CHECK(read_fence("```json wrong other.json").file == "other.json");
  CHECK(read_fence("```sh wrong").file.empty());
  CHECK(read_fence("```text").kind == "text");
  CHECK(read_fence("```text").part.empty());
}

TEST_CASE("a page is read on a terminal without its marks") {
  CHECK(driver::page_as_text(
            "# OM1: title\n\nWhy.\n\n## Wrong\n\n```omap wrong\nx\n\n  y\n```\n\n```sh wrong\nrun\n```\n") ==
        "OM1: title\n\nWhy.\n\nWrong\n\n  example.omap:\n    x\n\n      y\n\n    $ run\n");
  CHECK(driver::page_as_text("# no end") == "no end\n");
  CHECK(driver::page_as_text("").empty());
}

TEST_CASE("pages are in the program") {
  CHECK(page_of(Code::axis_without_source).starts_with("# OM3004: "));
  CHECK(page_of(Code{9999}).empty());
}
