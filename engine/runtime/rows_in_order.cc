#include "engine/runtime/rows_in_order.h"

#include <algorithm>
#include <utility>

namespace rare::engine {
namespace {

// Rows that are handed on together where they come from several runs.
constexpr std::size_t kRowsTogether = 256;

}  // namespace

RowsInOrder::RowsInOrder(Family& family, SegmentStore& store)
    : store_(store), closed_(std::move(family.runs())) {
  std::stable_sort(closed_.begin(), closed_.end(), [](const RowRun& a, const RowRun& b) {
    return b.first.path() < a.first.path();
  });
  std::vector<Row>& rows = family.rows();
  if (rows.size() > 1) sort_rows(rows);
  if (!rows.empty()) open_.push_back({std::move(rows), 0});
}

Result<std::vector<Row>> RowsInOrder::next() {
  std::vector<Row> rows;
  if (closed_.empty() && open_.size() == 1 && open_.front().at == 0) {
    rows = std::move(open_.front().rows);
    open_.clear();
    return rows;
  }
  while (rows.size() < kRowsTogether) {
    const Status status = open_runs();
    if (!status.ok()) return status;
    if (open_.empty()) break;
    take_next(rows);
  }
  return rows;
}

Status RowsInOrder::open_runs() {
  const auto comes_first = [this] {
    return std::all_of(open_.begin(), open_.end(), [this](const OpenRun& run) {
      return closed_.back().first.path() <= run.front().id.path();
    });
  };
  while (!closed_.empty() && comes_first()) {
    Result<std::vector<Row>> rows = take_run(closed_.back(), store_);
    if (!rows) return rows.status();
    closed_.pop_back();
    open_.push_back({std::move(*rows), 0});
  }
  return Status();
}

void RowsInOrder::take_next(std::vector<Row>& rows) {
  const auto first = std::min_element(
      open_.begin(), open_.end(),
      [](const OpenRun& a, const OpenRun& b) { return a.front().id.path() < b.front().id.path(); });
  rows.push_back(std::move(first->rows[first->at++]));
  if (first->at == first->rows.size()) open_.erase(first);
}

}  // namespace rare::engine
