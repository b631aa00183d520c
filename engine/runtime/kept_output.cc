#include "engine/runtime/kept_output.h"

#include <algorithm>
#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/runtime/record_coroutine.h"
#include "engine/runtime/row.h"
#include "rare/random.h"

namespace rare::engine {
namespace {

using Found = Result<std::optional<StoredReply>>;

// With its edges: a record may come to a node on two ways that its text form does not tell apart.
// With its fields: over another input, or above other rows of a whole-set node, another record may
// come to have the same identity in the same run.
std::string kept_key(const OutputKeeper& keeper, const Record& record) {
  const RecordId& id = record.id();
  std::string key = "output/" + keeper.owner + "/" + keeper.node + "/" +
                    std::to_string(record.round()) + "/" + std::to_string(id.source()) + ":" +
                    std::to_string(id.ordinal());
  for (const RecordId::Step& step : id.path()) {
    key += "." + std::to_string(step.child) + "@" + std::to_string(step.edge);
  }
  const std::uint64_t fields = derive_seed(0, as_bytes(record.fields()), "kept output");
  return key + "/" + std::to_string(fields);
}

// Neither gave anything out nor filtered: the record has failed, and is worked on again.
bool is_nothing(const BufferedOutput& output) {
  return !output.filtered && output.emissions.empty();
}

// {"filtered": reason or null, "emitted": [[port, fields], ...], "counted": {counter: n}}: a child
// gets its identity when it leaves. Without `counted` where nothing is.
StoredReply to_stored(const OutputKeeper& keeper, const std::string& id,
                      const BufferedOutput& output) {
  Json all = {{"filtered", output.filtered ? Json(output.filter_reason) : Json()},
              {"emitted", Json::array()}};
  for (const BufferedOutput::Emission& emission : output.emissions) {
    all["emitted"].push_back(Json::array({emission.port, emission.record.fields()}));
  }
  if (!output.counts.empty()) all["counted"] = output.counts;
  StoredReply stored;
  stored.body = as_bytes(all);
  stored.request = Json({{"record", id}}).dump();
  stored.node = keeper.node;
  return stored;
}

Status give_out(const OutputKeeper& keeper, BufferedOutput& from, Output& to) {
  Status status;
  if (from.filtered) status = to.filter(from.filter_reason);
  for (const auto& [counter, more] : from.counts) {
    if (!status.ok()) return status;
    status = to.count(counter, more);
  }
  for (BufferedOutput::Emission& emission : from.emissions) {
    if (!status.ok()) return status;
    status = to.emit(keeper.names.ports[emission.port], std::move(emission.record));
  }
  return status;
}

Status give_out(const OutputKeeper& keeper, const StoredReply& stored, Output& to) {
  BufferedOutput output(keeper.names);
  const Result<bool> read = from_bytes(stored.body, [&](Json& all) {
    output.filtered = !all.at("filtered").is_null();
    if (output.filtered) output.filter_reason = all.at("filtered").get<std::string>();
    for (Json& child : all.at("emitted")) {
      const auto port = child.at(0).get<std::uint32_t>();
      (void)keeper.names.ports.at(port);
      output.emissions.push_back({port, Record(std::move(child.at(1)))});
    }
    if (all.contains("counted")) all.at("counted").get_to(output.counts);
    return true;
  });
  // A version of the operator that has other counters: what was worked out is as good as it was.
  std::erase_if(output.counts, [&](const auto& counted) {
    const std::vector<std::string>& known = keeper.names.counters;
    return std::find(known.begin(), known.end(), counted.first) == known.end();
  });
  return read.ok() ? give_out(keeper, output, to) : read.status();
}

class KeptOperator final : public Operator {
 public:
  KeptOperator(std::unique_ptr<Operator> inside, OutputKeeper keeper)
      : inside_(std::move(inside)), keeper_(std::move(keeper)) {}

  Status open(Context& context) override { return inside_->open(context); }

  Status process(Record record, Output& out) override {
    const std::string key = kept_key(keeper_, record);
    std::promise<Found> looking;
    keeper_.store->find(key, ReplyStore::Scope::this_run,
                        [&looking](Found found) { looking.set_value(std::move(found)); });
    const Found found = looking.get_future().get();
    if (!found) return found.status();
    if (*found) return give_out(keeper_, **found, out);
    const std::string id = record.id().to_string();
    BufferedOutput output(keeper_.names);
    if (Status status = inside_->process(std::move(record), output); !status.ok()) return status;
    if (is_nothing(output)) return Status();
    std::promise<Status> keeping;
    keeper_.store->put(key, to_stored(keeper_, id, output),
                       [&keeping](Status kept) { keeping.set_value(std::move(kept)); });
    const Status kept = keeping.get_future().get();
    return kept.ok() ? give_out(keeper_, output, out) : kept;
  }

 private:
  const std::unique_ptr<Operator> inside_;
  const OutputKeeper keeper_;
};

class KeptAsyncOperator final : public AsyncOperator {
 public:
  KeptAsyncOperator(std::unique_ptr<AsyncOperator> inside, OutputKeeper keeper)
      : inside_(std::move(inside)), keeper_(std::move(keeper)) {}

  Status open(Context& context) override { return inside_->open(context); }

  Task<Status> process(Record record, Output& out) override {
    const std::string key = kept_key(keeper_, record);
    auto looking = make_completion<Found>(resumer_of_thread(*keeper_.resumer));
    looking.completion.pause_time_limit();  // `timeout_s` is for the operator's own work
    keeper_.store->find(
        key, ReplyStore::Scope::this_run,
        [completion = looking.completion](Found result) { completion.set(std::move(result)); });
    const Found found = co_await looking.awaitable;
    if (!found) co_return found.status();
    if (*found) co_return give_out(keeper_, **found, out);
    const std::string id = record.id().to_string();
    BufferedOutput output(keeper_.names);
    Task<Status> working = inside_->process(std::move(record), output);
    const Status worked = co_await working;
    if (!worked.ok() || is_nothing(output)) co_return worked;
    auto keeping = make_completion<Status>(resumer_of_thread(*keeper_.resumer));
    keeping.completion.pause_time_limit();
    keeper_.store->put(
        key, to_stored(keeper_, id, output),
        [completion = keeping.completion](Status result) { completion.set(std::move(result)); });
    const Status kept = co_await keeping.awaitable;
    if (!kept.ok()) co_return kept;
    co_return give_out(keeper_, output, out);
  }

 private:
  const std::unique_ptr<AsyncOperator> inside_;
  const OutputKeeper keeper_;
};

}  // namespace

std::unique_ptr<Operator> keep_output(std::unique_ptr<Operator> inside, OutputKeeper keeper) {
  return std::make_unique<KeptOperator>(std::move(inside), std::move(keeper));
}

std::unique_ptr<AsyncOperator> keep_output(std::unique_ptr<AsyncOperator> inside,
                                           OutputKeeper keeper) {
  return std::make_unique<KeptAsyncOperator>(std::move(inside), std::move(keeper));
}

}  // namespace rare::engine
