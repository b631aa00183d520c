#include "plugins/llm/local_server.h"

#include <deque>
#include <future>
#include <random>
#include <utility>

#include "plugins/llm/loopback_port.h"
#include "plugins/llm/model_list.h"
#include "plugins/llm/server_command.h"

namespace rare::llm {
namespace {

constexpr auto kHealthPollInterval = std::chrono::milliseconds(50);
constexpr auto kEndGrace = std::chrono::milliseconds(2000);
constexpr auto kDeathWindow = std::chrono::minutes(10);
constexpr std::int64_t kHealthTimeout_ms = 2000;
constexpr int kTailLines = 12;

std::string random_key() {
  std::random_device device;
  std::string key;
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) key += kDigits[device() % 16];
  return key;
}

}  // namespace

LocalServer::LocalServer(Settings settings, Events events, net::HttpLoop& loop)
    : settings_(std::move(settings)),
      events_(std::move(events)),
      loop_(loop),
      thread_([this] { supervise(); }) {}

LocalServer::~LocalServer() { stop(); }

void LocalServer::start() {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
}

void LocalServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::string LocalServer::activity() const {
  const std::lock_guard lock(mutex_);
  return activity_;
}

bool LocalServer::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void LocalServer::say(std::string activity) {
  const std::lock_guard lock(mutex_);
  activity_ = std::move(activity);
}

bool LocalServer::pause(std::chrono::milliseconds length) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, length, [this] { return stopping_; });
}

void LocalServer::supervise() {
  events_.begin();
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
  }
  bool ever_healthy = false;
  int failed_starts = 0;
  std::deque<Clock::time_point> deaths;
  while (!stopping()) {
    std::string how;
    const Ending ending = live_once(how);
    if (ending == Ending::stopped || ending == Ending::failed) return;
    if (ending == Ending::died) ever_healthy = true;
    if (ending == Ending::never_healthy) ++failed_starts;
    // A second try, because somebody may have taken the port in between.
    if (!ever_healthy && failed_starts >= 2) {
      return events_.failed(failure("does not start: " + how));
    }
    deaths.push_back(Clock::now());
    while (deaths.front() < Clock::now() - kDeathWindow) deaths.pop_front();
    if (static_cast<int>(deaths.size()) >= settings_.most_deaths) {
      return events_.failed(failure("died " + std::to_string(deaths.size()) +
                                    " times within ten minutes, the last time with " + how));
    }
    events_.log(LogLevel::warning, "the model's server ended (" + how + "); starting it again");
    say("starting the model's server again");
    if (!pause(settings_.restart_pause * (1 << (deaths.size() - 1)))) return;
  }
}

LocalServer::Ending LocalServer::live_once(std::string& how) {
  const int port = free_loopback_port();
  Address address;
  address.base_url = "http://127.0.0.1:" + std::to_string(port);
  address.api_key = random_key();
  const auto with_places = [&](std::vector<std::string> texts) {
    for (std::string& text : texts) {
      text = filled(
          std::move(text),
          {{"host", "127.0.0.1"}, {"port", std::to_string(port)}, {"api_key", address.api_key}});
    }
    return texts;
  };
  say("loading the model");
  auto child = process::ChildProcess::start(settings_.program, with_places(settings_.arguments),
                                            with_places(settings_.environment), settings_.log_path);
  if (!child) {
    how = child.status().message();
    return Ending::never_healthy;
  }
  const Health health = wait_healthy(*child, address);
  if (health != Health::good) {
    child->end(kEndGrace);
    if (health == Health::stopped || stopping()) return Ending::stopped;
    how = child->how_it_ended();
    if (health == Health::ended) return Ending::never_healthy;
    const auto patience =
        std::chrono::duration_cast<std::chrono::seconds>(settings_.startup_timeout);
    events_.failed(failure("does not start: not ready after " + std::to_string(patience.count()) +
                           " s (`startup_timeout_s`)"));
    return Ending::failed;
  }
  if (settings_.is_foreign) {
    address.models = models_of(address);
    warn_of_openness(address, port);
  }
  say("");
  if (const Status wrong = events_.up(address); !wrong) {
    child->end(kEndGrace);
    events_.failed(wrong);
    return Ending::failed;
  }
  while (child->running()) {
    if (pause(kHealthPollInterval)) continue;
    child->end(kEndGrace);
    return Ending::stopped;
  }
  how = child->how_it_ended();
  events_.down();
  return Ending::died;
}

LocalServer::Health LocalServer::wait_healthy(process::ChildProcess& child,
                                              const Address& address) {
  const auto deadline = Clock::now() + settings_.startup_timeout;
  while (Clock::now() < deadline) {
    const bool answers = answers_health(address);
    // In this order: whoever answers once it has ended is somebody else.
    if (!child.running()) return Health::ended;
    if (answers) return Health::good;
    if (!pause(kHealthPollInterval)) return Health::stopped;
  }
  return Health::too_late;
}

// Servers without /health have the list of models.
bool LocalServer::answers_health(const Address& address) {
  const int status = get(address.base_url + "/health", address.api_key).status;
  if (status != 404 && status != 405) return status == 200;
  return get(address.base_url + "/v1/models", address.api_key).status == 200;
}

net::HttpResult LocalServer::get(const std::string& url, const std::string& api_key) {
  net::HttpCall call;
  call.url = url;
  call.method = "GET";
  call.timeout_ms = kHealthTimeout_ms;
  if (!api_key.empty()) call.headers.push_back("Authorization: Bearer " + api_key);
  auto answer = std::make_shared<std::promise<net::HttpResult>>();
  std::future<net::HttpResult> result = answer->get_future();
  loop_.start(std::move(call),
              [answer](net::HttpResult got) { answer->set_value(std::move(got)); });
  return result.get();
}

std::vector<std::string> LocalServer::models_of(const Address& address) {
  const net::HttpResult list = get(address.base_url + "/v1/models", address.api_key);
  return list.status == 200 ? listed_models(list.body) : std::vector<std::string>();
}

void LocalServer::warn_of_openness(const Address& address, int port) {
  if (std::exchange(warned_, true)) return;
  if (listens_beyond_loopback(port)) {
    events_.log(LogLevel::warning,
                "the model's server listens beyond 127.0.0.1, where other machines may reach it: "
                "say `--host {host}` in `command`, or what it calls that");
  }
  if (get(address.base_url + "/v1/models", "").status == 200) {
    events_.log(LogLevel::warning,
                "the model's server answers without a key, so that other users of this machine can "
                "use it: say `--api-key {api_key}` in `command`, or what it calls that");
  }
}

Status LocalServer::failure(const std::string& what) const {
  std::string text = "service '" + settings_.service + "': the model's server (" +
                     settings_.program + ") " + what + ".";
  const std::string tail = process::tail_of(settings_.log_path, kTailLines);
  if (!tail.empty()) text += " The end of " + settings_.log_path + ":\n" + tail;
  return Status::run_fault(StatusCode::unavailable, std::move(text));
}

}  // namespace rare::llm
