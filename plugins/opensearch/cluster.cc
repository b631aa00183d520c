#include "plugins/opensearch/cluster.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <string_view>
#include <thread>
#include <utility>

#include "plugins/net/credentials.h"

namespace rare::opensearch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{200};
constexpr milliseconds kLongestPause{30'000};
constexpr double kLongestRetryAfter_s = 600;
constexpr milliseconds kLookAgain{50};  // whether the run is being stopped
constexpr std::size_t kShortestSecret = 4;
constexpr std::size_t kGreatestAnswerBytes = std::size_t{1} << 30;
constexpr std::size_t kMostOfAnError = 500;

bool has_line_break(const std::string& text) {
  return text.find_first_of("\r\n") != std::string::npos;
}

// Cut to scheme://host:port and path, without a slash at the end.
Result<std::string> checked_url(const std::string& base_url) {
  std::string url = base_url;
  while (url.ends_with('/')) url.pop_back();
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (url.find('@') != std::string::npos) {
    return Status(StatusCode::invalid_argument,
                  "`base_url` holds a user or password; name them by `user` and `password`");
  }
  if ((scheme != "http" && scheme != "https") || url.size() <= scheme_end + 3 ||
      has_line_break(url)) {
    return Status(
        StatusCode::invalid_argument,
        "`base_url`: expected http://HOST:PORT or https://HOST:PORT, found \"" + base_url + "\"");
  }
  return url;
}

std::optional<milliseconds> retry_after_of(const net::HttpResult& result) {
  const auto header = result.header("retry-after");
  if (!header) return std::nullopt;
  double seconds = 0;
  const char* end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, seconds);
  if (error != std::errc() || stop != end) return std::nullopt;  // a date: the usual pause does
  return milliseconds(
      static_cast<std::int64_t>(1000 * std::clamp(seconds, 0.0, kLongestRetryAfter_s)));
}

const Json* member(const Json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto at = json.find(name);
  return at == json.end() ? nullptr : &*at;
}

