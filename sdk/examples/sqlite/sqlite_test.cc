#include <rare/testing/checks.h>
#include <rare/testing/sink_checks.h>
#include <rare/testing/source_checks.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "read_table.h"
#include "write_table.h"

namespace {

using rare::Json;

// What a table has, read by the source.
Json rows_of(const std::string& path, const std::string& table) {
  rare::testing::TestContext context;
  const auto source = rare::testing::make<sqlite::ReadTable>({{"path", path}, {"table", table}});
  Json rows = Json::array();
  if (rare::Status status = source->open(context, std::nullopt); !status.ok())
    return status.message();
  for (;;) {
    const auto next = source->next();
    if (!next.ok()) return next.status().message();
    if (!next->has_value()) return rows;
    rows.push_back((*next)->fields());
  }
}

void rows_are_written_once_over_a_kill_and_read_from_anywhere() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/a.db";
  std::vector<rare::Record> records;
  Json expected = Json::array();
  for (std::int64_t i = 1; i <= 7; ++i) {
    records.emplace_back(Json{{"n", i}, {"it's \"x\"", "text"}, {"list", {1, 2}}, {"left out", 1}});
    expected.push_back(
        {{"row", i}, {"n", i}, {"it's \"x\"", "text"}, {"list", "[1,2]"}, {"missing", nullptr}});
  }
  const Json values{
      {"path", path}, {"table", "some table"}, {"fields", {"n", "it's \"x\"", "list", "missing"}}};
  RARE_CHECK_OK(rare::testing::check_sink<sqlite::WriteTable>(
      values, records, [&] { return rows_of(path, "some table"); }, expected));
  RARE_CHECK_OK(
      rare::testing::check_source<sqlite::ReadTable>({{"path", path}, {"table", "some table"}}));
  RARE_CHECK(rows_of(path, "some table_part").is_string());
}

void a_run_killed_after_its_table_was_put_in_place_goes_on_from_it() {
  rare::testing::TestContext context;
  const Json values{
      {"path", context.scratch_folder() + "/a.db"}, {"table", "t"}, {"fields", {"n"}}};
  const std::vector<rare::Record> rows{rare::Record(Json{{"n", 1}}), rare::Record(Json{{"n", 2}})};
  std::optional<rare::Offset> committed;
  for (int start = 0; start < 2; ++start) {
    const auto sink = rare::testing::make<sqlite::WriteTable>(values);
    RARE_CHECK_OK(sink->open(context, committed));
    if (!committed) RARE_CHECK_OK(sink->write(rows));
    committed = *sink->sync();
    RARE_CHECK_OK(sink->finalise());
  }
  RARE_CHECK_EQUAL(rows_of(values["path"], "t").size(), 2u);
}

void a_part_that_lacks_rows_is_refused_and_what_is_finished_stays() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/a.db";
  const Json values{{"path", path}, {"table", "t"}, {"fields", {"n"}}};
  const auto open_at = [&](int rows) {
    return rare::testing::make<sqlite::WriteTable>(values)->open(context, rare::Offset{Json(rows)});
  };
  {
    const auto sink = rare::testing::make<sqlite::WriteTable>(values);
    RARE_CHECK_OK(sink->open(context, std::nullopt));
    RARE_CHECK_OK(sink->write(std::vector<rare::Record>(2)));
    RARE_CHECK_OK(sink->sync().status());
    RARE_CHECK_OK(sink->finalise());
  }
  for (const int other : {1, 3}) RARE_CHECK(open_at(other).fault() == rare::Fault::run);
  const Json no_part = rows_of(path, "t_part");
  RARE_CHECK(no_part.is_string());
  const auto database = sqlite::open_database(path, SQLITE_OPEN_READWRITE);
  RARE_CHECK_OK(
      sqlite::run(database->get(), path, "CREATE TABLE t_part (row INTEGER PRIMARY KEY, n)"));
  const std::string message = open_at(2).message();
  RARE_CHECK(message.find("expected the 2 rows that an earlier start wrote, came 0") !=
             std::string::npos);
  RARE_CHECK_EQUAL(rows_of(path, "t").size(), 2u);
}

void what_sqlite_cannot_hold_is_refused_by_name() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/a.db";
  const auto sink_of = [&](const Json& fields) {
    return rare::testing::make<sqlite::WriteTable>(
        {{"path", path}, {"table", "t"}, {"fields", fields}});
  };
  const auto sink = sink_of({"n"});
  RARE_CHECK_OK(sink->accept(rare::Record(Json{{"n", INT64_MAX}})));
  const rare::Status status = sink->accept(rare::Record(Json{{"n", UINT64_MAX}}));
  RARE_CHECK(status.fault() == rare::Fault::record);
  RARE_CHECK(status.message().find("field 'n' is 18446744073709551615, expected") == 0);
  for (const Json& fields : {Json{"n", "Row"}, Json{"text", "Text"}}) {
    const std::string message = sink_of(fields)->open(context, std::nullopt).message();
    RARE_CHECK(message.find("fields: '" + fields[1].get<std::string>()) == 0);
  }
}

void a_table_that_is_not_there_is_told_with_its_file() {
  rare::testing::TestContext context;
  const std::string path = context.scratch_folder() + "/none.db";
  const std::string message = rows_of(path, "t");
  RARE_CHECK(message.find(path) == 0);
}

}  // namespace

int main() {
  rows_are_written_once_over_a_kill_and_read_from_anywhere();
  a_run_killed_after_its_table_was_put_in_place_goes_on_from_it();
  a_part_that_lacks_rows_is_refused_and_what_is_finished_stays();
  what_sqlite_cannot_hold_is_refused_by_name();
  a_table_that_is_not_there_is_told_with_its_file();
  return rare::testing::failed_checks();
}
