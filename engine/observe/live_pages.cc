#include "engine/observe/live_pages.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string_view>
#include <utility>

#include "engine/observe/live_page.h"
#include "engine/observe/log_tail.h"
#include "engine/text/random_token.h"

namespace rare::engine {
namespace {

HttpPage page_of(const Json& json, unsigned status = 200) {
  return {"application/json",
          json.dump(-1, ' ', false, Json::error_handler_t::replace),
          status,
          {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}}};
}

HttpPage error_page(unsigned status, const std::string& message) {
  return page_of({{"error", message}}, status);
}

HttpPage page_of(const Result<Json>& json) {
  if (json) return page_of(*json);
  const StatusCode code = json.status().code();
  const unsigned status = code == StatusCode::not_found     ? 404
                          : code == StatusCode::unavailable ? 503
                                                            : 500;
  return error_page(status, json.status().message());
}

template <class Number>
Number number_in(const HttpRequest& request, const char* name, Number otherwise) {
  const std::string text = request.argument(name);
  Number number = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

// The page is one file: it may load nothing, and ask nobody but this server.
HttpPage html_page(const HttpRequest&) {
  HttpPage page{"text/html; charset=utf-8", {}, 200, {}};
  page.headers = {{"Cache-Control", "no-store"},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Referrer-Policy", "no-referrer"},
                  {"Content-Encoding", "gzip"},
                  {"Content-Security-Policy",
                   "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                   "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
                   "frame-ancestors 'none'"}};
  page.body = live_page();
  return page;
}

Json log_after(std::uint64_t seq) {
  Json lines = Json::array();
  std::uint64_t next = seq;
  for (LogEvent& event : LogTail::of_process().after(seq)) {
    const std::time_t at = std::chrono::system_clock::to_time_t(event.time);
    std::tm parts{};
    ::localtime_r(&at, &parts);
    char time[16];
    std::strftime(time, sizeof time, "%H:%M:%S", &parts);
    next = event.seq;
    lines.push_back({{"seq", event.seq},
                     {"time", time},
                     {"level", level_name(event.level)},
                     {"component", std::move(event.component)},
                     {"message", std::move(event.message)}});
  }
  return {{"next", next}, {"lines", std::move(lines)}};
}

HttpPages::Pages pages_of(LiveRun& run) {
  return {
      {"/", html_page},
      {"/api/run", [&run](const HttpRequest&) { return page_of(run.run()); }},
      {"/api/progress", [&run](const HttpRequest&) { return page_of(run.progress()); }},
      {"/api/history",
       [&run](const HttpRequest& request) {
         return page_of(run.history(number_in(request, "after", -1.0)));
       }},
      {"/api/dead", [&run](const HttpRequest&) { return page_of(run.dead_letters()); }},
      {"/api/tap",
       [&run](const HttpRequest& request) {
         return page_of(run.samples(request.argument("node"), request.argument("port"),
                                    number_in(request, "after", std::uint64_t{0})));
       }},
      {"/api/log",
       [](const HttpRequest& request) {
         return page_of(log_after(number_in(request, "after", std::uint64_t{0})));
       }},
  };
}

// Takes as long however much of it is right.
bool are_equal(std::string_view a, std::string_view b) {
  unsigned char differs = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    differs |= static_cast<unsigned char>(a[i] ^ b[i]);
  }
  return differs == 0;
}

// A name that another site gave this machine's address (DNS rebinding) is not one of these.
bool names_this_machine(const std::string& host) {
  const std::string name =
      host.substr(0, host.rfind(']') == std::string::npos ? host.find(':') : host.rfind(']') + 1);
  return name == "localhost" || name == "[::1]" ||
         (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

std::optional<HttpPage> refusal_of_names(const HttpRequest& request) {
  if (names_this_machine(request.header("Host"))) return std::nullopt;
  return error_page(403, "ask by 127.0.0.1 or localhost: '" + request.header("Host") +
                             "' may be another site's name for this machine");
}

}  // namespace

Result<std::unique_ptr<LivePages>> LivePages::on_network(const NetworkPlace& place, LiveRun& run) {
  Result<Listening> at = Listening::on_network(place);
  if (!at) return at.status();
  std::unique_ptr<LivePages> made(new LivePages());
  NetworkPlace bound = place;
  bound.port = at->port();
  made->url_ = "http://" + bound.text() + "/";
  HttpPages::Refuse refuse = refusal_of_names;
  if (!place.is_loopback()) {
    const Result<std::string> drawn = random_token();
    if (!drawn) return drawn.status();
    made->url_ += "?token=" + *drawn;
    refuse = [token = *drawn](const HttpRequest& request) -> std::optional<HttpPage> {
      if (are_equal(request.argument("token"), token)) return std::nullopt;
      return error_page(403, "expected ?token=..., as the run told its address when it began");
    };
  }
  auto pages = HttpPages::open(std::move(*at), pages_of(run), std::move(refuse));
  if (!pages) return pages.status();
  made->pages_ = std::move(*pages);
  return made;
}

Result<std::unique_ptr<LivePages>> LivePages::in_folder(const std::string& folder, LiveRun& run) {
  Result<Listening> at = Listening::in_folder(folder, kLiveSocket);
  if (!at) return at.status();
  auto pages = HttpPages::open(std::move(*at), pages_of(run));
  if (!pages) return pages.status();
  std::unique_ptr<LivePages> made(new LivePages());
  made->file_ = folder + "/" + kLiveSocket;
  made->pages_ = std::move(*pages);
  return made;
}

LivePages::~LivePages() {
  pages_.reset();
  if (!file_.empty()) ::unlink(file_.c_str());
}

}  // namespace rare::engine
