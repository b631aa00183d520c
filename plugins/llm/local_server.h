// LocalServer: a `llama-server` of our own on a loopback port: started when first needed, watched,
// started again when it dies, ended with the service or with the engine.
//
// Thread-safety: start(), stop() and activity() from any thread. Events are called on the server's
// own thread, which is also the one the child is bound to.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plugins/llm/child_process.h"
#include "plugins/net/http_loop.h"
#include "rare/context.h"
#include "rare/status.h"

namespace rare::llm {

class LocalServer {
 public:
  struct Settings {
    std::string service;  // the service's name, for messages
    std::string program;
    std::vector<std::string> arguments;  // without host, port and key
    std::string log_path;
    std::chrono::milliseconds startup_timeout{120'000};
    std::chrono::milliseconds restart_pause{500};  // before the first restart; doubles
    int most_deaths = 5;                           // within ten minutes
  };
  struct Events {
    std::function<void()> begin;  // first on the thread, before any start is looked at
    std::function<void(const std::string& base_url, const std::string& api_key)> up;
    std::function<void()> down;
    std::function<void(Status)> failed;  // a fault of the run; nothing comes after it
    std::function<void(LogLevel, const std::string&)> log;
  };

  // `loop` asks for the server's health and must outlive stop().
  LocalServer(Settings settings, Events events, net::HttpLoop& loop);
  ~LocalServer();  // stop()
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  // Asks for the server; returns at once. Again and again is fine.
  void start();
  // Ends the server and waits for its end. No event comes afterwards.
  void stop();
  std::string activity() const;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Ending { stopped, never_healthy, died };

  void supervise();
  // One life of the child, from start to end.
  Ending live_once(std::string& how);
  // Whether it got healthy in time; if not, `how` says why.
  bool wait_healthy(ChildProcess& child, const std::string& base_url, std::string& how);
  bool answers_health(const std::string& base_url);
  // False when stopping; else after the pause.
  bool pause(std::chrono::milliseconds length);
  bool stopping() const;
  void say(std::string activity);
  Status failure(const std::string& what) const;

  const Settings settings_;
  const Events events_;
  net::HttpLoop& loop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false, stopping_ = false;  // guarded by mutex_
  std::string activity_;                    // guarded by mutex_
  std::thread thread_;
};

// A port of 127.0.0.1 that nobody listens on now.
int free_loopback_port();

}  // namespace rare::llm
