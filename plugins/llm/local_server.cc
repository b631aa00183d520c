#include "plugins/llm/local_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <future>
#include <random>
#include <utility>

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

// How long threads of an OpenMP server look out for the next piece of work before they sleep,
// unless the user says: by default for milliseconds, in which a machine with other work, too, gets
// a tenth of the tokens. Ten microseconds (300 turns of libgomp) cost an idle one nothing.
std::vector<std::string> openmp_environment() {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) {
    return {};
  }
  return {"GOMP_SPINCOUNT=300"};
}

}  // namespace

int free_loopback_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  int port = 0;
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(fd);
  return port;
}

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
    if (ending == Ending::stopped) return;
    if (ending == Ending::died) ever_healthy = true;
    if (ending == Ending::never_healthy) ++failed_starts;
    // A second try, because somebody may have taken the port in between.
    if (!ever_healthy && failed_starts >= 2)
      return events_.failed(failure("does not start: " + how));
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
  const std::string base_url = "http://127.0.0.1:" + std::to_string(port);
  const std::string key = random_key();
  std::vector<std::string> arguments = settings_.arguments;
  for (const std::string& text : {std::string("--host"), std::string("127.0.0.1"),
                                  std::string("--port"), std::to_string(port)}) {
    arguments.push_back(text);
  }
  say("loading the model");
  // The key goes by the environment: arguments can be read by every user of the machine.
  std::vector<std::string> environment = openmp_environment();
  environment.push_back("LLAMA_API_KEY=" + key);
  auto child = ChildProcess::start(settings_.program, arguments, environment, settings_.log_path);
  if (!child) {
    how = child.status().message();
    return Ending::never_healthy;
  }
  if (!wait_healthy(*child, base_url, how)) {
    child->end(kEndGrace);
    return stopping() ? Ending::stopped : Ending::never_healthy;
  }
  say("");
  events_.up(base_url, key);
  while (child->running()) {
    if (pause(kHealthPollInterval)) continue;
    child->end(kEndGrace);
    return Ending::stopped;
  }
  how = child->how_it_ended();
  events_.down();
  return Ending::died;
}

bool LocalServer::wait_healthy(ChildProcess& child, const std::string& base_url, std::string& how) {
  const auto deadline = Clock::now() + settings_.startup_timeout;
  while (Clock::now() < deadline) {
    if (answers_health(base_url)) return true;
    if (!child.running()) {
      how = child.how_it_ended();
      return false;
    }
    if (!pause(kHealthPollInterval)) return false;
  }
  how = "not ready after " +
        std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(settings_.startup_timeout).count()) +
        " s (`startup_timeout_s`)";
  return false;
}

bool LocalServer::answers_health(const std::string& base_url) {
  net::HttpCall call;
  call.url = base_url + "/health";
  call.method = "GET";
  call.timeout_ms = kHealthTimeout_ms;
  auto answer = std::make_shared<std::promise<int>>();
  std::future<int> status = answer->get_future();
  loop_.start(std::move(call),
              [answer](net::HttpResult result) { answer->set_value(result.status); });
  return status.get() == 200;
}

Status LocalServer::failure(const std::string& what) const {
  std::string text = "service '" + settings_.service + "': the model's server (" +
                     settings_.program + ") " + what + ".";
  const std::string tail = tail_of(settings_.log_path, kTailLines);
  if (!tail.empty()) text += " The end of " + settings_.log_path + ":\n" + tail;
  return Status::run_fault(StatusCode::unavailable, std::move(text));
}

}  // namespace rare::llm
