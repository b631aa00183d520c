// A family as bytes: MessagePack of one array, read by the same process only.
#include "engine/runtime/family.h"

#include <algorithm>
#include <iterator>

#include "engine/runtime/memory_estimate.h"

namespace rare::engine {
namespace {

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

Json run_to_json(const RowRun& run) {
  return {run.slot.segment, run.slot.bytes, run.slot.offset, id_to_json(run.first)};
}

RowRun run_from_json(const Json& json) {
  return {{json.at(0).get<std::uint32_t>(), json.at(1).get<std::uint32_t>(),
           json.at(2).get<std::uint64_t>()},
          id_from_json(json.at(3))};
}

}  // namespace

std::size_t Family::bytes_in_memory() {
  const auto lock = exclusively();
  std::size_t size = sizeof(Family) + runs_.size() * sizeof(RowRun);
  for (const Row& row : rows_) size += estimated_bytes(row);
  for (const DeadLetter& letter : dead_letters_) {
    size += sizeof(DeadLetter) + estimated_bytes(letter.record);
    if (letter.raw) size += letter.raw->size();
  }
  return size;
}

std::vector<Row> Family::absorb(Family& part, std::size_t most_bytes) {
  std::size_t bytes = 0;
  for (const Row& row : part.rows_) bytes += estimated_bytes(row);
  if (part.abandoned()) abandon();
  const auto lock = exclusively();
  ledger_ += part.ledger_;
  absorb_events(part);
  std::move(part.rows_.begin(), part.rows_.end(), std::back_inserter(rows_));
  std::move(part.runs_.begin(), part.runs_.end(), std::back_inserter(runs_));
  std::move(part.dead_letters_.begin(), part.dead_letters_.end(),
            std::back_inserter(dead_letters_));
  part.rows_.clear();
  absorbed_bytes_ += bytes;
  if (absorbed_bytes_ <= most_bytes) return {};
  absorbed_bytes_ = 0;
  return std::exchange(rows_, {});
}

// Alike ones are added up: a family of a million records has as many events as it has nodes,
// reasons and counters.
void Family::absorb_events(Family& part) {
  std::size_t name_of_part = 0;
  for (const Event& event : part.events_) {
    const bool named = is_named(event.what);
    std::size_t name = 0;
    const auto same = std::find_if(events_.begin(), events_.end(), [&](const Event& other) {
      const bool alike = other.node == event.node && other.what == event.what &&
                         (!named || names_[name] == part.names_[name_of_part]);
      if (!alike && is_named(other.what)) ++name;
      return alike;
    });
    if (same != events_.end()) {
      same->in += event.in;
      same->count += event.count;
    } else {
      events_.push_back(event);
      if (named) names_.push_back(part.names_[name_of_part]);
    }
    if (named) ++name_of_part;
  }
}

std::string Family::encode(const Record* record) const {
  Json events = Json::array(), names = Json::array(), rows = Json::array(), letters = Json::array(),
       runs = Json::array();
  for (const Event& event : events_) {
    events.push_back({event.node, static_cast<int>(event.what), event.in, event.count});
  }
  for (const std::string& name : names_) names.push_back(bytes_to_json(name));
  for (const Row& row : rows_) rows.push_back(row_to_json(row));
  for (const DeadLetter& letter : dead_letters_) letters.push_back(letter_to_json(letter));
  for (const RowRun& run : runs_) runs.push_back(run_to_json(run));
  const Json all{id_to_json(root),
                 level,
                 ledger_.to_json(),
                 std::move(events),
                 std::move(names),
                 std::move(rows),
                 std::move(letters),
                 std::move(runs),
                 record == nullptr ? Json() : Json{id_to_json(record->id()), record->fields()}};
  return as_bytes(all);
}

Result<std::unique_ptr<Family>> Family::decode(std::string_view bytes, Record* record) {
  return from_bytes(bytes, [record](Json& all) {
    auto family = std::make_unique<Family>(id_from_json(all.at(0)), Begin::empty,
                                           all.at(1).get<std::uint32_t>());
    family->ledger_ = Ledger::from_json(all.at(2));
    for (const Json& event : all.at(3)) {
      family->events_.push_back(
          {event.at(0).get<std::uint32_t>(), static_cast<What>(event.at(1).get<int>()),
           event.at(2).get<std::uint32_t>(), event.at(3).get<std::uint64_t>()});
    }
    for (const Json& name : all.at(4)) family->names_.push_back(bytes_from_json(name));
    for (Json& row : all.at(5)) family->rows_.push_back(row_from_json(row));
    for (Json& letter : all.at(6)) family->dead_letters_.push_back(letter_from_json(letter));
    for (const Json& run : all.at(7)) family->runs_.push_back(run_from_json(run));
    if (record != nullptr)
      *record = Record(std::move(all.at(8).at(1)), id_from_json(all.at(8).at(0)));
    return family;
  });
}

}  // namespace rare::engine
