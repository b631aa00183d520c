#include "engine/runtime/corpus_pass.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/runtime/corpus_walk.h"

namespace rare::engine {
namespace {

class CorpusPass final : public RecordStream {
 public:
  CorpusPass(const Plan& plan, const Environment& environment) : scope_{plan, environment} {}
  // Threads of the walk see it, and end where they are.
  ~CorpusPass() override { scope_.dropped = true; }

  Status open(std::uint32_t node) {
    auto walk = CorpusWalk::open(scope_, node, CorpusWalk::End::behind);
    if (walk) walk_ = std::move(*walk);
    return walk.status();
  }

  Result<std::optional<Record>> next() override {
    Result<std::optional<SpilledRow>> row = walk_->next();
    if (!row.ok()) return row.status();
    if (!row->has_value()) return std::optional<Record>();
    return std::optional<Record>(std::move((*row)->record));
  }

 private:
  CorpusScope scope_;
  std::unique_ptr<CorpusWalk> walk_;
};

}  // namespace

Result<std::unique_ptr<RecordStream>> open_corpus_pass(const Plan& plan, const std::string& node,
                                                       const Environment& environment) {
  Result<std::vector<std::uint32_t>> nodes = corpus_nodes(plan, node);
  if (!nodes) return nodes.status();
  auto pass = std::make_unique<CorpusPass>(plan, environment);
  const Status status = pass->open(nodes->back());
  if (!status.ok()) return status;
  return std::unique_ptr<RecordStream>(std::move(pass));
}

}  // namespace rare::engine
