// Where a run can be looked at while it goes on: the page of `--ui`, and what `top` and `tap` ask.
// Thread-safety: one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/observe/http_pages.h"
#include "engine/observe/live_run.h"
#include "rare/status.h"

namespace rare::engine {

// The socket beside a run's state; whoever may enter its folder can ask.
inline constexpr const char* kLiveSocket = "live.sock";

class LivePages {
 public:
  // At a place of the network. Where others than this machine reach it, every request must carry a
  // token that is drawn here and stands in url(); where only this machine does, it must name it, so
  // that no page of another site in a browser here can ask. REQUIRES: the run outlives this.
  static Result<std::unique_ptr<LivePages>> on_network(const NetworkPlace& place, LiveRun& run);
  // In the folder of the run's state, which the caller holds.
  static Result<std::unique_ptr<LivePages>> in_folder(const std::string& folder, LiveRun& run);
  ~LivePages();
  LivePages(const LivePages&) = delete;
  LivePages& operator=(const LivePages&) = delete;

  // Empty for those in a folder.
  const std::string& url() const { return url_; }

 private:
  LivePages() = default;
  std::string url_;
  std::string file_;  // the socket's, or empty
  std::unique_ptr<HttpPages> pages_;
};

}  // namespace rare::engine
