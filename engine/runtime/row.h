// A row: a record that reached its sink (or the spill of a whole-set node), until its family is
// committed. Many rows of one family wait on disk, in runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/state/segment_store.h"
#include "rare/record.h"
#include "rare/status.h"

namespace rare::engine {

struct Row {
  std::uint32_t sink;  // the plan's node index
  RecordId id;
  std::optional<Record> record;  // nothing where the sink has encoded it
  std::string encoded;
};

// Roughly, in memory.
std::size_t estimated_bytes(const Row& row);

// Rows of one family in the order of their ids, on disk.
struct RowRun {
  SegmentStore::Slot slot;
  RecordId first;
};

// The order of rows within their family: the way from its root.
void sort_rows(std::vector<Row>& rows);

// REQUIRES: not empty. Errors are the store's.
Result<RowRun> put_run(std::vector<Row> rows, SegmentStore& store);
// Once for each run.
Result<std::vector<Row>> take_run(const RowRun& run, SegmentStore& store);

// For what waits on disk and is read by the same process only. from_json functions throw Json's
// exceptions for what to_json did not make.
Json id_to_json(const RecordId& id);
RecordId id_from_json(const Json& json);
Json row_to_json(const Row& row);
Row row_from_json(Json& json);
// Text of any bytes: MessagePack's binary, because its strings are UTF-8.
Json bytes_to_json(const std::string& bytes);
std::string bytes_from_json(const Json& json);
std::string as_bytes(const Json& json);
// What `make(json)` makes of it; an error when the bytes are not what was put there.
template <class Make>
auto from_bytes(std::string_view bytes, Make&& make)
    -> Result<decltype(make(std::declval<Json&>()))> {
  try {
    Json json = Json::from_msgpack(bytes);
    return make(json);
  } catch (const std::exception& error) {
    return Status::run_fault(
        StatusCode::internal,
        std::string("a record that waited on disk cannot be read back: ") + error.what());
  }
}

}  // namespace rare::engine
