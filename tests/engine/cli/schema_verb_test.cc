#include "catch.h"
#include "engine_process.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

using test::EngineProcess;
using test::Finished;
using test::fixture_folder;

TEST_CASE("schema prints one JSON Schema of what is installed") {
  const EngineProcess engine;
  const Finished finished = engine.run({"schema", "--plugin-path", fixture_folder("good")});
  CHECK(finished.exit_code == 0);
  const Json schema = Json::parse(finished.out);
  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  const Json& upper = schema["definitions"]["with_good.upper"]["anyOf"][0];
  CHECK(upper["additionalProperties"] == false);
  CHECK(upper["properties"]["share"]["description"] == "Share of the records that are changed.");
  CHECK(upper["properties"]["share"]["default"] == 0.5);
  CHECK(upper["properties"]["share"]["anyOf"][0] ==
        Json{{"type", "number"}, {"minimum", 0.0}, {"maximum", 1.0}});
  CHECK(upper["properties"]["style"]["anyOf"][0]["anyOf"][0]["enum"] == Json{"all", "first"});
  CHECK(schema["definitions"]["with_good.numbers"]["required"] == Json{"count"});
}

TEST_CASE("a schema that lacks a plugin it was asked for ends with 2") {
  const EngineProcess engine;
  const Finished finished = engine.run({"schema", "--plugin-path", fixture_folder("not_elf")});
  CHECK(finished.exit_code == 2);
  CHECK(finished.err.find("not_elf.so was refused: ") != std::string::npos);
  CHECK(Json::parse(finished.out).contains("definitions"));
}

TEST_CASE("an overlay's schema asks for nothing that the pipeline has") {
  const EngineProcess engine;
  const Finished finished =
      engine.run({"schema", "--overlay", "--plugin-path", fixture_folder("good")});
  CHECK(finished.exit_code == 0);
  const Json schema = Json::parse(finished.out);
  CHECK(schema["allOf"][0]["$ref"] == "#/definitions/part");
  CHECK_FALSE(schema["definitions"]["node_part"].contains("required"));
}

}  // namespace
}  // namespace rare::engine
