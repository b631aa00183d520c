#include "plugins/opensearch/search_queue.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace rare::opensearch {
namespace {

constexpr std::size_t kMostOfABatch = 64;
// Of all searches of a batch together: hits bring their texts along.
constexpr std::size_t kMostHitsOfABatch = 4096;

Json query_of(const SearchRequest& request) {
  return Json{{"query", {{"match", {{kTextField, {{"query", request.query}}}}}}},
              {"size", std::min(request.k, kMostHits)},
              {"sort", Json::array({{{"_score", "desc"}}, {{kOrdinalField, "asc"}}})},
              {"track_scores", true},
              {"track_total_hits", false},
              {"_source", Json::array({kTextField, kIdField})}};
}

// Not in time, or not of all shards: what came is not all.
bool is_partial(const Json& response) {
  return response.value("timed_out", false) || !is_of_all_shards(response);
}

}  // namespace

std::shared_ptr<SearchQueue> SearchQueue::make(Cluster& cluster, int max_in_flight) {
  return std::shared_ptr<SearchQueue>(new SearchQueue(cluster, max_in_flight));
}

void SearchQueue::submit(SearchRequest request, Answer answer) {
  if (request.k < 1) {
    return answer.set(
        Status(StatusCode::invalid_argument,
               "expected a search for 1 hit or more, got k = " + std::to_string(request.k)));
  }
  answer.pause_time_limit();  // until it is sent
  const auto waiting = std::make_shared<Waiting>(Waiting{std::move(request), std::move(answer)});
  cluster_.loop().post([self = shared_from_this(), waiting] {
    if (self->refusal_) return waiting->answer.set(*self->refusal_);
    self->waiting_.push_back(std::move(*waiting));
    self->send_what_waits();
  });
}

void SearchQueue::answer_from(StoredIndex index) {
  cluster_.loop().post([self = shared_from_this(), index = std::move(index)] {
    self->index_ = index;
    self->send_what_waits();
  });
}

void SearchQueue::refuse(const Status& reason) {
  cluster_.loop().post([self = shared_from_this(), reason] {
    if (!self->refusal_) self->refusal_ = reason;
    for (const Waiting& waiting : std::exchange(self->waiting_, {})) {
      waiting.answer.set(*self->refusal_);
    }
    for (const auto& batch : std::exchange(self->resting_, {})) {
      self->give_up(*batch, *self->refusal_);
    }
  });
}

void SearchQueue::send_what_waits() {
  while (index_ && !refusal_ && !waiting_.empty() && in_flight_ < max_in_flight_) {
    send(next_batch());
  }
}

