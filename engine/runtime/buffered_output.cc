#include "engine/runtime/buffered_output.h"

#include <algorithm>

#include "engine/runtime/memory_estimate.h"
#include "engine/runtime/row.h"

namespace rare::engine {

OutputNames::OutputNames(const PlannedNode& node) : ports(node.ports()) {
  for (const Spec::Counter& counter : node.spec().counters()) counters.push_back(counter.name);
}

Status BufferedOutput::refused() {
  return Status(StatusCode::deadline_exceeded,
                "the time of this record was over before it was emitted");
}

Status BufferedOutput::emit(std::string_view port, Record record) {
  if (closed_) return refused();
  const auto at = std::find(names_.ports.begin(), names_.ports.end(), port);
  if (at == names_.ports.end()) {
    return Status(StatusCode::invalid_argument, "emitted to a port named '" + std::string(port) +
                                                    "', which its spec does not name");
  }
  return add(static_cast<std::uint32_t>(at - names_.ports.begin()), std::move(record));
}

Status BufferedOutput::filter(std::string_view reason) {
  if (closed_) return refused();
  filtered = true;
  filter_reason = reason;
  return Status();
}

Status BufferedOutput::count(std::string_view counter, std::uint64_t more) {
  if (closed_) return refused();
  const auto& known = names_.counters;
  if (std::find(known.begin(), known.end(), counter) == known.end()) {
    return Status(StatusCode::invalid_argument,
                  "counted under '" + std::string(counter) + "', which its spec does not name");
  }
  counts[std::string(counter)] += more;
  return Status();
}

Status BufferedOutput::add_another(std::uint32_t port, Record record) {
  if (!fault_.ok()) return fault_;
  if (!overflows_ && emissions.size() == 1)
    part_bytes_ = estimated_bytes(emissions.front().record.fields());
  const std::size_t bytes = estimated_bytes(record.fields());
  const std::size_t records = overflows_ ? part_.size() : emissions.size();
  if (records >= room_.records || (records > 0 && part_bytes_ + bytes > room_.bytes)) {
    if (overflows_) fault_ = write_part();
    if (!fault_.ok()) return fault_;
    overflows_ = true;
    part_bytes_ = 0;
  }
  (overflows_ ? part_ : emissions).push_back({port, std::move(record)});
  part_bytes_ += bytes;
  return Status();
}

// MessagePack of [[port, fields], ...]: a child gets its identity when it leaves.
Status BufferedOutput::write_part() {
  Json all = Json::array();
  for (const Emission& emission : part_) {
    all.push_back(Json::array({emission.port, emission.record.fields()}));
  }
  const Result<SegmentStore::Slot> slot = room_.beyond->put(as_bytes(all));
  if (!slot) return slot.status();
  const auto children = static_cast<std::uint32_t>(part_.size());
  const auto first = static_cast<std::uint32_t>(emissions.size()) + parted_;
  parts_.push_back({*slot, first, children});
  parted_ += children;
  part_.clear();
  return Status();
}

Result<std::vector<HeldPart>> BufferedOutput::take_parts() {
  if (fault_.ok() && !part_.empty()) fault_ = write_part();
  if (fault_.ok()) return std::exchange(parts_, {});
  forget_parts();
  return fault_;
}

Result<std::vector<BufferedOutput::Emission>> BufferedOutput::take_back(const HeldPart& part,
                                                                        SegmentStore& store) {
  const Result<std::string> bytes = store.take(part.slot);
  if (!bytes) return bytes.status();
  return from_bytes(*bytes, [](Json& all) {
    std::vector<Emission> emissions;
    emissions.reserve(all.size());
    for (Json& child : all) {
      emissions.push_back({child.at(0).get<std::uint32_t>(), Record(std::move(child.at(1)))});
    }
    return emissions;
  });
}

void BufferedOutput::clear() {
  emissions.clear();
  filtered = false;
  filter_reason.clear();
  counts.clear();
  if (!overflows_) return;
  forget_parts();
  overflows_ = false;
  part_.clear();
  parted_ = 0;
  fault_ = Status();
}

void BufferedOutput::forget_parts() {
  for (const HeldPart& part : parts_) room_.beyond->forget(part.slot);
  parts_.clear();
}

}  // namespace rare::engine
