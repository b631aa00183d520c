// The ledger's sums and the words people read.
#include "engine/state/ledger.h"

#include "catch.h"

namespace {

using rare::Json;
using rare::engine::Ledger;
using rare::engine::NodeTally;
using rare::engine::Tally;

TEST_CASE("the ledger's text names every part that is not zero") {
  Ledger ledger;
  CHECK(ledger.to_string() == "0 read = 0 written");
  ledger.read = 64;
  ledger.written = 63;
  ledger.dead = 1;
  CHECK(ledger.adds_up());
  CHECK(ledger.to_string() == "64 read = 63 written + 1 dead");

  ledger = {.read = 10,
            .made = 5,
            .copied = 6,
            .written = 11,
            .filtered = 4,
            .merged = 3,
            .dropped = 2,
            .dead = 1};
  CHECK(ledger.to_string() ==
        "10 read + 5 made + 6 copied = 11 written + 4 filtered + 3 merged + 2 dropped + 1 dead");
}

TEST_CASE("a ledger that is off says by how much, and never shows an equals sign") {
  Ledger ledger;
  ledger.read = 5;
  ledger.written = 3;
  CHECK_FALSE(ledger.adds_up());
  CHECK(ledger.to_string() == "5 read is not 3 written (2 unaccounted for)");
  ledger.written = 9;
  CHECK(ledger.to_string() == "5 read is not 9 written (4 too many)");
}

TEST_CASE("each part of the ledger counts on its own side") {
  const Ledger one = {.read = 1,
                      .made = 1,
                      .copied = 1,
                      .written = 1,
                      .filtered = 1,
                      .merged = 1,
                      .dropped = 0,
                      .dead = 0};
  REQUIRE(one.adds_up());
  for (auto part : {&Ledger::read, &Ledger::made, &Ledger::copied, &Ledger::written,
                    &Ledger::filtered, &Ledger::merged, &Ledger::dropped, &Ledger::dead}) {
    Ledger off = one;
    ++(off.*part);
    CHECK_FALSE(off.adds_up());
    CHECK(off != one);
  }
}

TEST_CASE("ledgers add part by part and survive JSON") {
  const Ledger a = {.read = 1,
                    .made = 2,
                    .copied = 3,
                    .written = 4,
                    .filtered = 5,
                    .merged = 6,
                    .dropped = 7,
                    .dead = 8};
  Ledger sum = a;
  sum += a;
  CHECK(sum == Ledger{.read = 2,
                      .made = 4,
                      .copied = 6,
                      .written = 8,
                      .filtered = 10,
                      .merged = 12,
                      .dropped = 14,
                      .dead = 16});
  CHECK(Ledger::from_json(sum.to_json()) == sum);
  CHECK(
      sum.to_json().dump() ==
      R"({"copied":6,"dead":16,"dropped":14,"filtered":10,"made":4,"merged":12,"read":2,"written":8})");
  CHECK(Ledger::from_json(Json::object()) == Ledger{});
}

TEST_CASE("tallies add node by node with their reasons") {
  Tally a(2);
  a.ledger.read = 3;
  a.nodes[0].in = 3;
  a.nodes[1].filter_reasons["too short"] = 2;
  a.nodes[1].filtered = 2;
  Tally b(2);
  b.ledger.read = 1;
  b.nodes[1].filter_reasons["too short"] = 1;
  b.nodes[1].filter_reasons["duplicate"] = 4;
  b.nodes[1].filtered = 5;
  b.nodes[1].out = 6;
  b.nodes[1].dead = 7;
  a += b;
  CHECK(a.ledger.read == 4);
  CHECK(a.nodes[0].in == 3);
  CHECK(a.nodes[1].to_json() == Json::parse(R"({"in":0,"out":6,"filtered":7,"dead":7,
                        "filter_reasons":{"too short":3,"duplicate":4}})"));
  const NodeTally again = NodeTally::from_json(a.nodes[1].to_json());
  CHECK(again.to_json() == a.nodes[1].to_json());
}

TEST_CASE("counters add and are taken away by name, and are named only where there are some") {
  Tally a(1);
  CHECK_FALSE(a.nodes[0].to_json().contains("counters"));
  a.nodes[0].counters = {{"few", 2}, {"none", 1}};
  Tally b(1);
  b.nodes[0].counters = {{"none", 1}, {"late", 4}};
  a += b;
  CHECK(a.nodes[0].to_json().at("counters") == Json::parse(R"({"few":2,"late":4,"none":2})"));
  CHECK(NodeTally::from_json(a.nodes[0].to_json()).counters == a.nodes[0].counters);
  a -= b;
  CHECK(a.nodes[0].to_json().at("counters") == Json::parse(R"({"few":2,"none":1})"));
}

TEST_CASE("a tally of no nodes takes those of the other") {
  Tally total;
  Tally family(2);
  family.nodes[1].in = 1;
  total += family;
  total += family;
  REQUIRE(total.nodes.size() == 2);
  CHECK(total.nodes[1].in == 2);
}

}  // namespace
