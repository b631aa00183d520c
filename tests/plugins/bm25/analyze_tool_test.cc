#include "plugins/bm25/analyze_tool.h"

#include <optional>
#include <sstream>
#include <string>

#include "catch.h"
#include "fixtures.h"

namespace rare::bm25 {
namespace {

using testing::contains;

class Offered final : public ToolRegistrar {
 public:
  void add_tool(ToolOffer offer) override { tool = std::move(offer); }
  std::optional<ToolOffer> tool;
};

class Streams final : public ToolContext {
 public:
  explicit Streams(const std::string& input) : in_(input) {}
  std::istream& in() override { return in_; }
  std::ostream& out() override { return out_; }
  void log(LogLevel, std::string_view) override {}
  std::string written() const { return out_.str(); }

 private:
  std::istringstream in_;
  std::ostringstream out_;
};

std::string analyze(const std::string& text, const std::string& analyzer, bool json = false,
                    const std::string& input = "") {
  Offered offered;
  offered.add<AnalyzeTool>();
  const auto tool = offered.tool->make({{"text", text}, {"analyzer", analyzer}, {"json", json}});
  Streams streams(input);
  const Result<int> exit_code = tool->run(streams);
  REQUIRE(exit_code.ok());
  CHECK(*exit_code == 0);
  return streams.written();
}

TEST_CASE("analyze shows each term with its bytes and its characters") {
  CHECK(analyze("Über the foxes' café", "english") ==
        "bytes  characters  term\n"
        "0-5    0-4         über\n"
        "10-15  9-14        fox\n"
        "17-22  16-20       café\n");
  CHECK(analyze("猫は東", "cjk") ==
        "bytes  characters  term\n"
        "0-6    0-2         猫は\n"
        "3-9    1-3         は東\n");
  CHECK(analyze("the", "english") == "bytes  characters  term\n");
}

TEST_CASE("analyze gives the same as JSON") {
  CHECK(Json::parse(analyze("Ünits 7", "standard", true)) ==
        Json::parse(R"({"analyzer": "standard", "tokens": [
            {"term": "ünits", "bytes": [0, 6], "characters": [0, 5]},
            {"term": "7", "bytes": [7, 8], "characters": [6, 7]}]})"));
  CHECK(Json::parse(analyze("", "icu_german", true)) ==
        Json::parse(R"({"analyzer": "icu_german", "tokens": []})"));
}

TEST_CASE("analyze reads - from standard input, whatever is in it") {
  const std::string bytes("one\ntwo\0\x1b[31m\xFF", 14);
  CHECK(analyze("-", "standard", false, bytes) ==
        "bytes  characters  term\n"
        "0-3    0-3         one\n"
        "4-7    4-7         two\n"
        "10-13  10-13       31m\n");
  // Controls do not reach a terminal.
  CHECK(contains(analyze("-", "whitespace", false, bytes), "two\\u{0}\\u{1b}[31m\xEF\xBF\xBD\n"));
  CHECK(analyze("-", "english", false, "") == "bytes  characters  term\n");
}

}  // namespace
}  // namespace rare::bm25
