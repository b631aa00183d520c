#include "plugins/llm/chat_client.h"

#include <algorithm>
#include <tuple>

#include "plugins/llm/chat_call.h"
#include "plugins/llm/reply_key.h"
#include "plugins/llm/wire_request.h"
#include "rare/reply_store.h"

namespace rare::llm {

bool ChatClient::ByPriority::operator()(const CallPtr& a, const CallPtr& b) const {
  return std::tuple(-a->client.depth, a->request.ordinal, a->number) <
         std::tuple(-b->client.depth, b->request.ordinal, b->number);
}

ChatClient::ChatClient(ServiceContext& context, ReplyStore& replies, ChatOptions options)
    : context_(context),
      replies_(replies),
      options_(std::move(options)),
      endpoints_(options_.endpoints,
                 options_.managed ? std::chrono::milliseconds(0) : options_.backoff_first,
                 options_.backoff_longest / 2),
      api_key_(options_.api_key),
      endpoint_up_(!options_.managed),
      format_(options_.structured == Structured::automatic ? Structured::json_schema
                                                           : options_.structured),
      limit_(options_.max_in_flight),
      request_pacer_(options_.requests_per_minute),
      token_pacer_(options_.tokens_per_minute),
      jitter_(context.seed()),
      loop_(options_.max_in_flight) {
  gate_->client = this;
  if (!options_.managed) revision_ = options_.revision;
}

ChatClient::~ChatClient() {
  {
    const std::lock_guard lock(gate_->mutex);
    gate_->client = nullptr;
  }
  cancel();
  loop_.stop();
  worker_.stop();
}

Awaitable<Result<ChatReply>> ChatClient::chat(ChatRequest request, const ServiceClient& client) {
  auto pair = context_.completion<Result<ChatReply>>();
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->client = client;
  call->generation = merged_generation(options_.generation, call->request.generation);
  call->wants_pieces = options_.stream == Stream::on ||
                       (options_.stream == Stream::automatic && may_be_long(call->generation));
  if (!options_.managed) {
    call->logical =
        logical_request(options_, options_.revision, call->request, call->generation, client);
    call->key = reply_key(call->logical);
  }
  pair.completion.pause_time_limit();  // only a transfer counts
  call->waiters.push_back(std::move(pair.completion));
  loop_.post([this, call] { identify(call); });
  return std::move(pair.awaitable);
}

void ChatClient::cancel() {
  loop_.post([this] {
    cancelled_ = true;
    std::vector<CallPtr> open = std::exchange(unidentified_, {});
    for (const auto& [key, call] : calls_) open.push_back(call);
    // First, so that the store knows what was cut before anybody hears of it.
    loop_.cancel_transfers();
    for (const CallPtr& call : open) finish(call, Status::cancelled());
  });
}

void ChatClient::identify(const CallPtr& call) {
  if (cancelled_) return finish(call, Status::cancelled());
  if (fault_) return finish(call, *fault_);
  if (!revision_) {
    unidentified_.push_back(call);
    if (revision_needed_) revision_needed_();
    return;
  }
  if (call->key.empty()) {
    call->logical =
        logical_request(options_, *revision_, call->request, call->generation, call->client);
    call->key = reply_key(call->logical);
  }
  call->number = next_number_++;
  const auto [at, added] = calls_.try_emplace(call->key, call);
  if (added) return look_up(call);
  account_.add(call->client.node, &CallCounts::shared);
  Call& equal = *at->second;
  for (Waiter& waiter : call->waiters) {
    if (equal.stage == Call::Stage::asked) waiter.resume_time_limit();
    equal.waiters.push_back(std::move(waiter));
  }
}

void ChatClient::look_up(const CallPtr& call) {
  const auto gate = gate_;
  replies_.find(call->key, options_.scope, [gate, call](Result<std::optional<StoredReply>> result) {
    on_worker(gate, [call, result = std::move(result)](ChatClient& client) {
      client.found(call, result);
    });
  });
}

void ChatClient::found(const CallPtr& call, const Result<std::optional<StoredReply>>& result) {
  if (!result && result.status().code() == StatusCode::not_found) {
    loop_.post([this, call, status = result.status()] { finish(call, status); });
    return;
  }
  if (!result) {
    const Status fault = Status::run_fault(
        result.status().code(), "service '" + options_.service + "': the reply store cannot be " +
                                    "read (" + result.status().message() +
                                    "). Nothing is asked, so that nothing is paid for twice.");
    fail(fault);
    return;
  }
  if (*result) {
    const auto completion = parse_completion((**result).body);
    if (completion) {
      account_.add(call->client.node, &CallCounts::cache_hits);
      Result<ChatReply> reply = reply_from(*call, *completion);
      if (reply) reply->from_store = true;
      loop_.post([this, call, reply = std::move(reply)] { finish(call, reply); });
      return;
    }
  }
  write_body(*call, format_);
  loop_.post([this, call] { enqueue(call); });
}

void ChatClient::write_body(Call& call, Structured form) const {
  call.body_streaming = streaming_of(call);
  call.body = wire_body(options_.model, call.request, call.generation, form, call.body_streaming);
  call.body_form = form;
  call.estimated_tokens = estimated_tokens(call.request, call.generation);
}

Streaming ChatClient::streaming_of(const Call& call) const {
  return call.wants_pieces ? streaming_.load() : Streaming::off;
}

void ChatClient::enqueue(const CallPtr& call) {
  if (call->done) return;
  if (fault_) return finish(call, *fault_);
  call->stage = Call::Stage::queued;
  queue_.insert(call);
  waiting_ = static_cast<int>(queue_.size());
  pump();
}

void ChatClient::pump() {
  while (!queue_.empty()) {
    if (!endpoint_up_) {
      if (endpoint_needed_) endpoint_needed_();
      return;
    }
    if (in_flight_ >= in_flight_limit()) return;
    const CallPtr call = *queue_.begin();
    const auto now = Clock::now();
    const auto at = may_send_at(call->estimated_tokens, now);
    if (at > now) {
      say_held(call->estimated_tokens, at, now);
      return pump_at(at);
    }
    const auto visit = endpoints_.begin(call->estimated_tokens, now);
    if (!visit) return;
    queue_.erase(queue_.begin());
    waiting_ = static_cast<int>(queue_.size());
    begin_transfer(call, *visit);
  }
}

// As the endpoints take it now; of what all processes of the run may have, this one's part.
int ChatClient::in_flight_limit() const {
  const int own = std::min(options_.max_in_flight, limit_.current());
  if (!options_.max_in_flight_total) return own;
  const int processes = std::max(1, context_.processes_at_work());
  return std::min(own, std::max(1, *options_.max_in_flight_total / processes));
}

ChatClient::Clock::time_point ChatClient::may_send_at(double tokens, Clock::time_point now) const {
  return std::max(
      {request_pacer_.ready_at(), token_pacer_.ready_at(), endpoints_.ready_at(tokens, now)});
}

void ChatClient::pump_at(Clock::time_point at) {
  // With every endpoint on trial it is their answer that pumps.
  if (at == Clock::time_point::max() || (pump_at_ && *pump_at_ <= at)) return;
  pump_at_ = at;
  loop_.schedule(at, [this, at] {
    if (pump_at_ == at) pump_at_.reset();
    pump();
  });
}

// A wait of minutes that is meant looks like one that is not.
void ChatClient::say_held(double tokens, Clock::time_point at, Clock::time_point now) {
  constexpr auto kWorthALine = std::chrono::seconds(60);
  if (at == Clock::time_point::max() || at - now < kWorthALine) return;
  if (at < said_held_until_ + kWorthALine) return;
  const std::string limit = endpoints_.holding(tokens, now);
  if (limit.empty()) return;
  said_held_until_ = at;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at - now).count();
  context_.log(LogLevel::info, "the endpoint says that its limit of " + limit +
                                   " is used up: asking nothing for " + std::to_string(seconds) +
                                   " s");
}

