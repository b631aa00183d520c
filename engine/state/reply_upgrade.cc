#include "engine/state/reply_upgrade.h"

#include "engine/state/reply_schema.h"
#include "engine/state/reply_table.h"

namespace rare::engine {

Status upgrade_replies(sqlite::Database& database, int /*earlier_version: 1 is the only one*/) {
  Status status = database.execute(
      "DROP VIEW IF EXISTS recent; ALTER TABLE replies RENAME TO replies_of_format_1");
  if (status.ok()) status = database.execute(kReplySchema);
  if (!status.ok()) return status;
  ReplyTable table(database);
  {
    sqlite::Statement old_rows(database,
                               "SELECT key, run_id, created_s, model, node, latency_s, request, "
                               "body FROM replies_of_format_1 ORDER BY rowid");
    Result<bool> more = old_rows.first();
    while (more.ok() && *more) {
      ReplyRow row;
      row.key = old_rows.text(0);
      row.run_id = old_rows.text(1);
      row.created_s = old_rows.real(2);
      row.model = old_rows.text(3);
      row.node = old_rows.text(4);
      row.latency_s = old_rows.real(5);
      row.request = old_rows.text(6);
      row.body = old_rows.text(7);
      if (status = table.write(row); !status) return status;
      more = old_rows.next();
    }
    if (!more.ok()) return more.status();
  }
  return database.execute("DROP TABLE replies_of_format_1");
}

}  // namespace rare::engine
