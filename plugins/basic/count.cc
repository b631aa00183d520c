#include "count.h"

#include <cstring>
#include <utility>

#include "sort_key.h"

namespace rare::basic {
namespace {

std::string packed(const std::string& value, std::uint64_t count) {
  std::string bytes(sizeof count, '\0');
  std::memcpy(bytes.data(), &count, sizeof count);
  return bytes + value;
}

}  // namespace

Spec Count::spec() {
  return Spec("basic.count")
      .summary("Counts the records: one record with the number, or one for each value of a field.")
      .description(
          "Gives { count }, or with `field` one { value, count } for each value, in jq's order of "
          "values; records without the field count as null, and 1 and 1.0 are one value. What does "
          "not fit into `memory_limit_mb` is counted on disk.")
      .param(&Count::field_, "field", "", "The field whose values are counted; empty: all records.")
      .param(&Count::memory_limit_mb_, "memory_limit_mb", 64,
             "Most memory for the values; what is beyond it goes to files of the run's folder.")
      .range(1, 1048576)
      .unit("MiB")
      .no_effect_on_result()
      .reads_param("field")
      .reshapes()
      .gather();
}

Status Count::open(Context& context) {
  const std::size_t limit = static_cast<std::size_t>(memory_limit_mb_) << 20;
  sort_ = std::make_unique<ExternalSort>(context, limit / 2, ExternalSort::Direction::ascending);
  return Status();
}

Status Count::process(Record record, Output&) {
  ++count_;
  if (field_.empty()) return Status();
  const Json* found = record.find(field_);
  const Json value = found == nullptr ? Json() : *found;
  std::string key;
  append_sort_key(value, key);
  const auto [at, is_new] = groups_.try_emplace(std::move(key));
  ++at->second.count;
  if (!is_new) return Status();
  Json::to_cbor(value, at->second.value);
  // The node of the map, and its two texts.
  used_bytes_ += at->first.size() + at->second.value.size() + sizeof(*at) + 64;
  const std::size_t limit = static_cast<std::size_t>(memory_limit_mb_) << 20;
  return used_bytes_ < limit / 2 ? Status() : spill();
}

Status Count::spill() {
  while (!groups_.empty()) {
    auto group = groups_.extract(groups_.begin());
    const Status status =
        sort_->add({std::move(group.key()), packed(group.mapped().value, group.mapped().count)});
    if (!status.ok()) return status;
  }
  used_bytes_ = 0;
  return Status();
}

Status Count::finish(Output& out) {
  if (field_.empty()) return out.emit(Record(Json{{"count", count_}}));
  Status status = spill();
  if (!status.ok()) return status;
  std::string key, value;
  std::uint64_t count = 0;
  const auto give_out = [&] {
    if (count == 0) return Status();
    return out.emit(Record(Json{{"value", Json::from_cbor(value)}, {"count", count}}));
  };
  // Equal keys follow one another; the earliest has the value as it first came.
  status = sort_->drain([&](Entry entry) {
    std::uint64_t more = 0;
    std::memcpy(&more, entry.payload.data(), sizeof more);
    if (count > 0 && entry.key == key) {
      count += more;
      return Status();
    }
    const Status given = give_out();
    if (!given.ok()) return given;
    key = std::move(entry.key);
    value = entry.payload.substr(sizeof more);
    count = more;
    return Status();
  });
  return status.ok() ? give_out() : status;
}

}  // namespace rare::basic
