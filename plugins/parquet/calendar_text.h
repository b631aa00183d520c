// Dates and times as text (RFC 3339), and as the numbers that Parquet keeps.
//
// Thread-safety: any thread. The years are those that have four digits, 0000 to 9999.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rare::parquet {

// Days since 1970-01-01 of "2026-11-26"; nothing when it is no such text, or no day of a calendar.
std::optional<std::int32_t> days_of_date(std::string_view text);
// Microseconds since midnight of "23:59:59" or "23:59:59.123456".
std::optional<std::int64_t> microseconds_of_time(std::string_view text);
// Microseconds since 1970-01-01 00:00 UTC of "2026-11-26T23:59:59.5+01:00"; a space may stand for
// the T. The zone ("Z" or an offset) has to be there, and the year has four digits in UTC, too.
std::optional<std::int64_t> microseconds_of_timestamp(std::string_view text);

// The other way. `units_per_second` is 1, a thousand, a million or a thousand millions; a fraction
// has as few of 3, 6 or 9 digits as hold it. Nothing for a year that has not four digits, or a time
// that is none of a day.
std::optional<std::string> date_of_days(std::int64_t days);
std::optional<std::string> time_of_units(std::int64_t units, std::int64_t units_per_second);
// `zone` is put behind it: "Z", or nothing for a time that is nowhere in particular.
std::optional<std::string> timestamp_of_units(std::int64_t units, std::int64_t units_per_second,
                                              std::string_view zone);

}  // namespace rare::parquet
