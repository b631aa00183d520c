#include "calendar_text.h"

#include <chrono>
#include <cstddef>
#include <cstdio>

namespace rare::parquet {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr std::int64_t kFirstDay = -719'528;  // 0000-01-01
constexpr std::int64_t kLastDay = 2'932'896;  // 9999-12-31

// Takes what it reads off the front of a text.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  bool take(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit(rest_[i])) return std::nullopt;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  // As many digits as there are, 1 to 6, as millionths.
  std::optional<int> millionths() {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    if (count < 1 || count > 6) return std::nullopt;
    int number = *digits(count);
    for (; count < 6; ++count) number *= 10;
    return number;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
};

std::optional<std::int32_t> take_date(TextCursor& text) {
  const std::optional<int> year = text.digits(4);
  if (!year || !text.take('-')) return std::nullopt;
  const std::optional<int> month = text.digits(2);
  if (!month || !text.take('-')) return std::nullopt;
  const std::optional<int> day = text.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
}

std::optional<std::int64_t> take_time(TextCursor& text) {
  const std::optional<int> hour = text.digits(2);
  if (!hour || *hour > 23 || !text.take(':')) return std::nullopt;
  const std::optional<int> minute = text.digits(2);
  if (!minute || *minute > 59 || !text.take(':')) return std::nullopt;
  const std::optional<int> second = text.digits(2);
  if (!second || *second > 59) return std::nullopt;
  std::int64_t microseconds =
      ((*hour * std::int64_t{60} + *minute) * 60 + *second) * kMicrosecondsPerSecond;
  if (text.take('.')) {
    const std::optional<int> fraction = text.millionths();
    if (!fraction) return std::nullopt;
    microseconds += *fraction;
  }
  return microseconds;
}

// Seconds that the zone is ahead of UTC.
std::optional<std::int64_t> take_zone(TextCursor& text) {
  if (text.take('Z')) return 0;
  const bool is_behind = text.take('-');
  if (!is_behind && !text.take('+')) return std::nullopt;
  const std::optional<int> hours = text.digits(2);
  if (!hours || *hours > 23 || !text.take(':')) return std::nullopt;
  const std::optional<int> minutes = text.digits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = (*hours * std::int64_t{60} + *minutes) * 60;
  return is_behind ? -seconds : seconds;
}

std::string fraction_text(std::int64_t fraction, std::int64_t units_per_second) {
  if (fraction == 0) return "";
  const std::int64_t billionths = fraction * (1'000'000'000 / units_per_second);
  char text[16];
  if (billionths % 1'000'000 == 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(billionths / 1'000'000));
  } else if (billionths % 1000 == 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(billionths / 1000));
  } else {
    std::snprintf(text, sizeof text, ".%09d", static_cast<int>(billionths));
  }
  return text;
}

}  // namespace

std::optional<std::int32_t> days_of_date(std::string_view text) {
  TextCursor cursor(text);
  const std::optional<std::int32_t> days = take_date(cursor);
  return cursor.at_end() ? days : std::nullopt;
}

std::optional<std::int64_t> microseconds_of_time(std::string_view text) {
  TextCursor cursor(text);
  const std::optional<std::int64_t> microseconds = take_time(cursor);
  return cursor.at_end() ? microseconds : std::nullopt;
}

std::optional<std::int64_t> microseconds_of_timestamp(std::string_view text) {
  TextCursor cursor(text);
  const std::optional<std::int32_t> days = take_date(cursor);
  if (!days || (!cursor.take('T') && !cursor.take(' '))) return std::nullopt;
  const std::optional<std::int64_t> time = take_time(cursor);
  if (!time) return std::nullopt;
  const std::optional<std::int64_t> zone = take_zone(cursor);
  if (!zone || !cursor.at_end()) return std::nullopt;
  const std::int64_t instant = (*days * kSecondsPerDay - *zone) * kMicrosecondsPerSecond + *time;
  constexpr std::int64_t kMicrosecondsPerDay = kSecondsPerDay * kMicrosecondsPerSecond;
  if (instant < kFirstDay * kMicrosecondsPerDay ||
      instant >= (kLastDay + 1) * kMicrosecondsPerDay) {
    return std::nullopt;
  }
  return instant;
}

std::optional<std::string> date_of_days(std::int64_t days) {
  if (days < kFirstDay || days > kLastDay) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return std::string(text);
}

std::optional<std::string> time_of_units(std::int64_t units, std::int64_t units_per_second) {
  if (units < 0 || units >= kSecondsPerDay * units_per_second) return std::nullopt;
  const int seconds = static_cast<int>(units / units_per_second);
  char text[40];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60,
                seconds % 60);
  return text + fraction_text(units % units_per_second, units_per_second);
}

std::optional<std::string> timestamp_of_units(std::int64_t units, std::int64_t units_per_second,
                                              std::string_view zone) {
  const std::int64_t units_per_day = kSecondsPerDay * units_per_second;
  std::int64_t days = units / units_per_day;
  std::int64_t rest = units % units_per_day;
  if (rest < 0) {
    rest += units_per_day;
    days -= 1;
  }
  std::optional<std::string> text = date_of_days(days);
  if (!text) return std::nullopt;
  *text += 'T';
  *text += *time_of_units(rest, units_per_second);
  *text += zone;
  return text;
}

}  // namespace rare::parquet