void ChatClient::begin_transfer(const CallPtr& call, const EndpointPool::Visit& visit) {
  ++in_flight_;
  account_.add(call->client.node, call->transfers == 0 ? &CallCounts::calls : &CallCounts::retries);
  ++call->transfers;
  call->stage = Call::Stage::asked;
  for (const Waiter& waiter : call->waiters) waiter.resume_time_limit();
  if (!call->stepped_down || format_ > call->form) call->form = format_;
  if (call->body_form != call->form || call->body_streaming != streaming_of(*call)) {
    write_body(*call, call->form);
  }
  const auto now = Clock::now();
  request_pacer_.spend(1, now);
  token_pacer_.spend(call->estimated_tokens, now);

  net::HttpCall http;
  http.url = endpoints_.url(visit.endpoint);
  http.body = call->body;
  http.headers = options_.headers;
  http.headers.push_back("Content-Type: application/json");
  if (!api_key_.empty()) http.headers.push_back("Authorization: Bearer " + api_key_);
  http.timeout_ms = options_.timeout.count();
  call->stream.reset();
  if (call->body_streaming != Streaming::off) {
    call->stream = std::make_shared<EventStream>(http.max_body_bytes);
    http.reader = call->stream;
    http.stall_ms = options_.stall_timeout.count();
  }
  if (!options_.managed) replies_.asked(call->key, options_.service);
  loop_.start(std::move(http), [this, call, visit](net::HttpResult result) {
    transfer_ended(call, visit, std::move(result));
  });
}

