#include "engine/observe/live_page.h"

#include <string_view>

#include "catch.h"

using namespace rare::engine;

TEST_CASE(
    "The live page is in the program, compressed as it is sent, without the time of the build",
    "[live_page]") {
  const auto page = live_page();
  CHECK(page.substr(0, 3) == "\x1f\x8b\x08");
  CHECK(page.substr(4, 4) == std::string_view("\0\0\0\0", 4));
  CHECK(page.size() > 10'000);
  CHECK(page.size() < 100'000);
}
