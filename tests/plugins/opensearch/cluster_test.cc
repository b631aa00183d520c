#include "plugins/opensearch/cluster.h"

#include <atomic>
#include <string>
#include <utility>

#include "catch.h"
#include "fake_cluster.h"

namespace rare::opensearch {
namespace {

using testing::error_response;
using testing::FakeCluster;
using testing::HttpRequest;
using testing::HttpResponse;
using testing::json_response;

ClusterOptions options_for(const std::string& url) {
  ClusterOptions options;
  options.service = "corpus";
  options.base_url = {url};
  options.max_retries = 3;
  return options;
}

std::unique_ptr<Cluster> cluster_at(ClusterOptions options) {
  Result<std::unique_ptr<Cluster>> cluster = Cluster::make(std::move(options));
  REQUIRE(cluster.ok());
  return std::move(*cluster);
}

ClusterAnswer get(Cluster& cluster, const std::string& path = "/") {
  ClusterRequest request;
  request.method = "GET";
  request.path = path;
  return cluster.ask(request, [] { return false; });
}

bool has(const Status& status, const std::string& part) {
  INFO(status.message());
  return status.message().find(part) != std::string::npos;
}

TEST_CASE("A busy cluster is asked again, after the time that it says, and then answers") {
  std::atomic<int> attempts{0};
  FakeCluster server([&](const HttpRequest&) -> std::optional<HttpResponse> {
    const int attempt = ++attempts;
    if (attempt > 3) return std::nullopt;
    HttpResponse busy = error_response(attempt == 2 ? 503 : 429, "rejected_execution", "busy");
    busy.headers.emplace_back("Retry-After", "0");
    return busy;
  });
  const auto cluster = cluster_at(options_for(server.url()));
  CHECK(get(*cluster).status.ok());
  CHECK(attempts == 4);
  CHECK(cluster->retries() == 3);
  CHECK(cluster->throttled() == 2);
}

TEST_CASE("A cluster that stays busy is an outage that names what it said") {
  FakeCluster server([](const HttpRequest&) {
    HttpResponse busy = error_response(429, "rejected_execution", "queue is full");
    busy.headers.emplace_back("Retry-After", "0");
    return busy;
  });
  const auto cluster = cluster_at(options_for(server.url()));
  const Status status = get(*cluster).status;
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(status.fault() == Fault::run);
  CHECK(has(status, "429, rejected_execution: queue is full"));
  CHECK(server.requests().size() == 4);
}

TEST_CASE("A connection that is cut is tried again, on the next node") {
  FakeCluster broken([](const HttpRequest&) {
    HttpResponse cut = json_response(200, Json::object());
    cut.cut_at_share = 0.5;
    return cut;
  });
  FakeCluster sound;
  ClusterOptions options = options_for(broken.url());
  options.base_url.push_back(sound.url());
  const auto cluster = cluster_at(options);
  CHECK(get(*cluster).status.ok());
  CHECK(broken.requests().size() == 1);
  CHECK(sound.requests().size() == 1);
}

TEST_CASE("A refused key is told at once, without the key, and is never tried again") {
  FakeCluster server([](const HttpRequest& request) {
    const std::string seen(request.header("authorization"));
    return error_response(401, "security_exception", "bad key " + seen);
  });
  ClusterOptions options = options_for(server.url());
  options.api_key = "c2VjcmV0LWtleQ";
  const auto cluster = cluster_at(options);
  const Status status = get(*cluster).status;
  CHECK(server.authorization() == "ApiKey c2VjcmV0LWtleQ");
  CHECK(status.code() == StatusCode::permission_denied);
  CHECK(has(status, "401"));
  CHECK(has(status, "check `user` and `password`, or `api_key`"));
  CHECK(has(status, "bad key ApiKey ***"));
  CHECK_FALSE(has(status, "c2Vj"));
  CHECK(server.requests().size() == 1);
}

TEST_CASE("User and password go out as basic authentication, and are hidden in what comes back") {
  FakeCluster server([](const HttpRequest& request) {
    const std::string seen(request.header("authorization"));
    return error_response(403, "security_exception", "no rights for " + seen + " with pass-word");
  });
  ClusterOptions options = options_for(server.url());
  options.user = "someone";
  options.password = "pass-word";
  const auto cluster = cluster_at(options);
  const Status status = get(*cluster).status;
  CHECK(server.authorization() == "Basic c29tZW9uZTpwYXNzLXdvcmQ=");
  CHECK(has(status, "no rights for Basic *** with ***"));
  CHECK(has(status, "needs the right to make, fill and search the index"));
}

TEST_CASE("Nobody there is an outage that names the URL") {
  ClusterOptions options = options_for("http://127.0.0.1:1");
  options.max_retries = 0;
  const auto cluster = cluster_at(options);
  const Status status = get(*cluster).status;
  CHECK(status.code() == StatusCode::unavailable);
  CHECK(has(status, "http://127.0.0.1:1: no answer to GET /"));
}

TEST_CASE("What cannot be an address or a login is refused, and a password in the URL not shown") {
  const auto refused = [](const std::function<void(ClusterOptions&)>& change) {
    ClusterOptions options = options_for("http://127.0.0.1:9200");
    change(options);
    return Cluster::make(std::move(options)).status();
  };
  CHECK(has(refused([](ClusterOptions& o) { o.base_url = {"localhost:9200"}; }),
            "expected http://HOST:PORT or https://HOST:PORT"));
  const Status in_url =
      refused([](ClusterOptions& o) { o.base_url = {"http://me:hunter22@localhost"}; });
  CHECK(has(in_url, "name them by `user` and `password`"));
  CHECK_FALSE(has(in_url, "hunter22"));
  CHECK(has(refused([](ClusterOptions& o) {
              o.api_key = "x";
              o.user = "y";
            }),
            "found both"));
  CHECK(has(refused([](ClusterOptions& o) { o.password = "x"; }), "`password` has no `user`"));
  CHECK(has(refused([](ClusterOptions& o) { o.api_key = "x\r\ny"; }), "line break"));
}

TEST_CASE("Pauses grow up to half a minute; the cluster's own word counts first") {
  const auto cluster = cluster_at(options_for("http://127.0.0.1:9200"));
  ClusterAnswer answer;
  CHECK(cluster->pause_before(1, answer) == std::chrono::milliseconds(200));
  CHECK(cluster->pause_before(3, answer) == std::chrono::milliseconds(800));
  CHECK(cluster->pause_before(50, answer) == std::chrono::seconds(30));
  answer.retry_after = std::chrono::milliseconds(7);
  CHECK(cluster->pause_before(50, answer) == std::chrono::milliseconds(7));
}

}  // namespace
}  // namespace rare::opensearch
