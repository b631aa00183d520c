#include "plugins/llm/model_probe.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "plugins/llm/completion_body.h"
#include "plugins/llm/endpoint_answer.h"
#include "plugins/llm/endpoint_url.h"
#include "plugins/llm/model_list.h"
#include "plugins/llm/reply_key.h"
#include "plugins/llm/structured_answer.h"
#include "plugins/llm/wire_request.h"

namespace rare::llm {
namespace {

constexpr int kPlainTokens = 16, kStructuredTokens = 64;
constexpr std::string_view kChatPath = "/chat/completions";

// As a run asks, but for few tokens and without `stop`, which may lie before the first word.
Json tiny_generation(const Json& of_service, int tokens) {
  Json generation = merged_generation(of_service, {{"max_tokens", tokens}});
  generation.erase("stop");
  const auto extra = generation.find("extra_body");
  if (extra == generation.end() || !extra->is_object()) return generation;
  // Endpoints that know this name refuse the other one.
  if (extra->contains("max_completion_tokens")) {
    (*extra)["max_completion_tokens"] = tokens;
    generation.erase("max_tokens");
  }
  if (extra->contains("max_tokens")) (*extra)["max_tokens"] = tokens;
  extra->erase("stop");
  return generation;
}

ChatRequest tiny_request() {
  std::vector<ChatMessage> messages;
  messages.emplace_back("user", "Answer with the one word: ready");
  return ChatRequest(std::move(messages));
}

ChatRequest tiny_structured_request() {
  std::vector<ChatMessage> messages;
  messages.emplace_back("user", "Answer with the JSON object {\"ready\": true}");
  ChatRequest request(std::move(messages));
  request.schema = {{"type", "object"},
                    {"properties", {{"ready", {{"type", "boolean"}}}}},
                    {"required", {"ready"}},
                    {"additionalProperties", false}};
  request.schema_name = "readiness";
  return request;
}

const char* form_name(Structured form) {
  if (form == Structured::json_schema) return "json_schema";
  return form == Structured::json_object ? "json_object" : "prompt";
}

// The forms a run would try, in its order.
std::vector<Structured> forms_of(Structured structured) {
  if (structured != Structured::automatic) return {structured};
  return {Structured::json_schema, Structured::json_object, Structured::prompt};
}

ProbeOutcome outcome_of(const Judgement& judgement) {
  if (judgement.verdict == Verdict::retry) return ProbeOutcome::try_later;
  const StatusCode code = judgement.status.code();
  const bool may_pass = code == StatusCode::unavailable || code == StatusCode::resource_exhausted;
  return may_pass ? ProbeOutcome::try_later : ProbeOutcome::mend;
}

// What messages of judge() leave to the run, which asks again by itself or loses a record.
std::string way_out(const Judgement& judgement, const net::HttpResult& result) {
  if (result.failure == net::TransferFailure::timeout) {
    return ". See whether it is busy or still loading its model, or give it more time.";
  }
  if (judgement.verdict == Verdict::retry && judgement.retry_after) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*judgement.retry_after);
    return ". It says to try again in " + std::to_string(wait.count()) + " s.";
  }
  if (judgement.verdict == Verdict::retry) {
    return ". Try again later; a run asks such calls again, `max_retries` times.";
  }
  if (judgement.verdict == Verdict::record_fault && result.failure == net::TransferFailure::none) {
    return ". The request held a short question, max_tokens, and what the service's `generation` "
           "and `extra_body` say: correct those to what the endpoint takes.";
  }
  return {};
}

}  // namespace

// All that one endpoint is asked, one question after the other, on a thread of its own.
class ServiceProbe::Conversation {
 public:
  Conversation(ServiceProbe& probe, Target target, std::chrono::milliseconds request_timeout)
      : probe_(probe),
        options_(probe.options_),
        target_(std::move(target)),
        timeout_(request_timeout) {
    options_.model = target_.model;
    report_.endpoint = endpoint_name(target_.url);
    report_.key_sent = sends_key();
  }

  EndpointReport run() {
    if (ask_plainly()) ask_for_structure();
    return std::move(report_);
  }

 private:
  // As `api_key`, in a header that is called so, or in the URL.
  bool sends_key() const {
    if (!target_.api_key.empty() || target_.url.find('@') != std::string::npos) return true;
    return std::any_of(options_.headers.begin(), options_.headers.end(), [](std::string header) {
      header = header.substr(0, header.find(':'));
      for (char& c : header) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return header == "authorization" || header.find("key") != std::string::npos;
    });
  }

