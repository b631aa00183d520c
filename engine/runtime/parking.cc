#include "engine/runtime/parking.h"

#include <utility>

namespace rare::engine {

bool Parking::park(Envelope& envelope) {
  if (!envelope.family->has_one_branch() || envelope.family->abandoned()) return false;
  const std::string bytes = envelope.family->encode(&envelope.record);
  const std::lock_guard lock(mutex_);
  if (disk_.bytes_on_disk() + bytes.size() > most_bytes_) return false;
  const Result<SegmentStore::Slot> slot = disk_.put(bytes);
  if (!slot) return false;
  slots_.push_back(*slot);
  waiting_ = slots_.size();
  delete envelope.family.release();
  envelope.record = Record();
  return true;
}

Result<std::optional<Envelope>> Parking::take() {
  Result<std::string> bytes = std::string();
  {
    const std::lock_guard lock(mutex_);
    if (slots_.empty()) return std::optional<Envelope>();
    bytes = disk_.take(slots_.front());
    slots_.pop_front();
    waiting_ = slots_.size();
  }
  if (!bytes) return bytes.status();
  Envelope envelope;
  Result<std::unique_ptr<Family>> family = Family::decode(*bytes, &envelope.record);
  if (!family) return family.status();
  envelope.family = Branch(family->release());
  return std::optional<Envelope>(std::move(envelope));
}

std::size_t Parking::clear() {
  const std::lock_guard lock(mutex_);
  const std::size_t count = slots_.size();
  slots_.clear();
  waiting_ = 0;
  return count;
}

}  // namespace rare::engine
