#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "export_fixture.h"
#include "retriever_sink.h"

using rare::Json;
using rare::exports::RetrieverSink;
using namespace rare::exports::test;

namespace {

std::vector<Json> mined(Json parameters, Json fields = finished(7)) {
  parameters["path"] = "out/retriever";
  const auto sink = rare::testing::make<RetrieverSink>(parameters);
  return rows_of(sink->encode(record_of(std::move(fields), 7)));
}

bool says(const std::vector<Json>& rows, const std::string& part) {
  return rows.size() == 1 && rows[0].is_string() &&
         rows[0].get<std::string>().find(part) != std::string::npos;
}

Json changed(const std::string& field, Json value) {
  Json fields = finished(7);
  fields[field] = std::move(value);
  return fields;
}

}  // namespace

TEST_CASE("flagembedding has a query with lists of texts that answer it and that do not") {
  CHECK(mined({{"query", "{{question}} {{scenario}}"}}) ==
        std::vector<Json>{{{"query", "Question 7 Scenario 7"},
                           {"pos", Json::array({"Document 7"})},
                           {"neg", Json::array({"First 7", "Second 7"})},
                           {"document", "7"}}});
  CHECK(mined({{"num_neg", 1}})[0]["neg"] == Json::array({"First 7"}));
}

TEST_CASE("triplets are a row for each negative, tuples have a column for each") {
  const auto triplet = [](const char* negative) {
    return Json{{"anchor", "Question 7"}, {"positive", "Document 7"}, {"negative", negative}};
  };
  CHECK(mined({{"format", "triplets"}}) ==
        std::vector<Json>{triplet("First 7"), triplet("Second 7")});
  CHECK(mined({{"format", "tuples"}, {"num_neg", 2}}) ==
        std::vector<Json>{{{"anchor", "Question 7"},
                           {"positive", "Document 7"},
                           {"negative_1", "First 7"},
                           {"negative_2", "Second 7"}}});
  CHECK(says(mined({{"format", "tuples"}, {"num_neg", 3}}),
             "field \"hard_negatives\": expected a list of 3 or more texts, came 2"));
  // The order of the columns is what counts.
  const auto sink =
      rare::testing::make<RetrieverSink>({{"path", "x"}, {"format", "tuples"}, {"num_neg", 2}});
  const auto row = sink->encode(record_of(finished(7)));
  REQUIRE(row.ok());
  CHECK(row->find("{\"anchor\":") < row->find(",\"positive\":"));
  CHECK(row->find(",\"positive\":") < row->find(",\"negative_1\":"));
  CHECK(row->find(",\"negative_1\":") < row->find(",\"negative_2\":"));
}

TEST_CASE("tevatron has passages with ids, of fields or made from the texts") {
  const Json parameters = {{"format", "tevatron"}};
  const std::vector<Json> made = mined(parameters);
  REQUIRE(made.size() == 1);
  CHECK(made[0]["query_id"] == "7");
  CHECK(made[0]["positive_passages"] ==
        Json::array({{{"docid", "doc-7"}, {"text", "Document 7"}}}));
  const std::string id = made[0]["negative_passages"][0]["docid"];
  CHECK(id.size() == 16);
  CHECK(id != made[0]["negative_passages"][1]["docid"]);

  Json named = parameters;
  named["input_negative_ids_key"] = "ids";
  CHECK(
      mined(named, changed("ids", {"a", 5}))[0]["negative_passages"] ==
      Json::array({{{"docid", "a"}, {"text", "First 7"}}, {{"docid", "5"}, {"text", "Second 7"}}}));
  CHECK(says(mined(named, changed("ids", Json::array({"a"}))),
             "field \"ids\": expected an id for each negative, came 1 ids for 2 negatives"));
  // One too many: which of them has no text is not to be known.
  Json cut = named;
  cut["num_neg"] = 1;
  for (const Json& form : {named, cut}) {
    CHECK(says(mined(form, changed("ids", {"a", "b", "c"})),
               "field \"ids\": expected an id for each negative, came 3 ids for 2 negatives"));
    CHECK(says(mined(form, changed("ids", Json::array({"a"}))), "came 1 ids for 2 negatives"));
  }
  CHECK(mined(cut, changed("ids", {"a", "b"}))[0]["negative_passages"] ==
        Json::array({{{"docid", "a"}, {"text", "First 7"}}}));
  CHECK(says(mined(named), "field \"ids\": expected a list of texts or numbers, came a record"));
  Json nameless = finished(7);
  nameless.erase("id");
  CHECK(says(mined(parameters, nameless), "field \"id\": expected a text or a number"));
}

TEST_CASE("the document is no negative of itself, and no negative stands there twice") {
  const Json known =
      changed("hard_negatives", {"First 7", " Document 7\n", "First 7 ", "Document 7", "Second 7"});
  CHECK(mined(Json::object(), known)[0]["neg"] == Json::array({"First 7", "Second 7"}));
  CHECK(mined({{"num_neg", 2}}, known)[0]["neg"] == Json::array({"First 7", "Second 7"}));
  CHECK(mined({{"format", "triplets"}}, known).size() == 2);
  CHECK(says(mined({{"format", "tuples"}, {"num_neg", 3}}, known),
             "expected a list of 3 or more texts, came 2 that are neither the document nor there "
             "twice, of 5"));
  CHECK(says(mined(Json::object(), changed("hard_negatives", Json::array({"Document 7"}))),
             "came 0 that are neither"));

  const Json named = {{"format", "tevatron"}, {"input_negative_ids_key", "ids"}};
  Json with_ids = known;
  with_ids["ids"] = {"a", "b", "c", "d", "e"};
  CHECK(
      mined(named, with_ids)[0]["negative_passages"] ==
      Json::array({{{"docid", "a"}, {"text", "First 7"}}, {{"docid", "e"}, {"text", "Second 7"}}}));
  // The same document as another index cuts it.
  CHECK(mined(named, changed("ids", {"doc-7", "e"}))[0]["negative_passages"] ==
        Json::array({{{"docid", "e"}, {"text", "Second 7"}}}));
}

TEST_CASE("a record that trains no retriever is refused with the field's name") {
  CHECK(says(mined(Json::object(), changed("hard_negatives", Json::array())),
             "field \"hard_negatives\": expected a list of 1 or more texts, came 0"));
  CHECK(says(mined(Json::object(), changed("hard_negatives", "one")), "expected a list of texts"));
  CHECK(says(mined(Json::object(), changed("text", " ")), "field \"text\": expected a text"));
  CHECK(
      says(mined(Json::object(), changed("question", "")), "field \"question\": expected a text"));
  CHECK(says(mined(Json::object(), changed("question", Json{"a"})),
             "field \"question\": expected a text or a number, came array"));
  rare::testing::TestContext context;
  const rare::Status status =
      rare::testing::make<RetrieverSink>({{"path", "x"}, {"format", "tuples"}})
          ->open(context, std::nullopt);
  CHECK(status.code() == rare::StatusCode::invalid_argument);
  CHECK(status.message().find("needs `num_neg`") != std::string::npos);
}
