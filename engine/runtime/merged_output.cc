#include "engine/runtime/merged_output.h"

#include <algorithm>
#include <optional>
#include <span>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace {

using FamilyKey = std::pair<std::uint32_t, std::uint64_t>;

FamilyKey key_of(const DeadFamily& family) { return {family.source, family.ordinal}; }
FamilyKey key_of(const SpilledRow& row) { return {row.family.origin, row.family.ordinal}; }

bool stands_before(const DeadFamily& a, const DeadFamily& b) {
  return std::pair(a.ordinal, a.source) < std::pair(b.ordinal, b.source);
}

class Merge {
 public:
  Merge(Sink& sink, const std::string& name, SpilledRows& rows)
      : sink_(sink), name_(name), rows_(rows) {}

  Status begin() { return advance(); }
  // What stands in the finished output between the last family passed and this one.
  Status copy_up_to(const Offset& place) {
    const Offset from = cursor_ ? *cursor_ : beginning_;
    return at_boundary([&] { return sink_.copy_finished(from, place); });
  }
  Status pass(const DeadFamily& family) {
    const DeadFamily::Place& place = family.places.at(name_);
    Status status = copy_up_to(place.begin);
    cursor_ = place.end;
    return status;
  }
  Status write_rows_of(FamilyKey family) {
    DeadFamily::Place& place = merged_.places[family];
    place.begin = position();
    Status status;
    while (status.ok() && next_ && key_of(*next_) == family) {
      status = write(next_->record);
      if (status.ok()) status = advance();
    }
    place.end = position();
    return status;
  }
  Result<MergedOutput> finish() {
    if (next_) {
      return Status::run_fault(StatusCode::internal, "a retry made rows of record " +
                                                         std::to_string(next_->family.ordinal) +
                                                         ", which had no dead letter");
    }
    Result<Offset> end = at_boundary([&] { return sink_.sync(); });
    if (!end) return end.status();
    merged_.end = std::move(*end);
    return std::move(merged_);
  }

 private:
  Offset position() const {
    const std::optional<Offset> position = sink_.position();
    return position ? *position : Offset();
  }
  Status advance() {
    Result<std::optional<SpilledRow>> row = rows_.next();
    if (!row) return row.status();
    next_ = std::move(*row);
    return Status();
  }
  Status write(const Record& record) {
    return at_boundary([&]() -> Status {
      if (!sink_.encodes()) return sink_.write(std::span(&record, 1));
      const Result<std::string> row = sink_.encode(record);
      if (!row) {
        return Status::run_fault(StatusCode::internal, "record " + record.id().to_string() +
                                                           " was accepted and cannot be written: " +
                                                           row.status().message());
      }
      return sink_.write_encoded(std::span(&*row, 1));
    });
  }

  Sink& sink_;
  const std::string& name_;
  SpilledRows& rows_;
  std::optional<SpilledRow> next_;
  // Of an output that holds nothing yet, which this one is.
  const Offset beginning_ = position();
  std::optional<Offset> cursor_;
  MergedOutput merged_;
};

}  // namespace

std::vector<DeadFamily> in_run_order(std::vector<DeadFamily> families) {
  std::sort(families.begin(), families.end(), stands_before);
  return families;
}

bool are_in_run_order(const std::vector<DeadFamily>& families) {
  return std::is_sorted(families.begin(), families.end(), stands_before);
}

Result<MergedOutput> merge_output(Sink& sink, const std::string& name, Order order,
                                  const std::vector<DeadFamily>& families, SpilledRows& rows,
                                  const Offset& end) {
  Merge merge(sink, name, rows);
  Status status = merge.begin();
  for (const DeadFamily& family : families) {
    if (status.ok()) status = merge.pass(family);
    if (status.ok() && order == Order::input) status = merge.write_rows_of(key_of(family));
  }
  if (status.ok()) status = merge.copy_up_to(end);
  if (order == Order::any) {
    for (const DeadFamily& family : in_run_order(families)) {
      if (status.ok()) status = merge.write_rows_of(key_of(family));
    }
  }
  if (!status.ok()) return status;
  return merge.finish();
}

}  // namespace rare::engine
