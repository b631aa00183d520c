// Adapter of a Source: pulls records, numbers them and begins their families.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
  SourceNode(Flow& flow, Committer& committer, Credits& credits, Setup setup);

 private:
  using Pulled = Result<std::optional<Record>>;
  More give(std::int64_t most, std::vector<Given>& train) override;
  Given begin(Pulled pulled, std::uint64_t ordinal);
  bool past_limit() const;
  void note_progress();
  std::optional<Progress> progress();

  Committer& committer_;
  Setup setup_;
  const std::shared_ptr<const std::string> id_prefix_;
  bool progress_thrown_ = false;
};

}  // namespace rare::engine
