#include "plugins/bm25/byte_size.h"

#include <string>

#include "catch.h"

namespace rare::bm25 {
namespace {

TEST_CASE("Sizes are a number and a unit") {
  CHECK(*parse_byte_size("1000000") == 1'000'000);
  CHECK(*parse_byte_size("512MB") == 512'000'000);
  CHECK(*parse_byte_size("512mb") == 512'000'000);
  CHECK(*parse_byte_size("2 GiB") == std::uint64_t{2} << 30);
  CHECK(*parse_byte_size("1.5GB") == 1'500'000'000);
  CHECK(*parse_byte_size("1TiB") == std::uint64_t{1} << 40);
}

TEST_CASE("Anything else is no size, and the message says what came") {
  for (const std::string text : {"", "MB", "0", "-1MB", "12 parsecs", "1MBB", "1e99TB", "nan",
                                 "inf", "1M", "9999999999999TB"}) {
    INFO(text);
    const auto size = parse_byte_size(text);
    REQUIRE_FALSE(size.ok());
    CHECK(size.status().message().find("found `" + text + "`") != std::string::npos);
  }
}

}  // namespace
}  // namespace rare::bm25
