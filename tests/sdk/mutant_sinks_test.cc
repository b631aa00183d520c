// check_sink() finds what a sink lacks that cuts off nothing: the template's and an example's, in
// which a call is left out.
#include <fcntl.h>
#include <rare/sdk.h>
#include <rare/testing/sink_checks.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"

namespace {

enum class Defect { none, never_emptied, never_cut };
Defect defect = Defect::none;

}  // namespace

int ftruncate_of_the_mutant(int file, off_t size) {
  return defect == (size == 0 ? Defect::never_emptied : Defect::never_cut)
             ? 0
             : ::ftruncate(file, size);
}

int exec_of_the_mutant(sqlite3* database, const char* text, int (*row)(void*, int, char**, char**),
                       void* to_row, char** message) {
  std::string rest = text;
  const std::size_t at = rest.find("DELETE FROM");
  if (defect == Defect::never_cut && at != std::string::npos)
    rest.erase(at, rest.find(';', at) - at);
  return ::sqlite3_exec(database, rest.c_str(), row, to_row, message);
}

// What stands in the folders that were synced.
std::vector<std::string> synced_names;

int fsync_that_is_noted(int folder) {
  for (const auto& entry :
       std::filesystem::directory_iterator("/proc/self/fd/" + std::to_string(folder)))
    synced_names.push_back(entry.path().filename());
  return ::fsync(folder);
}

#define fsync fsync_that_is_noted
#define ftruncate ftruncate_of_the_mutant
#define sqlite3_exec exec_of_the_mutant
#include "../../sdk/examples/sqlite/write_table.h"
#include "../../sdk/template/sink/my_plugin.cc"
#undef fsync
#undef ftruncate
#undef sqlite3_exec

namespace {

using rare::Json;
using rare::testing::TestContext;

rare::Json lines_of_file(const std::string& path) {
  Json lines = Json::array();
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Json rows_of_table(const std::string& path) {
  const auto database = sqlite::open_database(path, SQLITE_OPEN_READONLY);
  if (!database) return database.status().message();
  const auto rows = sqlite::prepare(database->get(), path, "SELECT text FROM t ORDER BY row");
  if (!rows) return rows.status().message();
  Json texts = Json::array();
  while (sqlite3_step(rows->get()) == SQLITE_ROW) {
    texts.push_back(reinterpret_cast<const char*>(sqlite3_column_text(rows->get(), 0)));
  }
  return texts;
}

template <class T>
std::string checked(Defect left_out, Json values, Json (*read_back)(const std::string&)) {
  TestContext context;
  const std::string path = context.scratch_folder() + "/out";
  values["path"] = path;
  std::vector<rare::Record> rows;
  for (const char* text : {"one", "two", "three"}) rows.emplace_back(Json{{"text", text}});
  defect = left_out;
  const rare::Status status = rare::testing::check_sink<T>(
      values, rows, [&] { return read_back(path); }, {"one", "two", "three"});
  defect = Defect::none;
  return status.message();
}

std::string checked_file(Defect left_out) {
  return checked<Write>(left_out, Json::object(), lines_of_file);
}
std::string checked_table(Defect left_out) {
  return checked<sqlite::WriteTable>(left_out, {{"table", "t"}, {"fields", {"text"}}},
                                     rows_of_table);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a sink that buffers and does not cut back its file is found") {
  CHECK(checked_file(Defect::none) == "");
  CHECK(contains(checked_file(Defect::never_emptied), "begun anew over"));
  CHECK(contains(checked_file(Defect::never_cut), "after which more was synced"));
}

TEST_CASE("a sink that has transactions and does not delete rows beyond the last is found") {
  CHECK(checked_table(Defect::none) == "");
  CHECK(contains(checked_table(Defect::never_cut), "expected"));
}

TEST_CASE("a sink's new names are on disk before it says that it is open, or finished") {
  TestContext context;
  const auto sink = rare::testing::make<Write>({{"path", context.scratch_folder() + "/out"}});
  synced_names.clear();
  REQUIRE(sink->open(context, std::nullopt).ok());
  CHECK(synced_names == std::vector<std::string>{"out.part"});
  synced_names.clear();
  REQUIRE(sink->finalise().ok());
  CHECK(synced_names == std::vector<std::string>{"out"});
}
