#include "engine/state/unfinished_runs.h"

#include <filesystem>
#include <system_error>

#include "engine/state/row_reader.h"
#include "engine/state/sqlite.h"
#include "engine/state/state_file.h"

namespace rare::engine {
namespace {

constexpr int kDeepest = 3;  // NAME/shard-I-of-N/state.db

Status add_unfinished(const std::string& file, std::map<std::string, std::string>& runs) {
  auto database = open_state_to_read(file);
  if (!database) return database.status();
  RowReader rows(**database);
  rows.each("SELECT run_id FROM run WHERE phase <> 'done'", [&](const sqlite::Statement& row) {
    runs[row.text(0)] = std::filesystem::path(file).parent_path().string();
  });
  return rows.status();
}

}  // namespace

Result<std::map<std::string, std::string>> unfinished_runs(const std::string& folder) {
  std::map<std::string, std::string> runs;
  std::error_code error;
  std::filesystem::recursive_directory_iterator at(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  const std::filesystem::recursive_directory_iterator end;
  for (; !error && at != end; at.increment(error)) {
    if (at.depth() + 1 >= kDeepest) at.disable_recursion_pending();
    if (at->path().filename() != "state.db") continue;
    Status status = add_unfinished(at->path().string(), runs);
    if (!status.ok()) return status;
  }
  if (error) {
    return Status::run_fault(StatusCode::unavailable,
                             "cannot look for runs in " + folder + ": " + error.message());
  }
  return runs;
}

}  // namespace rare::engine
