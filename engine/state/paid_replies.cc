#include "engine/state/paid_replies.h"

#include "engine/state/reply_schema.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

Json counts_json(const DurationCounts& durations) {
  Json json = Json::object();
  for (const auto& [us, count] : durations.counts()) json[std::to_string(us)] = count;
  return json;
}

DurationCounts counts_of(const Json& json) {
  DurationCounts durations;
  for (const auto& [us, count] : json.items()) {
    durations.add(std::stoull(us), count.get<std::uint64_t>());
  }
  return durations;
}

}  // namespace

PaidTotals& PaidTotals::operator+=(const PaidTotals& more) {
  replies += more.replies;
  prompt_tokens += more.prompt_tokens;
  completion_tokens += more.completion_tokens;
  latency += more.latency;
  first_token += more.first_token;
  return *this;
}

Status PaidReplies::take_over() {
  if (Status made = database_.execute(kPaidSchema); !made) return made;
  sqlite::Statement& known = database_.statement(
      "SELECT run_id, service, node, replies, prompt_tokens, completion_tokens, latency_us, "
      "first_token_us, seal FROM paid WHERE run_id = ?1");
  Result<bool> more = known.first(run_id_);
  for (; more.ok() && *more; more = known.next()) {
    if (!known.sealed()) continue;
    PaidTotals totals{known.integer(3), known.integer(4), known.integer(5), {}, {}};
    totals.latency = counts_of(Json::parse(known.text(6)));
    totals.first_token = counts_of(Json::parse(known.text(7)));
    working_[{known.text(1), known.text(2)}] = std::move(totals);
  }
  const std::lock_guard lock(mutex_);
  committed_ = working_;
  return more.status();
}

std::map<PaidReplies::Key, PaidTotals> PaidReplies::totals() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

void PaidReplies::count(const Paid& paid) {
  if (paid.service.empty()) return;
  const Key key(paid.service, paid.node);
  PaidTotals& totals = working_[key];
  ++totals.replies;
  totals.prompt_tokens += paid.prompt_tokens;
  totals.completion_tokens += paid.completion_tokens;
  totals.latency.record(paid.latency_s);
  totals.first_token.record(paid.first_token_s);
  changed_.insert(key);
}

Status PaidReplies::write() {
  for (const Key& key : changed_) {
    const PaidTotals& totals = working_[key];
    Status status =
        database_
            .statement("INSERT OR REPLACE INTO paid VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
            .run_sealed(run_id_, key.first, key.second, totals.replies, totals.prompt_tokens,
                        totals.completion_tokens, counts_json(totals.latency).dump(),
                        counts_json(totals.first_token).dump());
    if (!status.ok()) return status;
  }
  return Status();
}

void PaidReplies::ended_transaction(bool committed) {
  const std::lock_guard lock(mutex_);
  for (const Key& key : changed_) {
    if (committed) {
      committed_[key] = working_[key];
    } else {
      working_[key] = committed_[key];
    }
  }
  changed_.clear();
}

}  // namespace rare::engine
