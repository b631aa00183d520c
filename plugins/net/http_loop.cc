#include "plugins/net/http_loop.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstring>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>

namespace rare::net {
namespace {

struct Transfer {
  HttpCall call;
  HttpLoop::Done done;
  HttpResult result;
  CURL* easy = nullptr;
  HttpLoop::Clock::time_point begin, last_progress;  // the latter of the reader
  curl_slist* header_list = nullptr;
  char error[CURL_ERROR_SIZE] = {};

  ~Transfer() { curl_slist_free_all(header_list); }
};

bool is_event_stream(const Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  const auto type = transfer.result.header("content-type");
  return status == 200 && type && type->starts_with("text/event-stream");
}

// Whether the transfer goes on.
bool read_piece(Transfer& transfer, std::string_view piece) {
  switch (transfer.call.reader->read(piece)) {
    case BodyReader::Read::too_large:
      transfer.result.failure = TransferFailure::too_large;
      return false;
    case BodyReader::Read::heartbeat:
      return true;
    case BodyReader::Read::progress:
      break;
  }
  transfer.last_progress = HttpLoop::Clock::now();
  if (transfer.result.first_piece_s == 0) {
    transfer.result.first_piece_s =
        std::chrono::duration<double>(transfer.last_progress - transfer.begin).count();
  }
  return true;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  if (transfer.call.reader && (transfer.result.streamed || is_event_stream(transfer))) {
    transfer.result.streamed = true;
    return read_piece(transfer, {data, bytes}) ? bytes : 0;
  }
  if (transfer.result.body.size() + bytes > transfer.call.max_body_bytes) {
    transfer.result.failure = TransferFailure::too_large;
    return 0;  // makes libcurl end the transfer
  }
  transfer.result.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    transfer.result.headers.clear();  // of an interim reply (100, 103) or a proxy
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) {
    value.remove_prefix(1);
  }
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) {
    value.remove_suffix(1);
  }
  transfer.result.headers.emplace_back(std::move(name), value);
  return line.size();
}

constexpr auto kStallStep = std::chrono::milliseconds(100);

bool is_loopback(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return rest.starts_with("127.") || rest.starts_with("localhost") || rest.starts_with("[::1]");
}

TransferFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return TransferFailure::none;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransferFailure::no_connection;
    case CURLE_OPERATION_TIMEDOUT:
      return TransferFailure::timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return TransferFailure::untrusted;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return TransferFailure::cut;
    default:
      return TransferFailure::other;
  }
}

}  // namespace