std::string text_of(const Json& json, const char* name) {
  const Json* value = member(json, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

}  // namespace

bool may_pass(int http_status) {
  return http_status == 408 || http_status == 429 || http_status == 502 || http_status == 503 ||
         http_status == 504;
}

bool is_of_all_shards(const Json& answer) {
  const Json shards = answer.value("_shards", Json::object());
  const int total = shards.value("total", 0);
  return shards.value("failed", 0) == 0 && shards.value("successful", total) >= total;
}

std::string reason_of(const Json& error) {
  if (error.is_string()) return error.get<std::string>();
  std::string said = text_of(error, "type");
  const std::string reason = text_of(error, "reason");
  if (!reason.empty()) said += (said.empty() ? "" : ": ") + reason;
  for (const char* name : {"root_cause", "failed_shards"}) {
    const Json* causes = member(error, name);
    if (causes == nullptr || !causes->is_array() || causes->empty()) continue;
    const Json* nested = member(causes->front(), "reason");
    const std::string cause =
        nested != nullptr && nested->is_object() ? reason_of(*nested) : reason_of(causes->front());
    if (!cause.empty() && said.find(cause) == std::string::npos) said += " (" + cause + ")";
  }
  if (const Json* cause = member(error, "caused_by"); cause != nullptr) {
    said += " (" + reason_of(*cause) + ")";
  }
  return said;
}

Result<std::unique_ptr<Cluster>> Cluster::make(ClusterOptions options) {
  const auto wrong = [](const std::string& what) {
    return Status(StatusCode::invalid_argument, what);
  };
  if (options.base_url.empty()) return wrong("`base_url` is empty: expected the cluster's URL");
  for (std::string& url : options.base_url) {
    Result<std::string> checked = checked_url(url);
    if (!checked) return checked.status();
    url = std::move(*checked);
  }
  if (!options.api_key.empty() && !(options.user.empty() && options.password.empty())) {
    return wrong("expected `api_key`, or `user` and `password`, found both");
  }
  if (options.user.empty() && !options.password.empty()) {
    return wrong("`password` has no `user`");
  }
  if (options.user.find(':') != std::string::npos) return wrong("`user` holds a colon");
  for (const std::string* text : {&options.user, &options.password, &options.api_key}) {
    if (has_line_break(*text)) return wrong("`user`, `password` or `api_key` holds a line break");
  }
  return std::unique_ptr<Cluster>(new Cluster(std::move(options)));
}

Cluster::Cluster(ClusterOptions options)
    : options_(std::move(options)), loop_(options_.connections) {
  std::string authorization;
  if (!options_.api_key.empty()) authorization = "ApiKey " + options_.api_key;
  if (!options_.user.empty()) {
    const std::string encoded = net::base64_of(options_.user + ":" + options_.password);
    authorization = "Basic " + encoded;
    secrets_.push_back(encoded);
  }
  if (!authorization.empty()) headers_.push_back("Authorization: " + authorization);
  for (const std::string* secret : {&options_.password, &options_.api_key}) {
    if (secret->size() >= kShortestSecret) secrets_.push_back(*secret);
  }
}

std::string Cluster::hidden(std::string text) const {
  return net::without_secrets(std::move(text), secrets_);
}

Status Cluster::named(const Status& cause) const {
  if (cause.code() == StatusCode::cancelled) return cause;
  const std::string message =
      "service `" + options_.service + "` (bm25.opensearch): " + cause.message();
  return cause.fault() == Fault::run ? Status::run_fault(cause.code(), message)
                                     : Status(cause.code(), message);
}

void Cluster::send(ClusterRequest request, Done done) {
  net::HttpCall call;
  call.url = options_.base_url[node_ % options_.base_url.size()] + request.path;
  call.method = request.method;
  call.headers = headers_;
  if (!request.body.empty()) {
    call.headers.emplace_back(request.lines ? "Content-Type: application/x-ndjson"
                                            : "Content-Type: application/json");
  }
  call.body = std::move(request.body);
  call.ca_file = options_.ca_file;
  call.timeout_ms = options_.timeout_ms;
  call.max_body_bytes = kGreatestAnswerBytes;
  request.body.clear();
  loop_.start(std::move(call),
              [this, request = std::move(request), done = std::move(done)](net::HttpResult result) {
                ClusterAnswer answer = answer_of(request, std::move(result));
                if (answer.again) ++node_;  // another one may be better off
                done(std::move(answer));
              });
}

Status Cluster::refusal(const ClusterRequest& request, int status, const std::string& said) const {
  const std::string what = name() + ": " + request.method + " " +
                           request.path.substr(0, request.path.find('?')) + " was answered with " +
                           std::to_string(status) + (said.empty() ? "" : ", " + said);
  if (status == 401) {
    return Status::run_fault(StatusCode::permission_denied,
                             what + "; check `user` and `password`, or `api_key`");
  }
  if (status == 403) {
    return Status::run_fault(
        StatusCode::permission_denied,
        what + "; the user or key needs the right to make, fill and search the index");
  }
  if (may_pass(status)) return Status::run_fault(StatusCode::unavailable, what);
  return Status::run_fault(status == 404 ? StatusCode::not_found : StatusCode::invalid_argument,
                           what);
}

ClusterAnswer Cluster::answer_of(const ClusterRequest& request, net::HttpResult result) const {
  ClusterAnswer answer;
  answer.http_status = result.failure == net::TransferFailure::none ? result.status : 0;
  if (result.failure == net::TransferFailure::cancelled) {
    answer.status = Status::cancelled();
    return answer;
  }
  if (result.failure != net::TransferFailure::none) {
    const bool lasts = result.failure == net::TransferFailure::untrusted ||
                       result.failure == net::TransferFailure::too_large;
    answer.again = !lasts;
    answer.status = Status::run_fault(
        lasts ? StatusCode::invalid_argument : StatusCode::unavailable,
        name() + ": no answer to " + request.method + " " +
            request.path.substr(0, request.path.find('?')) + ": " + hidden(result.error) +
            (result.failure == net::TransferFailure::untrusted
                 ? "; `ca_file` names the certificates to trust"
                 : ""));
    return answer;
  }
  answer.body = Json::parse(result.body, nullptr, false);
  if (result.status == 200 || result.status == 201) {
    if (!answer.body.is_discarded()) return answer;
    // Cut where nothing says how long it was, or not the cluster's own.
    answer.again = true;
    answer.status =
        Status::run_fault(StatusCode::unavailable,
                          name() + ": the answer to " + request.method + " " +
                              request.path.substr(0, request.path.find('?')) +
                              " is cut off, or not that of a cluster: expected JSON, found \"" +
                              hidden(result.body.substr(0, kMostOfAnError)) + "\"");
    return answer;
  }
  const Json* error = member(answer.body, "error");
  if (error != nullptr) answer.error_type = text_of(*error, "type");
  std::string said = error != nullptr ? reason_of(*error) : result.body;
  if (said.size() > kMostOfAnError) said = said.substr(0, kMostOfAnError) + "...";
  answer.status = refusal(request, result.status, hidden(std::move(said)));
  answer.again = may_pass(result.status);
  answer.throttled = result.status == 429;
  answer.retry_after = retry_after_of(result);
  return answer;
}

milliseconds Cluster::pause_before(int attempts, const ClusterAnswer& answer) const {
  if (answer.retry_after) return *answer.retry_after;
  const int doublings = std::clamp(attempts - 1, 0, 10);
  return std::min(kFirstPause * (1 << doublings), kLongestPause);
}

bool Cluster::rest(std::chrono::milliseconds pause, const std::function<bool()>& stopped) {
  const auto end = std::chrono::steady_clock::now() + pause;
  while (std::chrono::steady_clock::now() < end) {
    if (stopped()) return false;
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(kLookAgain, end - std::chrono::steady_clock::now()));
  }
  return true;
}

ClusterAnswer Cluster::ask(const ClusterRequest& request, const std::function<bool()>& stopped) {
  ClusterAnswer cancelled;
  cancelled.status = Status::cancelled();
  for (int attempts = 1;; ++attempts) {
    const auto promise = std::make_shared<std::promise<ClusterAnswer>>();
    std::future<ClusterAnswer> future = promise->get_future();
    send(request, [promise](ClusterAnswer answer) { promise->set_value(std::move(answer)); });
    while (future.wait_for(kLookAgain) != std::future_status::ready) {
      if (stopped()) return cancelled;
    }
    ClusterAnswer answer = future.get();
    if (!answer.again || attempts > options_.max_retries) return answer;
    count_retry(answer.throttled);
    if (!rest(pause_before(attempts, answer), stopped)) return cancelled;
  }
}

}  // namespace rare::opensearch
