// ChatClient: the way of a chat from a request to a stored, parsed and checked reply.
//
//   chat() -> key -> [equal call under way: wait for it] -> reply store -> admission -> transfer
//     -> [passing fault: back-off, then admission again] -> slot free -> store (synced) -> parse ->
//     done
//
// All state belongs to the thread of the HTTP loop; parsing runs on a worker thread. A slot of the
// endpoint is held by transfers alone: not by calls in back-off, and not by replies on their way
// into the store. Waiting calls go deepest node first, then oldest record first.
//
// Thread-safety: any thread. Context and store must outlive the client.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/llm/adaptive_limit.h"
#include "plugins/llm/call_account.h"
#include "plugins/llm/chat_options.h"
#include "plugins/llm/completion_body.h"
#include "plugins/llm/endpoint_pool.h"
#include "plugins/llm/rate_pacer.h"
#include "plugins/llm/secret_mask.h"
#include "plugins/llm/structured_answer.h"
#include "plugins/llm/worker_thread.h"
#include "plugins/net/http_loop.h"
#include "rare/language_model.h"
#include "rare/random.h"
#include "rare/reply_store.h"
#include "rare/service.h"

namespace rare::llm {

struct Judgement;

class ChatClient {
 public:
  ChatClient(ServiceContext& context, ReplyStore& replies, ChatOptions options);
  ChatClient(ServiceContext& context, ChatOptions options)
      : ChatClient(context, context.replies(), std::move(options)) {}
  // Completes what is unanswered as cancelled.
  ~ChatClient();
  ChatClient(const ChatClient&) = delete;
  ChatClient& operator=(const ChatClient&) = delete;

  Awaitable<Result<ChatReply>> chat(ChatRequest request, const ServiceClient& client);
  // Everything unanswered, now and from here on, completes as cancelled; transfers are cut.
  void cancel();

  Json usage() const;
  std::string activity() const;

  // For managed endpoints (ChatOptions::managed).
  // `needed` runs on the loop whenever calls wait and the endpoint is not up. Set before chat().
  void on_endpoint_needed(std::function<void()> needed) { endpoint_needed_ = std::move(needed); }
  // `needed` runs on the loop for each call that comes before the revision. Set before chat().
  void on_revision_needed(std::function<void()> needed) { revision_needed_ = std::move(needed); }
  // With `model`, what calls are asked of; set once, as no call is known by its key before.
  void set_revision(std::string revision, std::string model = {});
  void endpoint_up(std::string url, std::string api_key);
  void endpoint_down();
  // The run cannot go on: whatever waits, now and from here on, completes with `fault`; what is
  // asked is paid for, and goes on.
  void fail(Status fault);
  net::HttpLoop& loop() { return loop_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Waiter = Completion<Result<ChatReply>>;
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  struct ByPriority {
    bool operator()(const CallPtr& a, const CallPtr& b) const;
  };
  // Lets callbacks of the store find out that the client is gone.
  struct Gate {
    std::mutex mutex;
    ChatClient* client = nullptr;
  };

  // On the loop, in the order of a call's life (chat_client.cc).
  void identify(const CallPtr& call);
  void look_up(const CallPtr& call);
  void enqueue(const CallPtr& call);
  void pump();
  // When the next call, of about so many tokens, may go out.
  int in_flight_limit() const;
  Clock::time_point may_send_at(double tokens, Clock::time_point now) const;
  void pump_at(Clock::time_point at);
  void say_held(double tokens, Clock::time_point at, Clock::time_point now);
  void begin_transfer(const CallPtr& call, const EndpointPool::Visit& visit);
  void finish(const CallPtr& call, Result<ChatReply> result);

  // From a transfer's end to the reply (chat_replies.cc).
  void transfer_ended(const CallPtr& call, const EndpointPool::Visit& visit,
                      net::HttpResult result);
  void act_on(const CallPtr& call, Judgement judgement);
  // Tells the store what became of a request that leaves no reply. Also from the worker.
  void ended(const Call& call, ReplyStore::Ending ending);
  void step_down_format(const CallPtr& call, const Judgement& judgement);
  void step_down_streaming(const CallPtr& call, const Judgement& judgement);
  void retry(const CallPtr& call, Status reason, std::optional<std::chrono::milliseconds> after);
  bool is_outage(const Call& call) const;
  // Whether the call goes on; else it is finished.
  bool wait_out(const CallPtr& call, const Status& reason);
  std::chrono::milliseconds backoff(int tries);
  // On the worker's thread.
  void found(const CallPtr& call, const Result<std::optional<StoredReply>>& result);
  void write_body(Call& call, Structured form) const;
  Streaming streaming_of(const Call& call) const;
  Result<CompletionBody> completion_of(Call& call, net::HttpResult& result) const;
  void accept_body(const CallPtr& call, net::HttpResult result);
  void kept(const CallPtr& call, const CompletionBody& completion, const Status& status);
  Result<ChatReply> reply_from(const Call& call, const CompletionBody& completion);
  // From any thread: runs `task` with the client on its worker, unless it is gone.
  static void on_worker(const std::shared_ptr<Gate>& gate, std::function<void(ChatClient&)> task);

  ServiceContext& context_;
  ReplyStore& replies_;
  ChatOptions options_;  // but for its model (set_revision) as it was given
  const SecretMask secrets_{options_};
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  std::function<void()> endpoint_needed_, revision_needed_;

  CallAccount account_;
  std::atomic<int> in_flight_ = 0, waiting_ = 0, backing_off_ = 0;
  std::atomic<int> most_in_flight_ = options_.max_in_flight;  // as the endpoints take it now

  // Of the loop's thread.
  std::unordered_map<std::string, CallPtr> calls_;
  std::set<CallPtr, ByPriority> queue_;
  std::vector<CallPtr> unidentified_;  // until the revision is known
  std::optional<std::string> revision_;
  EndpointPool endpoints_;
  std::string api_key_;
  bool endpoint_up_ = false, ever_answered_ = false, cancelled_ = false;
  std::optional<Clock::time_point> pump_at_;
  Clock::time_point said_held_until_{};
  std::optional<Clock::time_point> last_answer_;
  bool in_outage_ = false;  // for the log: it is said once
  std::optional<Status> fault_;
  // The forms in use: they only ever step down; written by the loop.
  std::atomic<Structured> format_;
  std::atomic<Streaming> streaming_ = Streaming::with_usage;
  AdaptiveLimit limit_;
  RatePacer request_pacer_, token_pacer_;
  Random jitter_;
  std::uint64_t next_number_ = 0;

  AnswerChecker checker_;  // of the worker's thread
  WorkerThread worker_;
  net::HttpLoop loop_;
};

}  // namespace rare::llm
