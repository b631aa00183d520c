// What a run tells Prometheus while it goes on: /metrics at a port of the loopback.
// Thread-safety: one thread; what is shown is asked for on the server's own.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "engine/observe/http_pages.h"
#include "engine/observe/metrics_page.h"
#include "rare/status.h"

namespace rare::engine {

class MetricsEndpoint {
 public:
  // At 127.0.0.1; of port 0 the system chooses a free one. Refused where the port cannot be had;
  // the message begins with it. `version` is the engine's.
  static Result<std::unique_ptr<MetricsEndpoint>> open(int port, std::string version);

  std::string url() const;

  // From now on `run` is asked each time that somebody scrapes.
  void show(std::function<RunMetrics()> run);
  // Returns when nobody asks it any more; the page then has the process alone.
  void hide();

 private:
  explicit MetricsEndpoint(std::string version) : version_(std::move(version)) {}
  HttpPage page(std::string_view accept);

  const std::string version_;
  std::mutex mutex_;
  std::function<RunMetrics()> run_;
  std::unique_ptr<HttpPages> pages_;  // last: its thread asks for the others
};

}  // namespace rare::engine