  // Whether it is worth asking more.
  bool ask_plainly() {
    const net::HttpResult result = post(tiny_request(), kPlainTokens, Structured::prompt);
    const Judgement judgement = judge_here(result, false, false);
    if (judgement.verdict != Verdict::accept) {
      note_refusal(judgement, result);
      return false;
    }
    report_.latency_s = result.seconds;
    const auto answer = take_answer(result);
    if (!answer) return false;
    report_.key_accepted = report_.model_known = true;
    const bool cut = answer->finish_reason == "length";
    report_.answer_usable = cut || !answer->content.empty() || !answer->reasoning.empty();
    if (*report_.answer_usable) return true;
    fail(
        ProbeOutcome::mend,
        "the answer of " + report_.endpoint + " is empty (finish_reason: " +
            (answer->finish_reason.empty() ? "none" : answer->finish_reason) +
            "). Expected a word. See whether the model is one for chats, and has a chat template.");
    return false;
  }

  void ask_for_structure() {
    for (const Structured form : forms_of(options_.structured)) {
      const net::HttpResult result = post(tiny_structured_request(), kStructuredTokens, form);
      const Judgement judgement = judge_here(result, form != Structured::prompt, true);
      if (judgement.verdict == Verdict::refuse_format) {
        add_note(std::string(form_name(form)) + " is refused (" +
                 without_service(judgement.status.message()) + ")");
        continue;
      }
      if (judgement.verdict != Verdict::accept) return note_refusal(judgement, result);
      report_.structured = form_name(form);
      return check_structure(result);
    }
    fail(ProbeOutcome::mend, "`structured: " + std::string(form_name(options_.structured)) +
                                 "` of the service: " + report_.structured_note +
                                 ". Set `structured: auto`, or another form.");
  }

  void check_structure(const net::HttpResult& result) {
    const auto answer = take_answer(result);
    if (!answer) return;
    if (answer->finish_reason == "length") {
      return add_note("the answer was cut at " + std::to_string(kStructuredTokens) +
                      " tokens, so that it could not be checked");
    }
    AnswerChecker checker;
    const auto checked =
        checker.check(split_reasoning(answer->content).text, tiny_structured_request().schema);
    if (checked && checked->problem.empty()) return;
    add_note("the answer is not what the schema asks for (" +
             (checked ? checked->problem : checked.status().message()) +
             "); a run asks such records again, `max_attempts` times");
  }

  // The completion in a body of status 200; without one the endpoint does not work.
  std::optional<CompletionBody> take_answer(const net::HttpResult& result) {
    Result<CompletionBody> completion = parse_completion(result.body);
    if (!completion) {
      report_.answer_usable = false;
      fail(ProbeOutcome::mend, report_.endpoint + " answered with " +
                                   completion.status().message() +
                                   ". See whether `base_url` is that of a chat endpoint.");
      return std::nullopt;
    }
    report_.prompt_tokens += completion->prompt_tokens;
    report_.completion_tokens += completion->completion_tokens;
    if (report_.model.empty()) report_.model = completion->model;
    return std::move(*completion);
  }

  void note_refusal(const Judgement& judgement, const net::HttpResult& result) {
    if (result.failure == net::TransferFailure::cancelled) {
      return fail(ProbeOutcome::cancelled, "not asked to the end");
    }
    std::string problem = without_service(judgement.status.message());
    const std::string further = way_out(judgement, result);
    if (problem.ends_with('.') && !further.empty()) problem.pop_back();
    fail(outcome_of(judgement), problem + further);
    if (result.failure != net::TransferFailure::none) return;
    if (result.status == 401 || result.status == 403) report_.key_accepted = false;
    // Asked as if it had answered before, a wrong path is no reason any more.
    const bool unknown_model =
        judge_here(result, false, true).status.code() == StatusCode::not_found;
    if (!unknown_model) return;
    report_.key_accepted = true;
    report_.model_known = false;
    list_models();
  }

  void list_models() {
    if (!target_.url.ends_with(kChatPath)) return;
    net::HttpCall call = new_call();
    call.method = "GET";
    call.url = target_.url.substr(0, target_.url.size() - kChatPath.size()) + "/models";
    const net::HttpResult result = exchange(std::move(call));
    if (result.failure == net::TransferFailure::none && result.status == 200) {
      report_.models = listed_models(result.body);
    }
  }

  Judgement judge_here(const net::HttpResult& result, bool sent_format, bool ever_answered) const {
    CallFacts facts{options_.service, report_.endpoint, options_.model};
    facts.sent_format = sent_format;
    facts.ever_answered = ever_answered;
    facts.managed = options_.managed;
    if (result.failure == net::TransferFailure::cancelled) {
      Judgement cancelled;
      cancelled.verdict = Verdict::record_fault;
      cancelled.status = Status::cancelled();
      return cancelled;
    }
    return judge(result, facts, std::time(nullptr));
  }

