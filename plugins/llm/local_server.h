// LocalServer: a server of our own that speaks the chat protocol, on a loopback port: started when
// first needed, watched, started again when it dies, ended with the service or with the engine.
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

#include "plugins/net/http_loop.h"
#include "plugins/process/child_process.h"
#include "rare/context.h"
#include "rare/status.h"

namespace rare::llm {

class LocalServer {
 public:
  struct Settings {
    std::string service;  // the service's name, for messages
    std::string program;
    // "{host}", "{port}" and "{api_key}" in them become those of each start.
    std::vector<std::string> arguments;
    std::vector<std::string> environment;  // "NAME=value"
    std::string log_path;
    // Any program that somebody named: what it serves is asked of it, and what it leaves open to
    // others is said.
    bool is_foreign = false;
    std::chrono::milliseconds startup_timeout{120'000};
    std::chrono::milliseconds restart_pause{500};  // before the first restart; doubles
    int most_deaths = 5;                           // within ten minutes
  };
  // What a healthy server is asked at.
  struct Address {
    std::string base_url;  // http://127.0.0.1:PORT
    std::string api_key;
    std::vector<std::string> models;  // that it lists; of a foreign one
  };
  struct Events {
    std::function<void()> begin;               // first on the thread, before any start is looked at
    std::function<Status(const Address&)> up;  // an error is a fault of the run
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
  // stopped: as asked; failed: said to events_.failed.
  enum class Ending { stopped, failed, never_healthy, died };

  void supervise();
  // One life of the child, from start to end.
  Ending live_once(std::string& how);
  enum class Health { good, ended, too_late, stopped };
  Health wait_healthy(process::ChildProcess& child, const Address& address);
  bool answers_health(const Address& address);
  net::HttpResult get(const std::string& url, const std::string& api_key);
  std::vector<std::string> models_of(const Address& address);
  // Once: what other users of this machine, or other machines, can do with the server.
  void warn_of_openness(const Address& address, int port);
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
  bool warned_ = false;                     // of openness; of the thread
  std::thread thread_;
};

}  // namespace rare::llm
