#include "rare/record.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"

using rare::Json;
using rare::Record;
using rare::RecordId;

TEST_CASE("a record reads, makes and erases fields") {
  Record record(Json{{"text", "hi"}});
  CHECK(record.has("text"));
  CHECK(record.find("other") == nullptr);
  REQUIRE(record.find("text"));
  CHECK(*record.find("text") == "hi");
  record["score"] = 3;
  record.erase("text");
  CHECK(record.fields() == Json{{"score", 3}});
  CHECK(Record().fields() == Json::object());
}

TEST_CASE("a record is made of its fields as they stand") {
  CHECK(Record({{"text", "hi"}}).fields() == Json{{"text", "hi"}});
  CHECK(Record({{"n", 1}, {"of", {{"a", 2}, {"b", {3, 4}}}}}).fields() ==
        Json{{"n", 1}, {"of", {{"a", 2}, {"b", {3, 4}}}}});
  CHECK(Record({{"pair", {"a", "b"}}}).fields()["pair"] == Json({"a", "b"}));
  CHECK(Record({{"n", 1}, {"n", 2}}).fields() == Json{{"n", 2}});
  const Json fields{{"n", 1}};
  CHECK(Record{fields}.fields() == fields);
  CHECK(Record({{"n", 1}}, RecordId(0, nullptr, 5)).id().to_string() == "5");
}

TEST_CASE("a copied record is edited apart from the first") {
  Record first(Json{{"n", 1}}, RecordId(0, nullptr, 5));
  Record second = first;
  second["n"] = 2;
  first["m"] = 3;
  CHECK(first.fields() == Json{{"n", 1}, {"m", 3}});
  CHECK(second.fields() == Json{{"n", 2}});
  CHECK(second.id().to_string() == "5");
  second = first;
  first["n"] = 9;
  CHECK(second.fields() == Json{{"n", 1}, {"m", 3}});
}

TEST_CASE("shared records hold one object until one side writes") {
  Record first(Json{{"n", 1}}, RecordId(0, nullptr, 5));
  Record second = first.share();
  CHECK(&first.fields() == &second.fields());
  CHECK(second.id().to_string() == "5");

  second["n"] = 2;
  CHECK(&first.fields() != &second.fields());
  CHECK(first.fields() == Json{{"n", 1}});
  CHECK(second.fields() == Json{{"n", 2}});

  // The side that has its copy does not copy again; the other one still must not write in place.
  const Json* const own = &second.fields();
  second["m"] = 3;
  CHECK(&second.fields() == own);
}

TEST_CASE("either side of a share may write first, erase, or be moved") {
  Record first(Json{{"n", 1}});
  Record second = first.share();
  Record third = second.share();
  Record moved = std::move(second);
  first.erase("n");
  moved.mutable_fields()["n"] = 2;
  CHECK(first.fields() == Json::object());
  CHECK(moved.fields() == Json{{"n", 2}});
  CHECK(third.fields() == Json{{"n", 1}});
}

TEST_CASE("branches that share an object may be written from different threads") {
  Record first(Json{{"n", 0}});
  std::vector<Record> branches;
  for (int i = 0; i < 8; ++i) branches.push_back(first.share());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < branches.size(); ++i) {
      threads.emplace_back([&branches, i] { branches[i]["n"] = i + 1; });
    }
  }
  for (std::size_t i = 0; i < branches.size(); ++i) {
    CHECK(branches[i].fields() == Json{{"n", i + 1}});
  }
  CHECK(first.fields() == Json{{"n", 0}});
}

TEST_CASE("an identity's text shows ordinal, children and a second source") {
  const RecordId plain(0, nullptr, 17);
  CHECK(plain.to_string() == "17");
  const RecordId child = plain.child({2, 0, true});
  CHECK(child.to_string() == "17.2");
  CHECK(child.child({0, 0, true}).to_string() == "17.2.0");
  // Several edges, but one record: the step counts, the text does not change.
  CHECK(child.child({0, 1, false}).to_string() == "17.2");
  const RecordId other(1, std::make_shared<const std::string>("extra"), 17);
  CHECK(other.to_string() == "extra:17");
  CHECK(other.child({3, 0, true}).to_string() == "extra:17.3");
  CHECK(other.source() == 1);
  CHECK(plain.path().empty());
}

TEST_CASE("lineage orders by child, then by edge, parents before children") {
  const RecordId root(0, nullptr, 4);
  std::vector<std::vector<RecordId::Step>> paths{
      root.child({1, 0, true}).path(),
      root.child({0, 0, true}).child({0, 0, true}).path(),
      root.child({10, 0, true}).path(),
      root.child({0, 1, true}).path(),
      root.path(),
      root.child({0, 0, true}).path(),
      root.child({2, 0, true}).path(),
  };
  std::sort(paths.begin(), paths.end());
  const std::vector<std::vector<RecordId::Step>> expected{
      {},
      {{0, 0, true}},
      {{0, 0, true}, {0, 0, true}},
      {{0, 1, true}},
      {{1, 0, true}},
      {{2, 0, true}},
      {{10, 0, true}},
  };
  CHECK(paths == expected);
}

TEST_CASE("a new identity replaces the old one and leaves the fields") {
  Record record(Json{{"n", 1}});
  record.set_id(RecordId(0, nullptr, 8));
  CHECK(record.id().ordinal() == 8);
  CHECK(record.fields() == Json{{"n", 1}});
}
