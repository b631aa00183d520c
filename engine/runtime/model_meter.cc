#include "engine/runtime/model_meter.h"

#include <utility>

#include "engine/runtime/record_coroutine.h"
#include "rare/detached.h"
#include "rare/language_model.h"

namespace rare::engine {
namespace {

// Passes on to who asked when the service does not work on it.
class PassedOn final : public TimeLimit {
 public:
  explicit PassedOn(const Completion<Result<ChatReply>>& waiting) : waiting_(waiting) {}
  void pause() override { waiting_.pause_time_limit(); }
  void resume() override { waiting_.resume_time_limit(); }

 private:
  const Completion<Result<ChatReply>>& waiting_;
};

std::uint64_t bytes_of(const ChatRequest& request) {
  std::uint64_t bytes = 0;
  for (const ChatMessage& message : request.messages) bytes += message.content.size();
  return bytes;
}

}  // namespace

class ModelMeter::Metered final : public LanguageModel {
 public:
  Metered(ModelMeter& meter, LanguageModel& model, std::string node, std::string service,
          Resumer& resumer)
      : meter_(meter),
        model_(model),
        node_(std::move(node)),
        service_(std::move(service)),
        resumer_(resumer) {}

  Awaitable<Result<ChatReply>> chat(ChatRequest request) override {
    auto pair = make_completion<Result<ChatReply>>(resumer_of_thread(resumer_));
    Asking asking;
    asking.record = Stretch::of_thread();
    if (asking.record != nullptr) asking.turn = asking.record->turn();
    asking.begin = WorkClock::now();
    Reply& noted = asking.noted;
    noted.node = node_;
    noted.service = service_;
    noted.ordinal = request.ordinal;
    noted.text_bytes = bytes_of(request);
    noted.attempt = request.attempt;
    noted.round = request.round;
    if (meter_.keeps_texts_) noted.messages = request.messages;
    Awaitable<Result<ChatReply>> asked = model_.chat(std::move(request));
    pass_on(std::move(asked), std::move(asking), pair.completion);
    return std::move(pair.awaitable);
  }

 private:
  struct Asking {
    RecordCoroutine* record = nullptr;  // that asks; nullptr: none that is known
    std::uint64_t turn = 0;
    WorkClock::time_point begin{};
    Reply noted;
  };

  detail::Detached pass_on(Awaitable<Result<ChatReply>> asked, Asking asking,
                           Completion<Result<ChatReply>> waiting) {
    PassedOn limit(waiting);
    detail::UseTimeLimit use{&limit};
    co_await use;
    Result<ChatReply> reply = co_await asked;
    Reply& noted = asking.noted;
    if (reply) {
      noted.prompt_tokens = reply->prompt_tokens;
      noted.completion_tokens = reply->completion_tokens;
      noted.text_bytes += reply->raw.size() + reply->reasoning.size();
      noted.from_store = reply->from_store;
      noted.model = reply->model;
      noted.problem = reply->problem;
      if (meter_.keeps_texts_) noted.raw = reply->raw;
    }
    if (asking.record != nullptr) asking.record->note_call(asking.turn, call_of(asking, reply));
    if (reply && meter_.keeps_ == Keeps::replies) meter_.note(std::move(noted));
    waiting.set(std::move(reply));
  }

  static ModelCall call_of(const Asking& asking, const Result<ChatReply>& reply) {
    ModelCall call;
    call.service = asking.noted.service;
    call.model = asking.noted.model;
    call.begin = asking.begin;
    call.end = WorkClock::now();
    call.prompt_tokens = asking.noted.prompt_tokens;
    call.completion_tokens = asking.noted.completion_tokens;
    call.from_store = asking.noted.from_store;
    call.attempt = asking.noted.attempt;
    call.status = reply.status();
    return call;
  }

  ModelMeter& meter_;
  LanguageModel& model_;
  const std::string node_, service_;
  Resumer& resumer_;
};

ModelMeter::ModelMeter(Keeps keeps) : keeps_(keeps) {}
ModelMeter::~ModelMeter() = default;

void* ModelMeter::over(std::string_view interface, void* offered, const ServiceClient& client,
                       const std::string& service, Resumer& resumer) {
  if (offered == nullptr || interface != LanguageModel::kInterface) return offered;
  LanguageModel& model = *static_cast<LanguageModel*>(offered);
  models_.push_back(std::make_unique<Metered>(*this, model, client.node, service, resumer));
  return static_cast<LanguageModel*>(models_.back().get());
}

void ModelMeter::note(Reply reply) {
  const std::lock_guard lock(mutex_);
  replies_.push_back(std::move(reply));
}

std::vector<ModelMeter::Reply> ModelMeter::replies() const {
  const std::lock_guard lock(mutex_);
  return replies_;
}

}  // namespace rare::engine
