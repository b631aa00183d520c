#include "fake_cluster.h"

#include <algorithm>
#include <sstream>

namespace rare::opensearch::testing {
namespace {

std::vector<Json> lines_of(std::string_view body) {
  std::vector<Json> lines;
  std::istringstream text{std::string(body)};
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::set<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::set<std::string> words;
  for (std::string word; stream >> word;) words.insert(word);
  return words;
}

Json hits_of(const Json& search, const std::map<std::string, Json>& documents) {
  const auto wanted = words_of(search.at("query").at("match").at("text").at("query"));
  std::vector<Json> hits;
  for (const auto& [id, document] : documents) {
    int common = 0;
    for (const std::string& word : words_of(document.at("text"))) {
      common += wanted.contains(word) ? 1 : 0;
    }
    if (common == 0) continue;
    hits.push_back({{"_source", document}, {"sort", {common, document.at("ordinal")}}});
  }
  std::sort(hits.begin(), hits.end(), [](const Json& left, const Json& right) {
    const Json &a = left.at("sort"), &b = right.at("sort");
    return a[0] != b[0] ? a[0] > b[0] : a[1] < b[1];
  });
  const auto size = search.at("size").get<std::size_t>();
  if (hits.size() > size) hits.erase(hits.begin() + static_cast<std::ptrdiff_t>(size), hits.end());
  return {{"status", 200},
          {"timed_out", false},
          {"_shards", {{"total", 1}, {"successful", 1}, {"failed", 0}}},
          {"hits", {{"hits", hits}}}};
}

}  // namespace

HttpResponse json_response(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump();
  return response;
}

HttpResponse error_response(int status, const std::string& type, const std::string& reason) {
  return json_response(status,
                       {{"error", {{"type", type}, {"reason", reason}}}, {"status", status}});
}

FakeCluster::FakeCluster(Fault fault)
    : fault_(std::move(fault)),
      server_([this](const HttpRequest& request, HttpServer::Reply reply) {
        std::optional<HttpResponse> response;
        {
          const std::lock_guard lock(mutex_);
          const std::string target(request.target);
          authorization_ = request.header("authorization");
          requests_.push_back(std::string(request.method) + " " +
                              target.substr(0, target.find('?')));
        }
        if (fault_) response = fault_(request);
        reply.send(response ? std::move(*response) : answer(request));
      }) {
  server_.start();
}

HttpResponse FakeCluster::answer(const HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::string method(request.method);
  std::string target(request.target);
  target = target.substr(1, target.find('?') - 1);
  if (target.empty()) {
    return json_response(200, {{"version", {{"number", "3.8.0"}, {"distribution", "opensearch"}}}});
  }
  if (target == "_aliases") {
    const Json body = Json::parse(request.body);
    for (const Json& action : body.at("actions")) {
      const Json& add = action.at("add");
      aliases_[add.at("alias")].insert(add.at("index").get<std::string>());
    }
    return json_response(200, {{"acknowledged", true}});
  }
  const std::size_t slash = target.find('/');
  const std::string name = target.substr(0, slash);
  const std::string action = slash == std::string::npos ? "" : target.substr(slash + 1);
  if (action == "_alias") return list_aliases();
  return of_index(method, name, action, request);
}

HttpResponse FakeCluster::of_index(const std::string& method, const std::string& name,
                                   const std::string& action, const HttpRequest& request) {
  if (action.empty() && method == "PUT") {
    indexes_[name].definition = Json::parse(request.body);
    return json_response(200, {{"acknowledged", true}});
  }
  const auto alias = aliases_.find(name);
  const auto at = indexes_.find(alias == aliases_.end() ? name : *alias->second.begin());
  if (at == indexes_.end()) {
    return error_response(404, "index_not_found_exception", "no such index [" + name + "]");
  }
  if (action.empty() && method == "DELETE") {
    indexes_.erase(at);
    return json_response(200, {{"acknowledged", true}});
  }
  Index& index = at->second;
  if (action == "_bulk") return bulk(index, request.body);
  if (action == "_msearch") return msearch(index, request.body);
  if (action == "_count") return json_response(200, {{"count", index.documents.size()}});
  if (action == "_mapping" && method == "PUT") {
    index.definition["mappings"].update(Json::parse(request.body));
    return json_response(200, {{"acknowledged", true}});
  }
  if (action == "_mapping") {
    return json_response(200, {{at->first, {{"mappings", index.definition.at("mappings")}}}});
  }
  return json_response(200, Json::object());  // _refresh
}

HttpResponse FakeCluster::bulk(Index& index, std::string_view body) {
  Json items = Json::array();
  bool errors = false;
  const std::vector<Json> lines = lines_of(body);
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    const bool added =
        index.documents.try_emplace(lines[i].at("create").at("_id"), lines[i + 1]).second;
    errors = errors || !added;
    items.push_back({{"create", {{"status", added ? 201 : 409}}}});
  }
  return json_response(200, {{"errors", errors}, {"items", items}});
}

HttpResponse FakeCluster::msearch(const Index& index, std::string_view body) {
  Json responses = Json::array();
  const std::vector<Json> lines = lines_of(body);
  for (std::size_t i = 1; i < lines.size(); i += 2) {
    responses.push_back(hits_of(lines[i], index.documents));
  }
  most_searches_ = std::max<std::uint64_t>(most_searches_, responses.size());
  return json_response(200, {{"responses", responses}});
}

HttpResponse FakeCluster::list_aliases() const {
  Json body = Json::object();
  for (const auto& [name, index] : indexes_) {
    Json aliases = Json::object();
    for (const auto& [alias, targets] : aliases_) {
      if (targets.contains(name)) aliases[alias] = Json::object();
    }
    body[name] = {{"aliases", aliases}};
  }
  return json_response(200, body);
}

std::vector<std::string> FakeCluster::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::string FakeCluster::authorization() const {
  const std::lock_guard lock(mutex_);
  return authorization_;
}

int FakeCluster::count(const std::string& request) const {
  int found = 0;
  for (const std::string& one : requests()) {
    found += one.find(request) == std::string::npos ? 0 : 1;
  }
  return found;
}

std::vector<std::string> FakeCluster::indexes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, index] : indexes_) names.push_back(name);
  return names;
}

std::vector<std::string> FakeCluster::aliases() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, indexes] : aliases_) names.push_back(name);
  return names;
}

Json FakeCluster::definition(const std::string& index) const {
  const std::lock_guard lock(mutex_);
  return indexes_.at(index).definition;
}

std::size_t FakeCluster::documents(const std::string& index) const {
  const std::lock_guard lock(mutex_);
  return indexes_.at(index).documents.size();
}

void FakeCluster::remove_document(const std::string& index) {
  const std::lock_guard lock(mutex_);
  auto& documents = indexes_.at(index).documents;
  documents.erase(documents.begin());
}

void FakeCluster::add_index(const std::string& index, const Json& mappings) {
  const std::lock_guard lock(mutex_);
  indexes_[index].definition["mappings"] = mappings;
}

std::uint64_t FakeCluster::most_searches_of_a_batch() const {
  const std::lock_guard lock(mutex_);
  return most_searches_;
}

}  // namespace rare::opensearch::testing
