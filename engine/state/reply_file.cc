#include "engine/state/reply_file.h"

#include "engine/state/reply_schema.h"
#include "engine/state/reply_upgrade.h"

namespace rare::engine {

Result<std::unique_ptr<sqlite::Database>> open_reply_file(const std::string& file,
                                                          int busy_timeout_ms) {
  sqlite::Options options;
  options.what = "reply store";
  options.application_id = kReplyApplicationId;
  options.version = kReplyVersion;
  options.schema = kReplySchema;
  options.upgrade = upgrade_replies;
  // The shell's .recover would be shorter, but some builds of the shell lack it.
  options.if_damaged =
      "Nothing was changed. What can still be read is saved by:\n  (sqlite3 " + file +
      " .dump | sed 's/^ROLLBACK.*/COMMIT;/'; echo 'PRAGMA application_id = " +
      std::to_string(kReplyApplicationId) +
      "; PRAGMA user_version = " + std::to_string(kReplyVersion) + ";') | sqlite3 " + file +
      ".saved\nThen put that file in its place, or choose another with --cache FILE. Replies that "
      "are not in it are paid again.";
  options.if_shortened = "replies that are not there are paid again.";
  options.elsewhere = "--cache FILE";
  options.busy_timeout_ms = busy_timeout_ms;
  return sqlite::Database::open(file, std::move(options));
}

}  // namespace rare::engine
