// What bm25.opensearch needs of a cluster, on loopback: indexes, aliases, bulk loads, searches that
// count common words. Faults come first, as the test says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "http_server.h"
#include "rare/json.h"

namespace rare::opensearch::testing {

using rare::testing::HttpRequest;
using rare::testing::HttpResponse;
using rare::testing::HttpServer;

HttpResponse json_response(int status, const Json& body);
HttpResponse error_response(int status, const std::string& type, const std::string& reason);

class FakeCluster {
 public:
  // An answer in the place of the cluster's own; nothing: that one's. On the server's thread.
  using Fault = std::function<std::optional<HttpResponse>(const HttpRequest& request)>;

  explicit FakeCluster(Fault fault = {});
  std::string url() const { return server_.url(); }

  // "METHOD /path" of all requests so far, without queries.
  std::vector<std::string> requests() const;
  std::string authorization() const;            // of the last one
  int count(const std::string& request) const;  // whose "METHOD /path" has this in it
  std::vector<std::string> indexes() const;
  std::vector<std::string> aliases() const;
  Json definition(const std::string& index) const;
  std::size_t documents(const std::string& index) const;
  void remove_document(const std::string& index);
  void add_index(const std::string& index, const Json& mappings);
  std::uint64_t most_searches_of_a_batch() const;

 private:
  struct Index {
    Json definition;
    std::map<std::string, Json> documents;
  };
  HttpResponse answer(const HttpRequest& request);
  HttpResponse of_index(const std::string& method, const std::string& index,
                        const std::string& action, const HttpRequest& request);
  HttpResponse bulk(Index& index, std::string_view body);
  HttpResponse msearch(const Index& index, std::string_view body);
  HttpResponse list_aliases() const;

  mutable std::mutex mutex_;
  Fault fault_;
  std::vector<std::string> requests_;
  std::string authorization_;
  std::map<std::string, Index> indexes_;
  std::map<std::string, std::set<std::string>> aliases_;  // to indexes
  std::uint64_t most_searches_ = 0;
  HttpServer server_;
};

}  // namespace rare::opensearch::testing
