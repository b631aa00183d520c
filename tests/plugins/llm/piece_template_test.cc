// Events of a stream that differ in a piece of text.
#include "plugins/llm/piece_template.h"
#include "catch.h"

using rare::Json;
using rare::llm::PieceTemplate;

namespace {

std::optional<PieceTemplate> template_of(const std::string& event) {
  return PieceTemplate::of(event, Json::parse(event));
}

std::string event_of(const std::string& delta, const std::string& more = "") {
  return R"({"id":"c-1","model":"content","choices":[{"index":2,"delta":)" + delta +
         R"(,"finish_reason":null)" + more + "}]}";
}

}  // namespace

TEST_CASE("the piece of an event that differs in nothing else is cut out") {
  const auto known =
      template_of(event_of(R"({"role":"assistant","content":"An ","refusal":null})"));
  REQUIRE(known);
  CHECK(known->field() == "content");
  CHECK(known->choice() == 2);
  const auto piece_of = [&](const std::string& text) {
    const std::string next =
        event_of(R"({"role":"assistant","content":")" + text + R"(","refusal":null})");
    const auto piece = known->piece_of(next);
    return piece ? std::string(*piece) : "none";
  };
  CHECK(piece_of("answer") == "answer");
  CHECK(piece_of("").empty());
  CHECK(piece_of("caf\xc3\xa9, \xe4\xb8\xad") == "caf\xc3\xa9, \xe4\xb8\xad");
  // What has to be read, or is to be refused, by a parser.
  CHECK(piece_of("a\\nb") == "none");
  CHECK(piece_of("a\nb") == "none");
  CHECK(piece_of("\xff") == "none");
  CHECK(piece_of(R"(a","refusal":"b)") == "none");
  CHECK_FALSE(known->piece_of(event_of(R"({"role":"assistant","content":"a","refusal":"no"})")));
  CHECK_FALSE(known->piece_of(event_of(R"({"role":"tool","content":"a","refusal":null})")));
  CHECK_FALSE(known->piece_of(R"({"id":"c-1","model":"content")"));
  CHECK_FALSE(known->piece_of(""));
}

TEST_CASE("the place of the piece is found among equal letters") {
  // The piece is what the model is called, and what the field is called.
  const auto same = template_of(event_of(R"({"content":"content"})"));
  REQUIRE(same);
  const std::string next = event_of(R"({"content":"x"})");
  CHECK(same->piece_of(next) == "x");
  // The first "content" is another object's: no template, rather than a wrong one.
  CHECK_FALSE(template_of(R"({"extra":{"content":"a"},"choices":[{"delta":{"content":"a"}}]})"));
}

TEST_CASE("events that say more than a piece have no template") {
  for (const std::string& other :
       {event_of(R"({"content":""})"), event_of(R"({"content":"a","reasoning":"b"})"),
        event_of(R"({"content":"a","tool_calls":[{"index":0}]})"), event_of("7"),
        event_of(R"({"content":"a"})", R"(,"logprobs":{"content":[{"logprob":-1}]})"),
        std::string(R"({"choices":[]})"), std::string(R"({"choices":[7]})"),
        std::string(R"({"error":{"message":"m"},"choices":[{"delta":{"content":"a"}}]})"),
        std::string(R"({"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]})"),
        std::string(R"({"choices":[{"index":"0","delta":{"content":"a"}}]})")}) {
    INFO(other);
    CHECK_FALSE(template_of(other));
  }
  CHECK(template_of(event_of(R"({"content":"a"})", R"(,"logprobs":null)")));
}
