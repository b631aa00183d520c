#include "engine/state/dead_letter_file.h"

#include "engine/state/base64.h"
#include "engine/state/dead_letter_labels.h"
#include "engine/state/folder.h"
#include "engine/state/row_reader.h"
#include "rare/json.h"

namespace rare::engine {

std::string dead_letter_line(const DeadLetterLine& letter) {
  nlohmann::ordered_json line;
  line["id"] = letter.id;
  if (!letter.label.empty()) line["label"] = letter.label;
  line["node"] = letter.node;
  line["reason"] = letter.reason;
  line["attempts"] = letter.attempts;
  line["reply"] = nullptr;
  if (letter.raw && is_utf8(*letter.raw)) line["reply"] = *letter.raw;
  if (letter.raw && line["reply"].is_null()) line["raw_base64"] = base64(*letter.raw);
  line["record"] = nlohmann::ordered_json::parse(letter.record, nullptr, false);
  if (line["record"].is_discarded()) line["record"] = nullptr;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Status write_dead_letter_file(sqlite::Database& database, const std::string& name,
                              const std::string& temporary) {
  WholeFile file(name, temporary);
  if (Status status = file.open(); !status) return status;
  RowReader rows(database);
  DeadLetterLabels labels(database);
  Status written;
  rows.each_sealed(
      "SELECT id, source, ordinal, path, node, reason, attempts, raw, record, seal "
      "FROM dead_letter_rows ORDER BY source, ordinal, number",
      [&](const sqlite::Statement& row) {
        if (!written) return;
        DeadLetterLine letter;
        letter.id = row.text(0);
        Result<std::string> label = labels.next();
        if (!label) {
          written = label.status();
          return;
        }
        letter.label = std::move(*label);
        letter.node = row.text(4);
        letter.reason = row.text(5);
        letter.attempts = row.integer(6);
        if (!row.is_null(7)) letter.raw = row.text(7);
        letter.record = row.text(8);
        written = file.write(dead_letter_line(letter));
      });
  if (!rows.status().ok()) return rows.status();
  return written ? file.finish() : written;
}

}  // namespace rare::engine
