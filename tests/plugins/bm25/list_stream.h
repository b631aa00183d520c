// A stream of records that stand in a list.
#pragma once

#include <cstddef>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "rare/context.h"

namespace rare::bm25::testing {

// Gives the rows, then `end`; before the first row it waits for the gate, when there is one.
class ListStream final : public RecordStream {
 public:
  explicit ListStream(std::vector<Json> rows, Status end = Status(),
                      std::shared_future<void> gate = {})
      : rows_(std::move(rows)), end_(std::move(end)), gate_(std::move(gate)) {}
  Result<std::optional<Record>> next() override {
    if (gate_.valid()) gate_.wait();
    if (at_ < rows_.size()) return std::optional<Record>(Record(rows_[at_++]));
    if (!end_.ok()) return end_;
    return std::optional<Record>();
  }

 private:
  std::vector<Json> rows_;
  Status end_;
  std::shared_future<void> gate_;
  std::size_t at_ = 0;
};

}  // namespace rare::bm25::testing