// Its share of what waits, so that all requests that may be under way get some.
SearchQueue::Batch SearchQueue::next_batch() {
  const std::size_t free = max_in_flight_ - in_flight_;
  const std::size_t share = (waiting_.size() + free - 1) / free;
  Batch batch;
  std::size_t hits = 0;
  while (!waiting_.empty() && batch.size() < std::min(share, kMostOfABatch)) {
    hits += static_cast<std::size_t>(waiting_.front().request.k);
    if (!batch.empty() && hits > kMostHitsOfABatch) break;
    batch.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return batch;
}

void SearchQueue::send(Batch batch) {
  ++in_flight_;
  ClusterRequest request;
  request.method = "POST";
  request.path = "/" + index_->name + "/_msearch?search_type=dfs_query_then_fetch";
  request.lines = true;
  for (Waiting& waiting : batch) {
    ++waiting.attempts;
    waiting.answer.resume_time_limit();
    request.body += "{}\n";
    request.body +=
        query_of(waiting.request).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  const auto kept = std::make_shared<Batch>(std::move(batch));
  cluster_.send(std::move(request), [self = shared_from_this(), kept](const ClusterAnswer& answer) {
    --self->in_flight_;
    self->take(std::move(*kept), answer);
    self->send_what_waits();
  });
}

void SearchQueue::take(Batch batch, const ClusterAnswer& answer) {
  if (!answer.status.ok()) {
    if (!answer.again) return give_up(batch, answer.status);
    return send_again(std::move(batch), answer, answer.status);
  }
  const Json none;
  const auto at = answer.body.is_object() ? answer.body.find("responses") : answer.body.end();
  const Json& responses = at == answer.body.end() ? none : *at;
  if (!responses.is_array() || responses.size() != batch.size()) {
    return give_up(
        batch,
        Status::run_fault(StatusCode::invalid_data,
                          cluster_.name() + ": _msearch was asked " + std::to_string(batch.size()) +
                              " searches and answered " + std::to_string(responses.size())));
  }
  Batch again;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::optional<Result<SearchHits>> result = read(batch[i].request, responses[i]);
    if (!result) {
      again.push_back(std::move(batch[i]));
    } else if (*result) {
      ++answered_;
      batch[i].answer.set(std::move(*result));
    } else {
      batch[i].answer.set(cluster_.named(result->status()));
    }
  }
  if (again.empty()) return;
  send_again(std::move(again), ClusterAnswer(),
             Status::run_fault(StatusCode::unavailable,
                               cluster_.name() + ": searches were answered by a part of the "
                                                 "index's shards, or refused as too many"));
}

// Nothing: it is to be asked again.
std::optional<Result<SearchHits>> SearchQueue::read(const SearchRequest& request,
                                                    const Json& response) const {
  try {
    const Json* error = response.contains("error") ? &response.at("error") : nullptr;
    const int status = response.value("status", 200);
    if (error != nullptr && !may_pass(status)) {
      const std::string what = cluster_.name() + ": a search was refused with " +
                               std::to_string(status) + ", " + cluster_.hidden(reason_of(*error));
      const bool is_of_this_one = status == 400;  // too many terms, say
      return is_of_this_one ? Status(StatusCode::invalid_data, what)
                            : Status::run_fault(StatusCode::unavailable, what);
    }
    if (error != nullptr || is_partial(response)) return std::nullopt;
    return hits_of(request, response);
  } catch (const Json::exception& error) {
    return Status::run_fault(StatusCode::invalid_data, cluster_.name() +
                                                           ": a search was answered with what is "
                                                           "none of a cluster's answers: " +
                                                           cluster_.hidden(error.what()));
  }
}

Result<SearchHits> SearchQueue::hits_of(const SearchRequest& request, const Json& response) const {
  const Json hits = response.value("hits", Json::object()).value("hits", Json::array());
  SearchHits found;
  for (const Json& hit : hits) {
    const Json source = hit.value("_source", Json::object());
    const Json sort = hit.value("sort", Json::array());
    const bool is_whole = sort.size() == 2 && sort[0].is_number() && sort[1].is_number_integer() &&
                          source.contains(kTextField);
    if (!is_whole) {
      return Status::run_fault(StatusCode::invalid_data,
                               cluster_.name() + ": expected a hit with its score, `" +
                                   kOrdinalField + "` and `" + kTextField + "`, found " +
                                   hit.dump(-1, ' ', false, Json::error_handler_t::replace));
    }
    const auto ordinal = sort[1].get<std::uint64_t>();
    found.hits.emplace_back(ordinal, sort[0].get<float>() / index_->score_divisor,
                            source.at(kTextField).get<std::string>(),
                            source.value(kIdField, std::to_string(ordinal)));
  }
  if (found.hits.size() > static_cast<std::size_t>(request.k)) {
    return Status::run_fault(StatusCode::invalid_data,
                             cluster_.name() + ": a search for " + std::to_string(request.k) +
                                 " hits brought " + std::to_string(found.hits.size()));
  }
  return found;
}

void SearchQueue::send_again(Batch batch, const ClusterAnswer& answer, const Status& why) {
  if (refusal_) return give_up(batch, *refusal_);
  const auto last = std::stable_partition(batch.begin(), batch.end(), [&](const Waiting& waiting) {
    return waiting.attempts <= cluster_.max_retries();
  });
  give_up({std::make_move_iterator(last), std::make_move_iterator(batch.end())}, why);
  batch.erase(last, batch.end());
  if (batch.empty()) return;
  const int attempts = batch.front().attempts;
  cluster_.count_retry(answer.throttled);
  for (const Waiting& waiting : batch) waiting.answer.pause_time_limit();
  const auto kept = std::make_shared<Batch>(std::move(batch));
  const auto at = net::HttpLoop::Clock::now() + cluster_.pause_before(attempts, answer);
  resting_.insert(kept);
  cluster_.loop().schedule(at, [self = shared_from_this(), kept] {
    if (self->resting_.erase(kept) == 0) return;  // it was refused
    for (auto waiting = kept->rbegin(); waiting != kept->rend(); ++waiting) {
      self->waiting_.push_front(std::move(*waiting));
    }
    self->send_what_waits();
  });
}

void SearchQueue::give_up(const Batch& batch, const Status& status) {
  const Status named = refusal_ ? *refusal_ : cluster_.named(status);
  for (const Waiting& waiting : batch) waiting.answer.set(named);
}

}  // namespace rare::opensearch
