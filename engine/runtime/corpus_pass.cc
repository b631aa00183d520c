#include "engine/runtime/corpus_pass.h"

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "engine/runtime/boundary.h"
#include "engine/runtime/buffered_output.h"

namespace rare::engine {
namespace {

class CorpusPass final : public RecordStream {
 public:
  CorpusPass(const Plan& plan, const Environment& environment, std::vector<std::uint32_t> nodes)
      : plan_(plan), environment_(environment), nodes_(std::move(nodes)), target_(nodes_.back()) {}

  Status open() {
    for (const std::uint32_t index : nodes_) {
      const Status status = at_boundary([&] { return open_node(plan_.nodes[index]); });
      if (!status.ok()) {
        return Status::run_fault(status.code(),
                                 "node '" + plan_.nodes[index].name + "': " + status.message());
      }
    }
    return Status();
  }

  Result<std::optional<Record>> next() override {
    for (;;) {
      if (!ready_.empty()) {
        std::optional<Record> record = std::move(ready_.front());
        ready_.pop_front();
        return record;
      }
      if (current_ == sources_.size()) return std::optional<Record>();
      OpenSource& source = sources_[current_];
      Result<std::optional<Record>> next = at_boundary([&] { return source.instance->next(); });
      if (!next.ok()) {
        if (next.status().fault() == Fault::run) return next.status();
        ++source.ordinal;
        continue;
      }
      if (!next->has_value()) {
        ++current_;
        continue;
      }
      Record record = std::move(**next);
      record.set_id(RecordId(source.place, source.prefix, source.ordinal++));
      pass_on(source.node, 0, std::move(record));
    }
  }

 private:
  struct OpenSource {
    std::uint32_t node;
    std::uint32_t place;  // among the plan's sources: ids are those of the run
    std::shared_ptr<const std::string> prefix;
    std::unique_ptr<Source> instance;
    std::uint64_t ordinal = 0;
  };

  Status open_node(const PlannedNode& node) {
    contexts_.push_back(std::make_unique<ComponentContext>(node.name, environment_));
    if (node.kind() == ComponentKind::source) {
      std::uint32_t place = 0;
      for (const PlannedNode& other : plan_.nodes) {
        if (other.index == node.index) break;
        if (other.kind() == ComponentKind::source) ++place;
      }
      auto prefix = place > 0 ? std::make_shared<const std::string>(node.name) : nullptr;
      sources_.push_back({node.index, place, std::move(prefix),
                          node.use->component.make_source(node.values, {}), 0});
      return sources_.back().instance->open(*contexts_.back(), std::nullopt);
    }
    auto& instance = operators_[node.index];
    instance = node.use->component.make_operator(node.values, {});
    return instance->open(*contexts_.back());
  }

  bool on_the_way(std::uint32_t node) const { return operators_.contains(node); }

  void pass_on(std::uint32_t from, std::uint32_t port, Record record) {
    if (from == target_) {
      ready_.push_back(std::move(record));
      return;
    }
    for (const std::uint32_t to : plan_.nodes[from].successors[port]) {
      if (on_the_way(to)) process(to, record);
    }
  }

  void process(std::uint32_t index, const Record& record) {
    const std::vector<std::string> ports = plan_.nodes[index].ports();
    BufferedOutput output(ports);
    const Status status =
        at_boundary([&] { return operators_.at(index)->process(Record(record), output); });
    if (!status.ok()) return;
    for (auto& emission : output.emissions) {
      pass_on(index, emission.port, std::move(emission.record));
    }
  }

  const Plan& plan_;
  const Environment& environment_;
  const std::vector<std::uint32_t> nodes_;  // topological order
  const std::uint32_t target_;
  std::vector<std::unique_ptr<ComponentContext>> contexts_;
  std::vector<OpenSource> sources_;
  std::map<std::uint32_t, std::unique_ptr<Operator>> operators_;
  std::size_t current_ = 0;
  std::deque<Record> ready_;
};

}  // namespace

Result<std::unique_ptr<RecordStream>> open_corpus_pass(const Plan& plan, const std::string& node,
                                                       const Environment& environment) {
  Result<std::vector<std::uint32_t>> nodes = corpus_nodes(plan, node);
  if (!nodes) return nodes.status();
  auto pass = std::make_unique<CorpusPass>(plan, environment, std::move(*nodes));
  const Status status = pass->open();
  if (!status.ok()) return status;
  return std::unique_ptr<RecordStream>(std::move(pass));
}

}  // namespace rare::engine
