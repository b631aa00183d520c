// A family as bytes: MessagePack of one array, read by the same process only.
#include "engine/runtime/family.h"

#include <exception>

namespace rare::engine {
namespace {

Json id_to_json(const RecordId& id) {
  Json path = Json::array();
  for (const RecordId::Step& step : id.path()) {
    path.push_back({step.child, step.edge, step.several});
  }
  return {id.source(), id.ordinal(), std::string(id.prefix()), std::move(path)};
}

RecordId id_from_json(const Json& json) {
  const auto& prefix = json.at(2).get_ref<const std::string&>();
  RecordId id(json.at(0).get<std::uint32_t>(),
              prefix.empty() ? nullptr : std::make_shared<const std::string>(prefix),
              json.at(1).get<std::uint64_t>());
  for (const Json& step : json.at(3)) {
    id = id.child(
        {step.at(0).get<std::uint32_t>(), step.at(1).get<std::uint32_t>(), step.at(2).get<bool>()});
  }
  return id;
}

// Text of any bytes: MessagePack's binary, because its strings are UTF-8.
Json bytes_to_json(const std::string& bytes) { return Json::binary({bytes.begin(), bytes.end()}); }

std::string bytes_from_json(const Json& json) {
  const auto& bytes = json.get_binary();
  return {bytes.begin(), bytes.end()};
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

Json letter_to_json(const DeadLetter& letter) {
  return {id_to_json(letter.id),
          letter.node,
          bytes_to_json(letter.reason),
          letter.attempts,
          letter.raw ? bytes_to_json(*letter.raw) : Json(),
          letter.record};
}

DeadLetter letter_from_json(Json& json) {
  DeadLetter letter;
  letter.id = id_from_json(json.at(0));
  letter.node = json.at(1).get<std::string>();
  letter.reason = bytes_from_json(json.at(2));
  letter.attempts = json.at(3).get<int>();
  if (!json.at(4).is_null()) letter.raw = bytes_from_json(json.at(4));
  letter.record = std::move(json.at(5));
  return letter;
}

}  // namespace

std::string Family::encode(const Record* record) const {
  Json events = Json::array(), reasons = Json::array(), rows = Json::array(),
       letters = Json::array();
  for (const Event& event : events_) {
    events.push_back({event.node, static_cast<int>(event.what), event.in, event.count});
  }
  for (const std::string& reason : filter_reasons_) reasons.push_back(bytes_to_json(reason));
  for (const Row& row : rows_) rows.push_back(row_to_json(row));
  for (const DeadLetter& letter : dead_letters_) letters.push_back(letter_to_json(letter));
  const Json all{id_to_json(root),
                 level,
                 ledger_.to_json(),
                 std::move(events),
                 std::move(reasons),
                 std::move(rows),
                 std::move(letters),
                 record == nullptr ? Json() : Json{id_to_json(record->id()), record->fields()}};
  std::string bytes;
  Json::to_msgpack(all, bytes);
  return bytes;
}

Result<std::unique_ptr<Family>> Family::decode(std::string_view bytes, Record* record) {
  try {
    Json all = Json::from_msgpack(bytes);
    auto family = std::make_unique<Family>(id_from_json(all.at(0)), Begin::empty,
                                           all.at(1).get<std::uint32_t>());
    family->ledger_ = Ledger::from_json(all.at(2));
    for (const Json& event : all.at(3)) {
      family->events_.push_back(
          {event.at(0).get<std::uint32_t>(), static_cast<What>(event.at(1).get<int>()),
           event.at(2).get<std::uint32_t>(), event.at(3).get<std::uint64_t>()});
    }
    for (const Json& reason : all.at(4)) family->filter_reasons_.push_back(bytes_from_json(reason));
    for (Json& row : all.at(5)) family->rows_.push_back(row_from_json(row));
    for (Json& letter : all.at(6)) family->dead_letters_.push_back(letter_from_json(letter));
    if (record != nullptr)
      *record = Record(std::move(all.at(7).at(1)), id_from_json(all.at(7).at(0)));
    return family;
  } catch (const std::exception& error) {
    return Status::run_fault(
        StatusCode::internal,
        std::string("a record that waited on disk cannot be read back: ") + error.what());
  }
}

}  // namespace rare::engine
