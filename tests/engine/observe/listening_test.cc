#include "engine/observe/listening.h"

#include <string>

#include "catch.h"

using namespace rare::engine;

TEST_CASE("a place is a port, or an address in numbers and a port") {
  CHECK(network_place("8080")->text() == "127.0.0.1:8080");
  CHECK(network_place("0.0.0.0:1")->text() == "0.0.0.0:1");
  CHECK(network_place("[::1]:65535")->text() == "[::1]:65535");
  CHECK(network_place("localhost:0")->is_loopback());
  CHECK(network_place("127.1.2.3:0")->is_loopback());
  CHECK_FALSE(network_place("0.0.0.0:0")->is_loopback());
  CHECK_FALSE(network_place("[::]:0")->is_loopback());
}

TEST_CASE("what is no place is refused with what was expected") {
  for (const char* wrong : {"", "x", "-1", "65536", "1.2.3:4", "::1:80", "[::1]", "host:80", "80 ",
                            "127.0.0.1:", ":80"}) {
    INFO(wrong);
    const auto place = network_place(wrong);
    REQUIRE_FALSE(place);
    CHECK(place.status().message().starts_with("expected PORT"));
    CHECK(place.status().message().ends_with("got '" + std::string(wrong) + "'"));
  }
}
