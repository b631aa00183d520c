#include "plugins/net/http_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <queue>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "plugins/net/transfer.h"

namespace rare::net {
namespace {

constexpr auto kStallStep = std::chrono::milliseconds(100);

}  // namespace

class HttpLoop::Engine {
 public:
  explicit Engine(int kept_connections) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    (void)ready;
    if (epoll_ < 0 || wake_ < 0) throw std::system_error(errno, std::generic_category(), "epoll");
    epoll_event woken{};
    woken.events = EPOLLIN;
    woken.data.u64 = event_data(0, wake_);
    epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &woken);
    multis_.resize(1 + static_cast<std::size_t>(std::max(0, kept_connections - 1)) /
                           kConnectionsOfMulti);
    for (Multi& multi : multis_) open_multi(multi, kept_connections);
    thread_ = std::thread([this] { run(); });
  }
  ~Engine() {
    stop();
    for (CURL* easy : idle_) curl_easy_cleanup(easy);
    for (const Multi& multi : multis_) curl_multi_cleanup(multi.handle);
    close(wake_);
    close(epoll_);
  }

  void post(Task task) {
    bool wake = false;
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return;
      wake = posted_.empty();
      posted_.push_back(std::move(task));
    }
    if (wake && !on_loop()) this->wake();
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
    CURL* easy = idle_easy();
    transfer->easy = easy;
    transfer->begin = Clock::now();
    transfer->prepare();
    const auto least_busy =
        std::min_element(multis_.begin(), multis_.end(),
                         [](const Multi& a, const Multi& b) { return a.transfers < b.transfers; });
    transfer->multi = static_cast<std::size_t>(least_busy - multis_.begin());
    const CURLMcode added = curl_multi_add_handle(least_busy->handle, easy);
    if (added != CURLM_OK) {
      idle_.push_back(easy);
      return end_unstarted(*transfer, TransferFailure::other, curl_multi_strerror(added));
    }
    ++least_busy->transfers;
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
    wake();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    loop_thread_ = std::this_thread::get_id();
    bool go_on = true;
    while (go_on) {
      go_on = run_posted();
      run_timers();
      run_curl_timers();
      collect_finished();
      if (go_on) move_bytes();
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

  // One of libcurl's multi handles. There are several, because each looks through all of its
  // connections for an idle one whenever a transfer begins.
  struct Multi {
    Engine* engine = nullptr;
    std::uint32_t number = 0;
    CURLM* handle = nullptr;
    std::size_t transfers = 0;
    bool moved = false;                      // since its finished transfers were collected
    std::optional<Clock::time_point> timer;  // when libcurl wants to look at its own time-outs
  };
  static constexpr std::size_t kConnectionsOfMulti = 64;

  void open_multi(Multi& multi, int kept_connections) {
    const auto connections =
        static_cast<long>(kept_connections) / static_cast<long>(multis_.size()) + 1;
    multi.engine = this;
    multi.number = static_cast<std::uint32_t>(&multi - multis_.data());
    multi.handle = curl_multi_init();
    curl_multi_setopt(multi.handle, CURLMOPT_SOCKETFUNCTION, &Engine::watch_socket);
    curl_multi_setopt(multi.handle, CURLMOPT_SOCKETDATA, &multi);
    curl_multi_setopt(multi.handle, CURLMOPT_TIMERFUNCTION, &Engine::set_curl_timer);
    curl_multi_setopt(multi.handle, CURLMOPT_TIMERDATA, &multi);
    curl_multi_setopt(multi.handle, CURLMOPT_MAXCONNECTS, connections);
    curl_multi_setopt(multi.handle, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_MULTIPLEX));
  }

  // An event of a socket: the number of its multi above, the socket below.
  static std::uint64_t event_data(std::uint32_t multi, int socket) {
    return std::uint64_t{multi} << 32 | static_cast<std::uint32_t>(socket);
  }

  // With sockets of its own choice (curl_multi_perform) libcurl looks at every transfer whenever a
  // byte moves.
  static int watch_socket(CURL*, curl_socket_t socket, int what, void* user, void*) {
    const auto& multi = *static_cast<const Multi*>(user);
    const int epoll = multi.engine->epoll_;
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr);
      return 0;
    }
    epoll_event wanted{};
    if ((what & CURL_POLL_IN) != 0) wanted.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) wanted.events |= EPOLLOUT;
    wanted.data.u64 = event_data(multi.number, socket);
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &wanted) == 0) return 0;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &wanted) == 0 ? 0 : -1;
  }
  static int set_curl_timer(CURLM*, long timeout_ms, void* user) {
    auto& timer = static_cast<Multi*>(user)->timer;
    timer.reset();
    if (timeout_ms >= 0) timer = Clock::now() + std::chrono::milliseconds(timeout_ms);
    return 0;
  }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
  }

  // Waits until there is something to do.
  void move_bytes() {
    std::array<epoll_event, 256> events;
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto socket = static_cast<int>(event.data.u64 & 0xFFFFFFFF);
      if (socket == wake_) {
        std::uint64_t wakes = 0;
        [[maybe_unused]] const ssize_t got = read(wake_, &wakes, sizeof wakes);
        continue;
      }
      int what = 0;
      if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
      move(multis_[event.data.u64 >> 32], socket, what);
    }
    collect_finished();
  }

  void run_curl_timers() {
    const auto now = Clock::now();
    for (Multi& multi : multis_) {
      if (!multi.timer || *multi.timer > now) continue;
      multi.timer.reset();
      move(multi, CURL_SOCKET_TIMEOUT, 0);
    }
  }

  static void move(Multi& multi, curl_socket_t socket, int what) {
    int running = 0;
    curl_multi_socket_action(multi.handle, socket, what, &running);
    multi.moved = true;
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
    auto next = Clock::now() + std::chrono::seconds(60);
    if (!timers_.empty()) next = std::min(next, timers_.begin()->first.first);
    for (const Multi& multi : multis_) {
      if (multi.timer) next = std::min(next, *multi.timer);
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
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
    for (Multi& multi : multis_) {
      if (!std::exchange(multi.moved, false)) continue;
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(multi.handle, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        CURL* easy = message->easy_handle;
        finish(easy, failure_of(code), code == CURLE_OK ? "" : curl_easy_strerror(code));
      }
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
    Multi& multi = multis_[transfer->multi];
    curl_multi_remove_handle(multi.handle, easy);
    --multi.transfers;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);  // it goes with the transfer
    idle_.push_back(easy);
    transfer->done(std::move(result));
  }

  CURL* idle_easy() {
    if (idle_.empty()) return new_easy_handle();
    CURL* easy = idle_.back();
    idle_.pop_back();
    return easy;
  }

  static void end_unstarted(Transfer& transfer, TransferFailure failure, const char* what) {
    transfer.result.failure = failure;
    transfer.result.error = what;
    transfer.done(std::move(transfer.result));
  }

  const int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  const int wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::vector<Multi> multis_;  // of a fixed number
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
