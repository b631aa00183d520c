#include "plugins/llm/call_account.h"

#include <utility>

namespace rare::llm {
namespace {

constexpr std::pair<const char*, std::int64_t CallCounts::*> kCounts[] = {
    {"calls", &CallCounts::calls},
    {"cache_hits", &CallCounts::cache_hits},
    {"shared", &CallCounts::shared},
    {"retries", &CallCounts::retries},
    {"throttled", &CallCounts::throttled},
    {"replies", &CallCounts::replies},
    {"prompt_tokens", &CallCounts::prompt_tokens},
    {"completion_tokens", &CallCounts::completion_tokens}};

Json to_json(const CallCounts& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : kCounts) json[name] = counts.*count;
  return json;
}

}  // namespace

CallCounts& CallCounts::operator+=(const CallCounts& more) {
  for (const auto& [name, count] : kCounts) this->*count += more.*count;
  return *this;
}

Json CallAccount::usage() const {
  std::map<std::string, CallCounts> by_node;
  {
    const std::lock_guard lock(mutex_);
    by_node = by_node_;
  }
  CallCounts all;
  Json nodes = Json::object();
  for (const auto& [node, counts] : by_node) {
    all += counts;
    nodes[node] = to_json(counts);
  }
  Json usage = to_json(all);
  usage["by_node"] = std::move(nodes);
  return usage;
}

}  // namespace rare::llm