  net::HttpResult post(const ChatRequest& request, int tokens, Structured form) {
    net::HttpCall call = new_call();
    call.url = target_.url;
    call.body =
        wire_body(options_.model, request, tiny_generation(options_.generation, tokens), form);
    call.headers.push_back("Content-Type: application/json");
    net::HttpResult result = exchange(std::move(call));
    note_transfer(result);
    return result;
  }

  net::HttpCall new_call() const {
    net::HttpCall call;
    call.headers = options_.headers;
    if (!target_.api_key.empty()) {
      call.headers.push_back("Authorization: Bearer " + target_.api_key);
    }
    call.timeout_ms = std::max<std::int64_t>(1, timeout_.count());
    call.connect_timeout_ms = std::min(call.connect_timeout_ms, call.timeout_ms);
    return call;
  }

  net::HttpResult exchange(net::HttpCall call) {
    auto answered = std::make_shared<std::promise<net::HttpResult>>();
    std::future<net::HttpResult> result = answered->get_future();
    {
      const std::lock_guard lock(probe_.mutex_);
      if (probe_.cancelled_) {
        net::HttpResult cancelled;
        cancelled.failure = net::TransferFailure::cancelled;
        return cancelled;
      }
      probe_.loop_->start(std::move(call), [answered](net::HttpResult ended) {
        answered->set_value(std::move(ended));
      });
    }
    return result.get();
  }

  void note_transfer(const net::HttpResult& result) {
    if (result.failure == net::TransferFailure::none || result.status != 0) {
      report_.reachable = true;
    } else if (result.failure == net::TransferFailure::no_connection ||
               result.failure == net::TransferFailure::untrusted) {
      report_.reachable = false;
    }
    std::vector<std::pair<std::string, std::string>> limits;
    for (const auto& [name, value] : result.headers) {
      const bool is_limit = name.find("ratelimit") != std::string::npos || name == "retry-after";
      if (is_limit) limits.emplace_back(name, probe_.secrets_.hidden(value));
    }
    if (!limits.empty()) report_.limits = std::move(limits);
  }

  // Judgements name the service, which the report stands under.
  std::string without_service(const std::string& message) const {
    const std::string who = "service '" + options_.service + "': ";
    return message.starts_with(who) ? message.substr(who.size()) : message;
  }

  void add_note(const std::string& note) {
    if (!report_.structured_note.empty()) report_.structured_note += "; ";
    report_.structured_note += probe_.secrets_.hidden(note);
  }

  void fail(ProbeOutcome outcome, std::string problem) {
    report_.outcome = outcome;
    report_.problem = probe_.secrets_.hidden(std::move(problem));
  }

  ServiceProbe& probe_;
  ChatOptions options_;  // of the service, with the target's model
  const Target target_;
  const std::chrono::milliseconds timeout_;
  EndpointReport report_;
};

ServiceProbe::ServiceProbe(ChatOptions options)
    : options_(std::move(options)), secrets_(options_) {}

Result<ModelReport> ServiceProbe::probe(std::chrono::milliseconds request_timeout) {
  Result<std::vector<Target>> asked = targets();
  if (!asked) return asked.status();
  net::HttpLoop loop(static_cast<int>(asked->size()));
  use_loop(&loop);
  std::vector<std::future<EndpointReport>> answers;
  for (const Target& target : *asked) {
    answers.push_back(std::async(std::launch::async, [this, target, request_timeout] {
      return Conversation(*this, target, request_timeout).run();
    }));
  }
  for (const auto& answer : answers) answer.wait();
  use_loop(nullptr);  // before get(), which throws what a conversation threw
  ModelReport report;
  if (!asked->empty()) report.model = asked->front().model;
  for (auto& answer : answers) report.endpoints.push_back(answer.get());
  return report;
}

void ServiceProbe::use_loop(net::HttpLoop* loop) {
  const std::lock_guard lock(mutex_);
  loop_ = loop;
}

Result<std::vector<ServiceProbe::Target>> ServiceProbe::targets() {
  std::vector<Target> all;
  if (!options_.managed) {
    for (const std::string& url : options_.endpoints)
      all.push_back({url, options_.api_key, options_.model});
    return all;
  }
  if (endpoint_needed_) endpoint_needed_();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return managed_ || fault_ || cancelled_; });
  if (cancelled_) return Status::cancelled();
  if (fault_) return *fault_;
  all.push_back(*managed_);
  return all;
}

void ServiceProbe::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (loop_ != nullptr) loop_->cancel_transfers();
  changed_.notify_all();
}

void ServiceProbe::endpoint_up(std::string url, std::string api_key, std::string model) {
  const std::lock_guard lock(mutex_);
  managed_ = Target{std::move(url), std::move(api_key), std::move(model)};
  changed_.notify_all();
}

void ServiceProbe::endpoint_failed(Status fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
  changed_.notify_all();
}

}  // namespace rare::llm
