#include "engine/state/dead_letter_labels.h"

namespace rare::engine {

Status make_label_table(sqlite::Database& database) {
  return database.execute(
      "CREATE TABLE IF NOT EXISTS dead_letter_labels (number INTEGER PRIMARY KEY, id TEXT NOT "
      "NULL, label TEXT NOT NULL, seal INTEGER NOT NULL)");
}

// A version that does not know the table removes letters and leaves their labels; the numbers come
// again.
Status write_label(sqlite::Database& database, const std::string& id, const std::string& label) {
  return database
      .statement(
          "INSERT OR REPLACE INTO dead_letter_labels VALUES (last_insert_rowid(), ?1, ?2, ?3)")
      .run_sealed(id, label);
}

// Who reads the letters does not ask for one behind the last: the statement would keep its
// snapshot.
DeadLetterLabels::~DeadLetterLabels() {
  if (labels_ != nullptr) labels_->reset();
}

Result<std::string> DeadLetterLabels::next() {
  Result<bool> more = true;
  if (!began_) {
    began_ = true;
    const Result<bool> is_there = database_.has_table("dead_letter_labels");
    if (!is_there) return is_there.status();
    if (!*is_there) return std::string();
    labels_ = &database_.statement(
        "SELECT l.id, l.label, l.seal FROM dead_letter_rows d LEFT JOIN dead_letter_labels l ON "
        "l.number = d.number AND l.id = d.id ORDER BY d.source, d.ordinal, d.number");
    more = labels_->first();
  } else if (labels_ != nullptr) {
    more = labels_->next();
  }
  if (!more) return more.status();
  if (!*more) labels_ = nullptr;
  if (labels_ == nullptr || labels_->is_null(0)) return std::string();
  if (!labels_->sealed()) {
    return database_.damaged("a row differs from what was written: dead_letter_labels");
  }
  return labels_->text(1);
}

}  // namespace rare::engine
