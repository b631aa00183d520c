#include "engine/observe/metrics_endpoint.h"

#include <optional>
#include <string_view>
#include <utility>

namespace rare::engine {

Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(int port, std::string version) {
  Result<Listening> at = Listening::on_network({.port = port});
  if (!at) return at.status();
  std::unique_ptr<MetricsEndpoint> made(new MetricsEndpoint(std::move(version)));
  MetricsEndpoint* const self = made.get();
  Result<std::unique_ptr<HttpPages>> pages =
      HttpPages::open(std::move(*at), {{"/metrics", [self](const HttpRequest& request) {
                                          return self->page(request.header("Accept"));
                                        }}});
  if (!pages) return pages.status();
  made->pages_ = std::move(*pages);
  return made;
}

std::string MetricsEndpoint::url() const {
  return "http://127.0.0.1:" + std::to_string(pages_->port()) + "/metrics";
}

void MetricsEndpoint::show(std::function<RunMetrics()> run) {
  const std::lock_guard lock(mutex_);
  run_ = std::move(run);
}

void MetricsEndpoint::hide() {
  const std::lock_guard lock(mutex_);
  run_ = nullptr;
}

HttpPage MetricsEndpoint::page(std::string_view accept) {
  const MetricsFormat format = metrics_format(accept);
  std::optional<RunMetrics> run;
  {
    const std::lock_guard lock(mutex_);
    if (run_) run = run_();
  }
  return {content_type(format), metrics_text(format, version_, process_metrics(), run), 200, {}};
}

}  // namespace rare::engine
