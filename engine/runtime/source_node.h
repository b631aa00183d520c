// Adapter of a Source: pulls records, numbers them, and begins their families.
//
//   input_node (reads ahead by one) -> limiter_node (credits, one for all sources) -> stamp
//
// The limiter and the stamp are shared by all sources and belong to the executor.
#pragma once

#include <oneapi/tbb/flow_graph.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/runtime/flow.h"
#include "engine/runtime/origin.h"
#include "engine/state/interval_set.h"
#include "rare/source.h"

namespace rare::engine {

class SourceNode final : public Origin {
 public:
  struct Setup {
    std::uint32_t source = 0;  // place among the plan's sources
    const PlannedNode* node = nullptr;
    Source* instance = nullptr;
    std::uint64_t next_ordinal = 0;
    IntervalSet finished;  // by earlier starts: passed over
    std::optional<std::uint64_t> limit;
  };
  SourceNode(Flow& flow, Committer& committer, Setup setup);
  oneapi::tbb::flow::input_node<Message>& output() override { return reader_; }
  void stamp(Message message) override;
  bool exhausted() const override { return exhausted_.load(); }

 private:
  Message read(oneapi::tbb::flow_control& control);
  Result<std::optional<Record>> pull();
  bool past_limit() const;

  Flow& flow_;
  Committer& committer_;
  Setup setup_;
  std::shared_ptr<const std::string> id_prefix_;
  std::atomic<bool> exhausted_{false};
  oneapi::tbb::flow::input_node<Message> reader_;
};

}  // namespace rare::engine
