#include "parquet_rows.h"

#include <catch.h>

#include <string>
#include <vector>

namespace rare::parquet::test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

files::WriteSettings settings(const char* schema, std::vector<std::string> fields = {}) {
  files::WriteSettings settings;
  settings.schema = Json::parse(schema);
  settings.fields = std::move(fields);
  return settings;
}

Result<std::string> encoded(const files::WriteSettings& settings, const Json& record) {
  const ParquetRows rows(*columns_of(settings));
  std::vector<files::RowField> fields;
  for (auto at = record.begin(); at != record.end(); ++at)
    fields.push_back({&at.key(), &at.value()});
  return rows.encode(fields);
}

}  // namespace

TEST_CASE("without a schema a row waits as it is, if it has a field") {
  CHECK(*encoded(settings("{}"), Json::parse(R"({"b": [1, null], "a": "x"})")) ==
        "{\"a\":\"x\",\"b\":[1,null]}\n");
  CHECK_THAT(encoded(settings("{}"), Json::object()).status().message(),
             StartsWith("expected at least one field"));
}

TEST_CASE("with a schema what does not fit is refused") {
  const auto schema = settings(R"({"n": "int64", "day": "date"})");
  CHECK(*encoded(schema, Json{{"n", 1}}) == "{\"n\":1}\n");
  CHECK_THAT(encoded(schema, Json{{"n", "one"}}).status().message(),
             Contains("field \"n\": expected int64"));
  CHECK_THAT(encoded(schema, Json{{"n", 1}, {"m", 2}}).status().message(),
             Contains("(day, n), came one more, \"m\""));
}

TEST_CASE("a field that is to be written has a type") {
  CHECK(columns_of(settings(R"({"a": "bool", "b": "bool"})", {"b"}))->front().name == "b");
  CHECK_THAT(columns_of(settings(R"({"a": "bool"})", {"b"})).status().message(),
             Contains("`fields` names b, which `schema` gives no type; it has a"));
}

}  // namespace rare::parquet::test
