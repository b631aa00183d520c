#include "engine/observe/span_sender.h"

#include <curl/curl.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "engine/observe/log.h"

namespace rare::engine {
namespace {

constexpr std::chrono::milliseconds kGatherFor{1000}, kFirstPause{500}, kLastPause{100};
constexpr int kMostAttempts = 5;
constexpr std::size_t kMostAnswerBytes = 4096;

std::size_t keep_answer(char* piece, std::size_t, std::size_t size, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  text.append(piece, std::min(size, kMostAnswerBytes - std::min(kMostAnswerBytes, text.size())));
  return size;
}

// No proxy stands before this machine itself.
bool is_this_machine(const std::string& url) {
  const std::size_t host = url.find("://") + 3;
  return url.compare(host, 4, "127.") == 0 || url.compare(host, 9, "localhost") == 0 ||
         url.compare(host, 5, "[::1]") == 0;
}

bool may_pass(long code) { return code == 429 || code == 502 || code == 503 || code == 504; }

}  // namespace

// One connection that is kept. Thread-safety: one thread.
class SpanSender::Connection {
 public:
  explicit Connection(SpanSender& sender)
      : sender_(sender), curl_(curl_easy_init(), curl_easy_cleanup) {
    header("Content-Type: application/json");
    header("Expect:");
    for (const auto& [name, value] : sender.target_.headers) header(name + ": " + value);
  }

  CURLcode post(const std::string& body, std::string& answer, long& code) {
    CURL* const curl = curl_.get();
    if (curl == nullptr) return CURLE_FAILED_INIT;
    const std::string& url = sender_.target_.url;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers_.get());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, is_this_machine(url) ? "*" : nullptr);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(sender_.target_.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &sender_);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, end_when_over);
    const CURLcode outcome = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    return outcome;
  }

 private:
  void header(const std::string& line) {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) return;
    (void)headers_.release();
    headers_.reset(longer);
  }
  static int end_when_over(void* sender, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<SpanSender*>(sender)->is_time_over() ? 1 : 0;
  }

  SpanSender& sender_;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_{nullptr,
                                                                       curl_slist_free_all};
};

SpanSender::SpanSender(TraceTarget target, std::string version, Limits limits)
    : target_(std::move(target)), version_(std::move(version)), limits_(limits) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) note_problem("libcurl cannot be set up");
  thread_ = std::thread([this] { loop(); });
}

SpanSender::~SpanSender() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;  // without time for what waits
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SpanSender::add(std::vector<Span> spans) {
  bool is_batch = false;
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || waiting_.size() + spans.size() > limits_.waiting) {
      account_.no_room += spans.size();
      return;
    }
    std::move(spans.begin(), spans.end(), std::back_inserter(waiting_));
    is_batch = waiting_.size() >= kMostTogether;
  }
  if (is_batch) changed_.notify_one();
}

SpanSender::Account SpanSender::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    close_until_ = Clock::now() + limits_.close;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  account_.not_taken += waiting_.size();
  waiting_.clear();
  return account_;
}

bool SpanSender::closing() {
  const std::lock_guard lock(mutex_);
  return closing_;
}

bool SpanSender::is_time_over() {
  const std::lock_guard lock(mutex_);
  return closing_ && Clock::now() >= close_until_;
}

void SpanSender::loop() {
  Connection connection(*this);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait_for(lock, kGatherFor,
                      [this] { return closing_ || waiting_.size() >= kMostTogether; });
    if (waiting_.empty() && !closing_) continue;
    if (waiting_.empty() || (closing_ && Clock::now() >= close_until_)) return;
    const std::size_t count = std::min(waiting_.size(), kMostTogether);
    const auto end = std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(count));
    const std::vector<Span> batch(std::make_move_iterator(waiting_.begin()),
                                  std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    lock.unlock();
    send(connection, batch);
    lock.lock();
  }
}

void SpanSender::send(Connection& connection, const std::vector<Span>& batch) {
  const std::string body = otlp_json(target_.resource, version_, batch);
  Outcome outcome = try_once(connection, body);
  for (int attempt = 1; attempt < kMostAttempts; ++attempt) {
    if (outcome == Outcome::taken || outcome == Outcome::refused || is_time_over()) break;
    if (outcome == Outcome::unreachable && closing()) break;
    wait_to_try_again(attempt);
    outcome = try_once(connection, body);
  }
  const std::lock_guard lock(mutex_);
  (outcome == Outcome::taken ? account_.sent : account_.not_taken) += batch.size();
}

void SpanSender::wait_to_try_again(int attempt) {
  std::unique_lock lock(mutex_);
  if (closing_) {
    changed_.wait_for(lock, kLastPause);
  } else {
    changed_.wait_for(lock, kFirstPause * (1 << (attempt - 1)), [this] { return closing_; });
  }
}

SpanSender::Outcome SpanSender::try_once(Connection& connection, const std::string& body) {
  std::string answer;
  long code = 0;
  const CURLcode outcome = connection.post(body, answer, code);
  if (outcome != CURLE_OK) {
    note_problem(outcome == CURLE_ABORTED_BY_CALLBACK ? "it did not answer before the run had ended"
                                                      : curl_easy_strerror(outcome));
    return Outcome::unreachable;
  }
  if (code >= 200 && code < 300) return Outcome::taken;
  note_problem("it answered HTTP " + std::to_string(code) +
               (answer.empty() ? "" : ": " + answer.substr(0, 200)));
  return may_pass(code) ? Outcome::busy : Outcome::refused;
}

// The first one is told at once: whoever set it up wrongly need not wait for the end.
void SpanSender::note_problem(const std::string& problem) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    is_first = account_.problem.empty();
    account_.problem = problem;
  }
  if (!is_first) return;
  log_line(LogLevel::warning, {},
           "traces do not reach " + shown_address(target_.url) + ": " + problem +
               ". The run goes on without them; what is lost is counted at its end");
}

}  // namespace rare::engine
