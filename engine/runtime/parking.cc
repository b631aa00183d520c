#include "engine/runtime/parking.h"

#include <utility>

namespace rare::engine {
namespace {

Result<Record> record_from(const std::string& bytes) {
  return from_bytes(bytes, [](Json& json) {
    RecordId id = id_from_json(json.at(0));
    return Record(std::move(json.at(1)), std::move(id));
  });
}

}  // namespace

// REQUIRES: holds `mutex_`.
std::optional<SegmentStore::Slot> Parking::put(const std::string& bytes) {
  if (disk_.bytes_on_disk() + bytes.size() > most_.bytes_on_disk) return std::nullopt;
  const Result<SegmentStore::Slot> slot = disk_.put(bytes);
  if (!slot) return std::nullopt;
  return *slot;
}

Parking::Parked Parking::park(Envelope& envelope) {
  const Family& family = *envelope.family;
  if (family.abandoned()) return Parked::no;
  if (!family.has_one_branch() || family.part_of) return keep(envelope);
  const std::string bytes = family.encode(&envelope.record);
  const std::lock_guard lock(mutex_);
  const std::optional<SegmentStore::Slot> slot = put(bytes);
  if (!slot) return Parked::no;
  slots_.push_back(*slot);
  count_waiting();
  delete envelope.family.release();
  envelope.record = Record();
  return Parked::rests;
}

// The branch is parked before another thread can take it: who finds the family at rest then gives
// its credit back while it still is.
Parking::Parked Parking::keep(Envelope& envelope) {
  const std::string bytes =
      as_bytes(Json::array({id_to_json(envelope.record.id()), envelope.record.fields()}));
  const std::size_t in_memory = envelope.family->bytes_in_memory();
  const std::lock_guard lock(mutex_);
  if (kept_bytes_ + in_memory > most_.bytes_in_memory) return Parked::no;
  const std::optional<SegmentStore::Slot> slot = put(bytes);
  if (!slot) return Parked::no;
  const bool has_credit = !envelope.family->part_of;
  const bool rests = envelope.family->park_branch();
  kept_bytes_ += in_memory;
  kept_.push_back({*slot, std::move(envelope.family), in_memory});
  count_waiting();
  envelope.record = Record();
  return rests && has_credit ? Parked::rests : Parked::keeps_credit;
}

Parking::Kept Parking::unpark(KeptSlot& kept) {
  Kept unparked;
  const bool rested = kept.family->unpark_branch();
  unparked.rested = rested && !kept.family->part_of;
  unparked.envelope.family = std::move(kept.family);
  return unparked;
}

std::optional<Parking::Kept> Parking::take_kept() {
  KeptSlot kept;
  {
    const std::lock_guard lock(mutex_);
    if (kept_.empty()) return std::nullopt;
    kept = std::move(kept_.front());
    kept_.pop_front();
    kept_bytes_ -= kept.bytes;
    count_waiting();
  }
  Kept unparked = unpark(kept);
  const Result<std::string> bytes = disk_.take(kept.slot);
  Result<Record> record = bytes ? record_from(*bytes) : Result<Record>(bytes.status());
  unparked.error = record.status();
  if (record) unparked.envelope.record = std::move(*record);
  return unparked;
}

Result<std::optional<Envelope>> Parking::take() {
  SegmentStore::Slot slot;
  {
    const std::lock_guard lock(mutex_);
    if (slots_.empty()) return std::optional<Envelope>();
    slot = slots_.front();
    slots_.pop_front();
    count_waiting();
  }
  const Result<std::string> bytes = disk_.take(slot);
  if (!bytes) return bytes.status();
  Envelope envelope;
  Result<std::unique_ptr<Family>> family = Family::decode(*bytes, &envelope.record);
  if (!family) return family.status();
  envelope.family = Branch(family->release());
  return std::optional<Envelope>(std::move(envelope));
}

Parking::Cleared Parking::clear() {
  Cleared cleared;
  std::deque<KeptSlot> kept;
  {
    const std::lock_guard lock(mutex_);
    for (const SegmentStore::Slot& slot : slots_) disk_.forget(slot);
    cleared.families = slots_.size();
    slots_.clear();
    kept = std::exchange(kept_, {});
    kept_bytes_ = 0;
    count_waiting();
  }
  for (KeptSlot& one : kept) {
    disk_.forget(one.slot);
    cleared.kept.push_back(unpark(one));
  }
  return cleared;
}

}  // namespace rare::engine