class HttpLoop::Engine {
 public:
  explicit Engine(int kept_connections) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)ready;
    multi_ = curl_multi_init();
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(kept_connections));
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
    thread_ = std::thread([this] { run(); });
  }
  ~Engine() {
    stop();
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi_);
  }

  void post(Task task) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      wake = posted_.empty();
      posted_.push_back(std::move(task));
    }
    if (wake && !on_loop()) curl_multi_wakeup(multi_);
  }
  void add_timer(Clock::time_point at, Task task) {
    timers_.emplace(std::pair(at, next_timer_++), std::move(task));
  }
  bool on_loop() const { return loop_thread_.load() == std::this_thread::get_id(); }

  void begin(HttpCall call, Done done) {
    auto transfer = std::make_unique<Transfer>();
    transfer->call = std::move(call);
    transfer->done = std::move(done);
    if (ending_)
      return end_unstarted(*transfer, TransferFailure::cancelled, "the loop is stopping");
    CURL* easy = idle_.empty() ? curl_easy_init() : idle_.back();
    if (!idle_.empty()) idle_.pop_back();
    transfer->easy = easy;
    transfer->begin = Clock::now();
    set_options(easy, *transfer);
    const CURLMcode added = curl_multi_add_handle(multi_, easy);
    if (added != CURLM_OK) {
      idle_.push_back(easy);
      return end_unstarted(*transfer, TransferFailure::other, curl_multi_strerror(added));
    }
    if (transfer->call.stall_ms > 0) watch_stalls(transfer->begin);
    transfers_.emplace(easy, std::move(transfer));
  }

  void cancel_all() {
    std::vector<CURL*> open;
    for (const auto& [easy, transfer] : transfers_) open.push_back(easy);
    for (CURL* easy : open) {
      const auto at = transfers_.find(easy);
      if (at != transfers_.end()) finish(easy, TransferFailure::cancelled, "cancelled");
    }
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    loop_thread_ = std::this_thread::get_id();
    bool go_on = true;
    while (go_on) {
      go_on = run_posted();
      run_timers();
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect_finished();
      if (go_on) curl_multi_poll(multi_, nullptr, 0, wait_ms(), nullptr);
    }
    ending_ = true;
    cancel_all();
    // What the cancelled transfers' owners posted still runs; nothing new begins.
    for (bool more = true; more;) {
      run_posted();
      const std::lock_guard lock(mutex_);
      more = !posted_.empty();
      closed_ = !more;
    }
    timers_.clear();
  }

  // False when the loop is to end.
  bool run_posted() {
    std::vector<Task> tasks;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(posted_);
      stopping = stopping_;
    }
    for (Task& task : tasks) task();
    return !stopping;
  }

  void run_timers() {
    const auto now = Clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
      const Task task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
      task();
    }
  }

  int wait_ms() {
    {
      const std::lock_guard lock(mutex_);
      if (!posted_.empty() || stopping_) return 0;
    }
    if (timers_.empty()) return 60'000;
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60'000));
  }

  // From now on, until no transfer can stall any more.
  void watch_stalls(Clock::time_point now) {
    if (!std::exchange(watching_stalls_, true)) {
      add_timer(now + kStallStep, [this] { end_stalled(); });
    }
  }
  void end_stalled() {
    const auto now = Clock::now();
    watching_stalls_ = false;
    std::vector<CURL*> stalled;
    for (const auto& [easy, transfer] : transfers_) {
      const std::chrono::milliseconds stall(transfer->call.stall_ms);
      if (stall.count() == 0) continue;
      watch_stalls(now);
      const bool began = transfer->result.first_piece_s > 0;
      if (began && now - transfer->last_progress > stall) stalled.push_back(easy);
    }
    for (CURL* easy : stalled) {
      const auto at = transfers_.find(easy);
      if (at == transfers_.end()) continue;
      const std::int64_t stall_ms = at->second->call.stall_ms;
      const std::string what = "the reply began, and then nothing came for " +
                               std::to_string(stall_ms / 1000.0).substr(0, 5) + " s";
      finish(easy, TransferFailure::timeout, what.c_str());
    }
  }

  void collect_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      CURL* easy = message->easy_handle;
      finish(easy, failure_of(code), code == CURLE_OK ? "" : curl_easy_strerror(code));
    }
  }

  void finish(CURL* easy, TransferFailure failure, const char* what) {
    const auto at = transfers_.find(easy);
    const std::unique_ptr<Transfer> transfer = std::move(at->second);
    transfers_.erase(at);
    HttpResult& result = transfer->result;
    if (result.failure == TransferFailure::none) result.failure = failure;
    if (result.failure != TransferFailure::none) {
      result.error = transfer->error[0] != '\0' ? transfer->error : what;
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME, &result.seconds);
    result.status = static_cast<int>(status);
    curl_multi_remove_handle(multi_, easy);
    curl_easy_reset(easy);
    idle_.push_back(easy);
    transfer->done(std::move(result));
  }

  static void end_unstarted(Transfer& transfer, TransferFailure failure, const char* what) {
    transfer.result.failure = failure;
    transfer.result.error = what;
    transfer.done(std::move(transfer.result));
  }

  static void set_options(CURL* easy, Transfer& t) {
    const HttpCall& call = t.call;
    for (const std::string& header : call.headers) {
      t.header_list = curl_slist_append(t.header_list, header.c_str());
    }
    t.header_list = curl_slist_append(t.header_list, "Expect:");
    curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t.header_list);
    if (call.method == "POST") {
      curl_easy_setopt(easy, CURLOPT_POST, 1L);
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(call.body.size()));
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    // A proxy of the environment cannot reach this machine's loopback.
    if (is_loopback(call.url)) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.connect_timeout_ms));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(call.low_speed_s));
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(call.low_speed_bytes));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t.error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &t);
  }

  CURLM* multi_ = nullptr;
  std::mutex mutex_;
  std::vector<Task> posted_;  // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
  bool closed_ = false;       // guarded by mutex_: nothing posted runs any more
  std::atomic<std::thread::id> loop_thread_;
  // The rest belongs to the loop's thread.
  bool ending_ = false;
  bool watching_stalls_ = false;
  std::map<std::pair<Clock::time_point, std::uint64_t>, Task> timers_;
  std::uint64_t next_timer_ = 0;
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> transfers_;
  std::vector<CURL*> idle_;
  std::thread thread_;
};

HttpLoop::HttpLoop(int kept_connections) : engine_(std::make_unique<Engine>(kept_connections)) {}
HttpLoop::~HttpLoop() = default;

void HttpLoop::post(Task task) { engine_->post(std::move(task)); }

void HttpLoop::schedule(Clock::time_point at, Task task) {
  if (on_loop()) return engine_->add_timer(at, std::move(task));
  engine_->post([engine = engine_.get(), at, task = std::move(task)]() mutable {
    engine->add_timer(at, std::move(task));
  });
}

void HttpLoop::start(HttpCall call, Done done) {
  if (on_loop()) return engine_->begin(std::move(call), std::move(done));
  engine_->post([engine = engine_.get(), call = std::move(call), done = std::move(done)]() mutable {
    engine->begin(std::move(call), std::move(done));
  });
}

void HttpLoop::cancel_transfers() {
  if (on_loop()) return engine_->cancel_all();
  engine_->post([engine = engine_.get()] { engine->cancel_all(); });
}

void HttpLoop::stop() { engine_->stop(); }
bool HttpLoop::on_loop() const { return engine_->on_loop(); }

}  // namespace rare::net
