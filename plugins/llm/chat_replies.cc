// From the end of a transfer to the reply: faults, retries, storing, parsing.
#include <algorithm>
#include <ctime>
#include <utility>

#include "plugins/llm/chat_call.h"
#include "plugins/llm/chat_client.h"
#include "plugins/llm/endpoint_answer.h"
#include "rare/reply_store.h"

namespace rare::llm {
namespace {

// An endpoint that is busy says nothing about the call: it is asked so many times as often as after
// other faults. But not for ever, for some endpoints refuse a request that is too large this way.
constexpr int kPatienceWhenBusy = 10;

ReplyStore::Ending ending_of(const net::HttpResult& result) {
  switch (result.failure) {
    case net::TransferFailure::none:
    case net::TransferFailure::no_connection:
    case net::TransferFailure::untrusted:
      return ReplyStore::Ending::refused;
    default:
      return ReplyStore::Ending::lost;
  }
}

}  // namespace

void ChatClient::transfer_ended(const CallPtr& call, const EndpointPool::Visit& visit,
                                net::HttpResult result) {
  for (const Waiter& waiter : call->waiters) waiter.pause_time_limit();
  --in_flight_;
  endpoints_.end(visit, result, Clock::now());
  if (result.failure == net::TransferFailure::cancelled) {
    ended(*call, ReplyStore::Ending::lost);
    return finish(call, Status::cancelled());
  }
  // Not of answers: what a model writes is kept as it came.
  if (result.status != 200) result.body = secrets_.hidden(std::move(result.body));
  CallFacts facts{options_.service, endpoints_.name(visit.endpoint), options_.model};
  facts.sent_stream = call->body_streaming != Streaming::off;
  facts.sent_format = !call->request.schema.is_null() && call->form != Structured::prompt;
  const bool refused = result.failure == net::TransferFailure::no_connection;
  facts.ever_answered = ever_answered_ || (refused && !endpoints_.all_refused());
  facts.managed = options_.managed;
  Judgement judgement = judge(result, facts, std::time(nullptr));
  if (result.failure == net::TransferFailure::none) ever_answered_ = true;
  limit_.answered(judgement.throttled);
  most_in_flight_ = in_flight_limit();
  call->met_busy = met_busy(result);
  if (call->met_busy) account_.add(call->client.node, &CallCounts::throttled);

  if (judgement.verdict == Verdict::accept) {
    last_answer_ = Clock::now();
    if (std::exchange(in_outage_, false)) {
      context_.log(LogLevel::info, "the endpoint answers again: going on");
    }
    call->stage = Call::Stage::received;
    worker_.post([this, call, result = std::move(result)]() mutable {
      accept_body(call, std::move(result));
    });
  } else {
    ended(*call, ending_of(result));
    call->met_nobody = judgement.nobody_there;
    call->met_gone = judgement.nobody_there && endpoints_.is_gone(visit.endpoint);
    act_on(call, std::move(judgement));
  }
  pump();
}

// Nobody bills for what a process of ours did not answer.
void ChatClient::ended(const Call& call, ReplyStore::Ending ending) {
  if (!options_.managed) replies_.ended(call.key, ending);
}

void ChatClient::act_on(const CallPtr& call, Judgement judgement) {
  if (call->done) return;
  switch (judgement.verdict) {
    case Verdict::accept:
      return;
    case Verdict::retry:
      return retry(call, std::move(judgement.status), judgement.retry_after);
    case Verdict::refuse_format:
      return step_down_format(call, judgement);
    case Verdict::refuse_stream:
      return step_down_streaming(call, judgement);
    case Verdict::record_fault:
      return finish(call, std::move(judgement.status).with_attempts(call->transfers));
    case Verdict::run_fault:
      fail(judgement.status);
      return finish(call, std::move(judgement.status));
  }
}

void ChatClient::step_down_format(const CallPtr& call, const Judgement& judgement) {
  if (options_.structured != Structured::automatic) return finish(call, judgement.status);
  const Structured next =
      call->form == Structured::json_schema ? Structured::json_object : Structured::prompt;
  if (judgement.names_format && format_ < next) {
    format_ = next;
    context_.log(LogLevel::warning,
                 "the endpoint refuses this form of structured output; asking in a simpler one: " +
                     judgement.status.message());
  }
  call->form = next;
  call->stepped_down = true;
  enqueue(call);
}

// First without `stream_options`, which younger servers do not know, then in one piece.
void ChatClient::step_down_streaming(const CallPtr& call, const Judgement& judgement) {
  const Streaming next =
      call->body_streaming == Streaming::with_usage ? Streaming::plain : Streaming::off;
  if (next == Streaming::off && options_.stream == Stream::on) {
    const Status fault = Status::run_fault(
        StatusCode::invalid_argument,
        judgement.status.message() + ". It does not stream replies: say `stream: auto` or `off`.");
    fail(fault);
    return finish(call, fault);
  }
  if (streaming_ < next) {
    streaming_ = next;
    context_.log(LogLevel::warning,
                 "the endpoint refuses to stream replies so; asking in a simpler way: " +
                     judgement.status.message());
  }
  enqueue(call);
}

void ChatClient::retry(const CallPtr& call, Status reason,
                       std::optional<std::chrono::milliseconds> after) {
  if (call->done) return;
  if (fault_) return finish(call, *fault_);
  if (call->met_gone && options_.outage_limit.count() > 0) {
    // Not the call's fault: it goes to another endpoint, or waits until one is back.
    if (!endpoints_.all_gone() || wait_out(call, reason)) enqueue(call);
    return;
  }
  int& tries = call->met_busy ? call->tries_when_busy : call->tries;
  const bool used_up = tries >= options_.max_retries * (call->met_busy ? kPatienceWhenBusy : 1);
  if (used_up && is_outage(*call)) {
    if (!wait_out(call, reason)) return;
  } else if (used_up) {
    const std::string asked = "; given up after " + std::to_string(call->transfers) + " attempts";
    return finish(call,
                  Status(reason.code(), reason.message() + asked).with_attempts(call->transfers));
  }
  call->failed_at = Clock::now();
  std::chrono::milliseconds wait = backoff(++tries);
  if (after) {
    // A little later than told, so that not all come back at once.
    wait =
        *after +
        std::chrono::milliseconds(jitter_.below(
            static_cast<std::uint64_t>(std::min<std::int64_t>(after->count(), 10'000)) / 10 + 1));
  }
  call->stage = Call::Stage::backing_off;
  ++backing_off_;
  loop_.schedule(Clock::now() + wait, [this, call] {
    if (call->done) return;
    --backing_off_;
    enqueue(call);
  });
}

// There was nobody, and since the call failed the time before no other one was answered: it is not
// the call.
bool ChatClient::is_outage(const Call& call) const {
  return !options_.managed && options_.outage_limit.count() > 0 && call.met_nobody &&
         last_answer_ && *last_answer_ < call.failed_at;
}

bool ChatClient::wait_out(const CallPtr& call, const Status& reason) {
  const auto now = Clock::now();
  if (!last_answer_) last_answer_ = now;
  const auto seconds = [](auto time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
  };
  const auto gone_for = now - *last_answer_;
  if (gone_for > options_.outage_limit) {
    const Status fault = Status::run_fault(
        StatusCode::unavailable,
        "service '" + options_.service + "': no call was answered for " + seconds(gone_for) + " (" +
            reason.message() +
            "), which is longer than `outage_limit`. See to the endpoint, then start the same "
            "command: it goes on from here.");
    fail(fault);
    finish(call, fault);
    return false;
  }
  if (!std::exchange(in_outage_, true)) {
    context_.log(LogLevel::warning, "the endpoint is gone (" + reason.message() +
                                        "); waiting for it, up to " +
                                        seconds(options_.outage_limit));
  }
  call->tries = call->tries_when_busy = 0;
  return true;
}

std::chrono::milliseconds ChatClient::backoff(int tries) {
  const int doublings = std::min(tries - 1, 16);
  const std::int64_t longest = std::min<std::int64_t>(options_.backoff_longest.count(),
                                                      options_.backoff_first.count() << doublings);
  return std::chrono::milliseconds(jitter_.below(static_cast<std::uint64_t>(longest) + 1));
}

// The body of a reply that came in pieces is put together first.
Result<CompletionBody> ChatClient::completion_of(Call& call, net::HttpResult& result) const {
  if (result.streamed) {
    Result<std::string> body = call.stream->body();
    if (!body) {
      return Status(body.status().code(),
                    "status 200 and no whole completion: " + body.status().message());
    }
    result.body = std::move(*body);
  }
  return parse_completion(result.body);
}

void ChatClient::accept_body(const CallPtr& call, net::HttpResult result) {
  auto parsed = completion_of(*call, result);
  if (!parsed) {
    ended(*call, ReplyStore::Ending::lost);
    loop_.post([this, call, status = parsed.status()] {
      const std::string who = "service '" + options_.service + "': ";
      call->met_busy = call->met_nobody = call->met_gone = false;
      retry(call, Status(status.code(), who + secrets_.hidden(status.message())), std::nullopt);
    });
    return;
  }
  StoredReply reply;
  reply.body = std::move(result.body);
  reply.request = call->logical;
  reply.model = options_.model;
  reply.node = call->client.node;
  reply.service = options_.service;
  reply.latency_s = result.seconds;
  reply.first_token_s = result.first_piece_s;
  reply.prompt_tokens = parsed->prompt_tokens;
  reply.completion_tokens = parsed->completion_tokens;
  const auto gate = gate_;
  replies_.put(
      call->key, std::move(reply), [gate, call, completion = std::move(*parsed)](Status status) {
        on_worker(gate, [call, completion, status = std::move(status)](ChatClient& client) {
          client.kept(call, completion, status);
        });
      });
}

void ChatClient::kept(const CallPtr& call, const CompletionBody& completion, const Status& status) {
  if (!status) {
    const Status fault = Status::run_fault(
        status.code(), "service '" + options_.service + "': a reply could not be stored (" +
                           status.message() +
                           "). Nothing more is asked, because it would be paid "
                           "for and lost. Free disk space or correct the folder's permissions, "
                           "then start the same command again.");
    fail(fault);
    loop_.post([this, call, fault] { finish(call, fault); });
    return;
  }
  // Not before it is stored: then whoever counts what is stored comes to the same.
  CallCounts paid;
  paid.replies = 1;
  paid.prompt_tokens = completion.prompt_tokens;
  paid.completion_tokens = completion.completion_tokens;
  account_.add(call->client.node, paid);
  Result<ChatReply> reply = reply_from(*call, completion);
  loop_.post([this, call, reply = std::move(reply)] {
    if (reply) {
      token_pacer_.correct(static_cast<double>(reply->prompt_tokens + reply->completion_tokens) -
                           call->estimated_tokens);
    }
    if (call->stepped_down && format_ < call->form) format_ = call->form;
    finish(call, reply);
  });
}

Result<ChatReply> ChatClient::reply_from(const Call& call, const CompletionBody& completion) {
  ChatReply reply;
  reply.key = call.key;
  SplitText split = split_reasoning(completion.content);
  reply.raw = completion.content;
  reply.text = std::move(split.text);
  reply.reasoning =
      completion.reasoning.empty() ? std::move(split.reasoning) : completion.reasoning;
  reply.finish_reason = completion.finish_reason;
  reply.model = completion.model.empty() ? options_.model : completion.model;
  reply.prompt_tokens = completion.prompt_tokens;
  reply.completion_tokens = completion.completion_tokens;
  if (reply.finish_reason == "length") {
    reply.problem =
        "the answer was cut off (finish_reason: length): a shorter one, or a higher "
        "max_tokens, is needed";
  } else if (reply.finish_reason == "content_filter") {
    reply.problem = "the endpoint's content filter withheld the answer";
  } else if (split.unclosed) {
    reply.problem = "the reasoning was never closed with </think>, so there is no answer";
  } else if (reply.text.empty()) {
    reply.problem = reply.reasoning.empty() ? "the answer is empty"
                                            : "there is reasoning, but no answer after it";
  }
  if (call.request.schema.is_null() || !reply.problem.empty()) return reply;
  Result<StructuredAnswer> checked = checker_.check(reply.text, call.request.schema);
  if (!checked) return checked.status();
  reply.structured = std::move(checked->value);
  reply.problem = std::move(checked->problem);
  return reply;
}

void ChatClient::on_worker(const std::shared_ptr<Gate>& gate,
                           std::function<void(ChatClient&)> task) {
  const std::lock_guard lock(gate->mutex);
  ChatClient* client = gate->client;
  if (client == nullptr) return;
  client->worker_.post([client, task = std::move(task)] { task(*client); });
}

}  // namespace rare::llm
