#include "route.h"

#include "basic_fixture.h"

namespace rare::basic {
namespace {

std::string port_of(Opened<Route>& route, Json fields) {
  const testing::Outcome outcome = route.run(std::move(fields));
  INFO(outcome.status.message());
  REQUIRE(outcome.status.ok());
  REQUIRE(outcome.ports.size() == 1);
  return outcome.ports[0];
}

}  // namespace

TEST_CASE("a map of routes leads each record to the one whose expression holds") {
  Opened<Route> route(Json{{"routes", {{"long", ".n > 5"}, {"short", ".n < 2"}}}});
  CHECK(port_of(route, {{"n", 9}}) == "long");
  CHECK(port_of(route, {{"n", 1}}) == "short");
  CHECK(port_of(route, {{"n", 3}}) == "otherwise");
  const Json exact = {{"n", 9007199254740993}};
  CHECK(route.run(exact).records.at(0).fields().dump() == exact.dump());
}

TEST_CASE("in a map no record may be taken by two") {
  Opened<Route> route(Json{{"routes", {{"big", ".n > 5"}, {"huge", ".n > 50"}}}});
  CHECK(port_of(route, {{"n", 9}}) == "big");
  const testing::Outcome outcome = route.run({{"n", 99}});
  CHECK(outcome.status.message() ==
        "both 'big' (.n > 5) and 'huge' (.n > 50) hold: make them exclude each other, or write "
        "`routes` as a list, where the first one wins");
  CHECK(outcome.status.fault() == Fault::record);
}

TEST_CASE("in a list the first one wins") {
  const Json routes = {{{"huge", ".n > 50"}}, {{"big", ".n > 5"}}};
  Opened<Route> route(Json{{"routes", routes}});
  CHECK(port_of(route, {{"n", 99}}) == "huge");
  CHECK(port_of(route, {{"n", 9}}) == "big");
  CHECK(port_of(route, {{"n", 0}}) == "otherwise");
}

TEST_CASE("an expression that fails on a record leads it nowhere") {
  Opened<Route> route(Json{{"routes", {{"a", ".n.m"}}}});
  const testing::Outcome outcome = route.run({{"n", 1}});
  CHECK(outcome.status.message() == "`routes.a` (.n.m): jq: Cannot index number with string \"m\"");
  CHECK(outcome.records.empty());
}

TEST_CASE("route refuses what is no expression") {
  CHECK(open_error<Route>({{"routes", {{"a", true}}}}) ==
        "parameter `routes`: 'a': expected a jq expression, as a text, got true");
  CHECK(open_error<Route>({{"routes", {{"a", ".n >"}}}}) ==
        "parameter `routes.a`: jq cannot compile `.n >`: syntax error, unexpected $end, line 1");
  CHECK(open_error<Route>({{"routes", {1}}}) ==
        "parameter `routes`: expected a map of names to jq expressions, got 1");
}

}  // namespace rare::basic