void ChatClient::finish(const CallPtr& call, Result<ChatReply> result) {
  if (call->done) return;
  call->done = true;
  if (call->stage == Call::Stage::queued) {
    queue_.erase(call);
    waiting_ = static_cast<int>(queue_.size());
  }
  if (call->stage == Call::Stage::backing_off) --backing_off_;
  const auto at = calls_.find(call->key);
  if (at != calls_.end() && at->second == call) calls_.erase(at);
  const std::vector<Waiter> waiters = std::move(call->waiters);
  for (const Waiter& waiter : waiters) waiter.set(result);
}

void ChatClient::fail(Status fault) {
  // At once where that can be: replies that came in together would each send one more call before a
  // posted task could say that nothing is to be asked any more.
  if (!loop_.on_loop()) {
    loop_.post([this, fault = std::move(fault)] { fail(fault); });
    return;
  }
  if (!fault_) fault_ = std::move(fault);
  std::vector<CallPtr> waiting;
  // What is asked or received is paid for: it is stored and answered.
  for (const auto& [key, call] : calls_) {
    const bool paid = call->stage == Call::Stage::asked || call->stage == Call::Stage::received;
    if (!paid) waiting.push_back(call);
  }
  for (const CallPtr& call : std::exchange(unidentified_, {})) waiting.push_back(call);
  for (const CallPtr& call : waiting) finish(call, *fault_);
}

void ChatClient::set_revision(std::string revision, std::string model) {
  loop_.post([this, revision = std::move(revision), model = std::move(model)] {
    revision_ = revision;
    if (!model.empty()) options_.model = model;
    for (const CallPtr& call : std::exchange(unidentified_, {})) identify(call);
  });
}

void ChatClient::endpoint_up(std::string url, std::string api_key) {
  loop_.post([this, url = std::move(url), api_key = std::move(api_key)] {
    endpoints_.move_to(url);
    api_key_ = api_key;
    endpoint_up_ = true;
    pump();
  });
}

void ChatClient::endpoint_down() {
  loop_.post([this] {
    endpoint_up_ = false;
    // The calls it took with it are asked again as if for the first time.
    for (const auto& [key, call] : calls_) call->tries = call->tries_when_busy = 0;
    pump();
  });
}

Json ChatClient::usage() const {
  Json usage = account_.usage();
  usage["now"] = {{"in_flight", in_flight_.load()}, {"limit", most_in_flight_.load()}};
  return usage;
}

std::string ChatClient::activity() const {
  const int asked = in_flight_, waiting = waiting_, resting = backing_off_;
  if (asked + waiting + resting == 0) return {};
  const int most = most_in_flight_;
  std::string text =
      std::to_string(asked) + " calls in flight of " + std::to_string(most) + " at most";
  if (waiting > 0) text += ", " + std::to_string(waiting) + " waiting";
  if (resting > 0) text += ", " + std::to_string(resting) + " to be asked again";
  return text;
}

}  // namespace rare::llm
