#include "calendar_text.h"

#include <catch.h>

namespace rare::parquet::test {

TEST_CASE("a date is a day of the calendar, and nothing else is") {
  CHECK(days_of_date("1970-01-01") == 0);
  CHECK(days_of_date("1969-12-31") == -1);
  CHECK(days_of_date("2024-02-29") == 19782);
  for (const char* text :
       {"2023-02-29", "2024-13-01", "2024-1-01", "2024-01-01 ", "24-01-01", ""}) {
    INFO(text);
    CHECK_FALSE(days_of_date(text));
  }
}

TEST_CASE("a time of day has seconds and up to six digits behind them") {
  CHECK(microseconds_of_time("00:00:00") == 0);
  CHECK(microseconds_of_time("23:59:59.5") == 86'399'500'000);
  CHECK(microseconds_of_time("00:00:00.000001") == 1);
  for (const char* text :
       {"24:00:00", "23:60:00", "23:59:60", "23:59", "23:59:59.", "1:00:00", "00:00:00.0000001"}) {
    INFO(text);
    CHECK_FALSE(microseconds_of_time(text));
  }
}

TEST_CASE("a timestamp is an instant: its zone counts") {
  CHECK(microseconds_of_timestamp("1970-01-01T00:00:00Z") == 0);
  CHECK(microseconds_of_timestamp("1970-01-01 01:00:00.25+01:00") == 250'000);
  CHECK(microseconds_of_timestamp("1969-12-31T23:59:59-00:30") == 1'799'000'000);
  for (const char* text :
       {"1970-01-01T00:00:00", "1970-01-01", "1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00Zx"}) {
    INFO(text);
    CHECK_FALSE(microseconds_of_timestamp(text));
  }
}

TEST_CASE("what is written can be read, to the last digit") {
  CHECK(date_of_days(-719'528) == "0000-01-01");
  CHECK(date_of_days(2'932'896) == "9999-12-31");
  CHECK_FALSE(date_of_days(2'932'897));
  CHECK_FALSE(date_of_days(-719'529));
  CHECK(time_of_units(86'399, 1) == "23:59:59");
  CHECK(time_of_units(1, 1'000'000'000) == "00:00:00.000000001");
  CHECK_FALSE(time_of_units(86'400, 1));
  CHECK_FALSE(time_of_units(-1, 1));
  CHECK(timestamp_of_units(-1, 1'000, "Z") == "1969-12-31T23:59:59.999Z");
  CHECK(timestamp_of_units(1'500'000, 1'000'000, "") == "1970-01-01T00:00:01.500");
  for (const std::int64_t units :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1'764'201'599'123'456},
        std::int64_t{-62'167'219'200'000'000}}) {
    CHECK(microseconds_of_timestamp(timestamp_of_units(units, 1'000'000, "Z").value()) == units);
  }
  CHECK_FALSE(timestamp_of_units(INT64_MAX, 1, "Z"));
}

}  // namespace rare::parquet::test
