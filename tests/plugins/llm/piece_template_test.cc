// Events of a stream that differ in a piece of text.
#include "plugins/llm/piece_template.h"

#include <simdjson.h>

#include "catch.h"

using rare::llm::PieceTemplate;

namespace {

std::optional<PieceTemplate> template_of(const std::string& event) {
  simdjson::dom::parser parser;
  return PieceTemplate::of(event, parser.parse(event));
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
    std::string piece = "so far, ";
    const bool fits = known->append_piece(next, piece);
    CHECK(piece.starts_with("so far, "));
    return fits ? piece.substr(8) : piece == "so far, " ? "none" : "both";
  };
  CHECK(piece_of("answer") == "answer");
  CHECK(piece_of("").empty());
  CHECK(piece_of("caf\xc3\xa9, \xe4\xb8\xad") == "caf\xc3\xa9, \xe4\xb8\xad");
  CHECK(piece_of(R"(a\n\"b\\\u4e2d)") == "a\n\"b\\\xe4\xb8\xad");
  // What a parser refuses.
  CHECK(piece_of("a\nb") == "none");
  CHECK(piece_of("\xff") == "none");
  CHECK(piece_of(R"(a","refusal":"b)") == "none");
  CHECK(piece_of("a\\") == "none");
  CHECK(piece_of(R"(\x)") == "none");
  for (const std::string& other :
       {event_of(R"({"role":"assistant","content":"a","refusal":"no"})"),
        event_of(R"({"role":"tool","content":"a","refusal":null})"),
        std::string(R"({"id":"c-1","model":"content")"), std::string()}) {
    std::string text;
    CHECK_FALSE(known->append_piece(other, text));
    CHECK(text.empty());
  }
}

TEST_CASE("the place of the piece is found among equal letters") {
  // The piece is what the model is called, and what the field is called.
  const auto same = template_of(event_of(R"({"content":"content"})"));
  REQUIRE(same);
  const std::string next = event_of(R"({"content":"x"})");
  std::string text;
  CHECK(same->append_piece(next, text));
  CHECK(text == "x");
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
