// Plain scalars by YAML 1.2's core schema, section 10.3.2.
#include "engine/config/scalar.h"

#include <cmath>
#include <limits>

#include "catch.h"

namespace rare::engine {

TEST_CASE("null and booleans have the core schema's spellings only", "[config]") {
  for (const char* text : {"null", "Null", "NULL", "~"}) CHECK(core_schema_value(text).is_null());
  for (const char* text : {"true", "True", "TRUE"}) CHECK(core_schema_value(text) == true);
  for (const char* text : {"false", "False", "FALSE"}) CHECK(core_schema_value(text) == false);
  for (const char* text : {"yes", "no", "on", "off", "tRue", "nil"}) {
    CHECK(core_schema_value(text) == text);
  }
}

TEST_CASE("integers are decimal, octal or hexadecimal", "[config]") {
  CHECK(core_schema_value("0") == 0);
  CHECK(core_schema_value("-12") == -12);
  CHECK(core_schema_value("+12") == 12);
  CHECK(core_schema_value("007") == 7);
  CHECK(core_schema_value("0o17") == 15);
  CHECK(core_schema_value("0x1F") == 31);
  CHECK(core_schema_value("9223372036854775808") == 9223372036854775808u);
  CHECK(core_schema_value("99999999999999999999").is_number_float());
  for (const char* text : {"0x", "0o8", "0b1", "1_000", "12:30:45", "+-1", "-"}) {
    CHECK(core_schema_value(text) == text);
  }
}

TEST_CASE("numbers have a point or an exponent", "[config]") {
  CHECK(core_schema_value("0.5") == 0.5);
  CHECK(core_schema_value("-.5") == -0.5);
  CHECK(core_schema_value("1.") == 1.0);
  CHECK(core_schema_value("1.").is_number_float());
  CHECK(core_schema_value("1e3") == 1000.0);
  CHECK(core_schema_value("1e3").is_number_float());
  CHECK(core_schema_value("2.5E-1") == 0.25);
  CHECK(core_schema_value("-.INF") == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(core_schema_value(".nan").get<double>()));
  for (const char* text : {".", "e3", "1e", "1.2.3", "1e3.5", "1.0.0", "-.nan"}) {
    CHECK(core_schema_value(text) == text);
  }
}

}  // namespace rare::engine
