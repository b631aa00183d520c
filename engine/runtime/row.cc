// Rows as bytes: MessagePack of one array.
#include "engine/runtime/row.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/runtime/memory_estimate.h"

namespace rare::engine {

std::size_t estimated_bytes(const Row& row) {
  return sizeof(Row) +
         (row.record ? estimated_bytes(row.record->fields()) : row.encoded.capacity());
}

void sort_rows(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.id.path() < b.id.path(); });
}

Result<RowRun> put_run(std::vector<Row> rows, SegmentStore& store) {
  sort_rows(rows);
  Json all = Json::array();
  for (const Row& row : rows) all.push_back(row_to_json(row));
  const Result<SegmentStore::Slot> slot = store.put(as_bytes(all));
  if (!slot) return slot.status();
  return RowRun{*slot, rows.front().id};
}

Result<std::vector<Row>> take_run(const RowRun& run, SegmentStore& store) {
  const Result<std::string> bytes = store.take(run.slot);
  if (!bytes) return bytes.status();
  return from_bytes(*bytes, [](Json& all) {
    std::vector<Row> rows;
    rows.reserve(all.size());
    for (Json& row : all) rows.push_back(row_from_json(row));
    return rows;
  });
}

Json id_to_json(const RecordId& id) {
  Json path = Json::array();
  for (const RecordId::Step& step : id.path()) {
    path.push_back({step.child, step.edge, step.several});
  }
  return {id.source(), id.ordinal(), std::string(id.prefix()), std::move(path),
          std::string(id.label())};
}

RecordId id_from_json(const Json& json) {
  const auto& prefix = json.at(2).get_ref<const std::string&>();
  RecordId id(json.at(0).get<std::uint32_t>(),
              prefix.empty() ? nullptr : std::make_shared<const std::string>(prefix),
              json.at(1).get<std::uint64_t>());
  id.set_label(json.at(4).get_ref<const std::string&>());
  for (const Json& step : json.at(3)) {
    id = id.child(
        {step.at(0).get<std::uint32_t>(), step.at(1).get<std::uint32_t>(), step.at(2).get<bool>()});
  }
  return id;
}

Json row_to_json(const Row& row) {
  return {row.sink, id_to_json(row.id), row.record.has_value(),
          row.record ? row.record->fields() : bytes_to_json(row.encoded)};
}

Row row_from_json(Json& json) {
  Row row{json.at(0).get<std::uint32_t>(), id_from_json(json.at(1)), {}, {}};
  if (json.at(2).get<bool>()) {
    row.record = Record(std::move(json.at(3)), row.id);
  } else {
    row.encoded = bytes_from_json(json.at(3));
  }
  return row;
}

Json bytes_to_json(const std::string& bytes) { return Json::binary({bytes.begin(), bytes.end()}); }

std::string bytes_from_json(const Json& json) {
  const auto& bytes = json.get_binary();
  return {bytes.begin(), bytes.end()};
}

std::string as_bytes(const Json& json) {
  std::string bytes;
  Json::to_msgpack(json, bytes);
  return bytes;
}

}  // namespace rare::engine
