#include "engine/observe/trace_events.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

#include "rare/json.h"

namespace rare::engine {
namespace {

std::string quoted_json(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string microseconds(std::int64_t ns) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(ns / 1000),
                static_cast<long long>(ns % 1000));
  return text.data();
}

std::string call_arguments(const ModelCall& call) {
  Json arguments = {{"attempt", call.attempt},
                    {"completion_tokens", call.completion_tokens},
                    {"from_store", call.from_store},
                    {"prompt_tokens", call.prompt_tokens}};
  if (!call.model.empty()) arguments["model"] = call.model;
  if (!call.status.ok()) arguments["error"] = reason_of(call.status);
  return arguments.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

TraceEvents::TraceEvents(std::vector<Node> nodes, std::size_t most_kept)
    : nodes_(std::move(nodes)), most_kept_(most_kept) {}

std::int64_t TraceEvents::since_start(WorkClock::time_point time) const {
  return std::max<std::int64_t>(0, std::chrono::nanoseconds(time - started_).count());
}

void TraceEvents::visited(const NodeVisit& visit) {
  if (visit.id == nullptr && visit.duration() < kLongWork) return;
  if (visit.id != nullptr && visit.id->ordinal() % stride_.load(std::memory_order_relaxed) != 0) {
    return;
  }
  Kept kept;
  kept.node = visit.node;
  kept.filtered = visit.filtered;
  kept.of_record = visit.id != nullptr;
  if (visit.id != nullptr) {
    kept.ordinal = visit.id->ordinal();
    kept.id = visit.id->to_string();
  }
  if (!visit.status->ok()) kept.error = reason_of(*visit.status);
  kept.begin_ns = since_start(visit.begin);
  kept.end_ns = since_start(visit.end);
  kept.cpu_ns = visit.cpu.count();
  kept.waited_ns = visit.waited().count();
  kept.calls.assign(visit.calls.begin(), visit.calls.end());
  const std::lock_guard lock(mutex_);
  if (kept.ordinal % stride_.load() != 0) return;  // thinned out meanwhile
  const std::size_t more = 1 + kept.calls.size();
  if (size_ + more > most_kept_ && !full_) thin_out();
  if (size_ + more > most_kept_) {
    ++left_out_;
    return;
  }
  size_ += more;
  kept_.push_back(std::move(kept));
}

// REQUIRES: holds the mutex. Where one source record has nearly all there is, no room is made.
void TraceEvents::thin_out() {
  const std::size_t before = size_;
  const std::uint64_t stride = stride_.load() * 2;
  stride_.store(stride);
  std::erase_if(kept_, [&](const Kept& kept) {
    if (!kept.of_record || kept.ordinal % stride == 0) return false;
    size_ -= 1 + kept.calls.size();
    return true;
  });
  full_ = size_ > before - before / 8;
}

class TraceEvents::Writer {
 public:
  explicit Writer(const TraceEvents& events) : events_(events), by_node_(events.nodes_.size()) {
    for (const Kept& kept : events_.kept_) by_node_[kept.node].push_back(&kept);
    for (auto& visits : by_node_) {
      std::sort(visits.begin(), visits.end(),
                [](const Kept* a, const Kept* b) { return a->begin_ns < b->begin_ns; });
    }
  }

  std::string all() {
    for (std::uint32_t node = 0; node < by_node_.size(); ++node) {
      name_process(node);
      name_track(node, 1);
      events_.nodes_[node].awaits ? write_waiting(node) : write_tracks(node);
    }
    return std::move(text_);
  }

 private:
  void put(const std::string& event) { text_ += (text_.empty() ? "\n" : ",\n") + event; }
  static std::string place(std::uint32_t node, std::size_t track) {
    return "\"pid\":" + std::to_string(node + 1) + ",\"tid\":" + std::to_string(track);
  }
  void name_process(std::uint32_t node) {
    const std::string begin = R"({"ph":"M",)" + place(node, 1) + ",\"name\":";
    put(begin + R"("process_name","args":{"name":)" + quoted_json(events_.nodes_[node].name) +
        "}}");
    put(begin + R"("process_sort_index","args":{"sort_index":)" + std::to_string(node) + "}}");
  }
  void name_track(std::uint32_t node, std::size_t track) {
    std::string name = events_.nodes_[node].name;
    if (track > 1) name += " " + std::to_string(track);
    put(R"({"ph":"M",)" + place(node, track) + R"(,"name":"thread_name","args":{"name":)" +
        quoted_json(name) + "}}");
  }
  static std::string arguments(const Kept& kept) {
    Json arguments = {{"cpu_us", static_cast<double>(kept.cpu_ns) / 1000}};
    if (kept.of_record) arguments["record"] = kept.id;
    if (kept.waited_ns > 0) arguments["waited_us"] = static_cast<double>(kept.waited_ns) / 1000;
    if (kept.filtered) arguments["filtered"] = true;
    if (!kept.error.empty()) arguments["error"] = kept.error;
    return arguments.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  // On the first track that is free again.
  void write_tracks(std::uint32_t node) {
    std::vector<std::int64_t> free_from_ns{0};
    for (const Kept* kept : by_node_[node]) {
      std::size_t track = 0;
      while (track < free_from_ns.size() && free_from_ns[track] > kept->begin_ns) ++track;
      if (track == free_from_ns.size()) {
        free_from_ns.push_back(0);
        name_track(node, track + 1);
      }
      free_from_ns[track] = kept->end_ns;
      put(R"({"ph":"X",)" + place(node, track + 1) + ",\"cat\":\"record\",\"name\":" +
          quoted_json(kept->of_record ? kept->id : "all records") + ",\"ts\":" +
          microseconds(kept->begin_ns) + ",\"dur\":" + microseconds(kept->end_ns - kept->begin_ns) +
          ",\"args\":" + arguments(*kept) + "}");
    }
  }

  // Begins and ends in the order of time; those at one moment as they follow from each other.
  void write_waiting(std::uint32_t node) {
    std::vector<std::pair<std::int64_t, std::string>> marks;
    const auto mark = [&](char phase, const std::string& id, const std::string& name,
                          std::int64_t ns, const std::string& arguments) {
      marks.emplace_back(ns, std::string(R"({"ph":")") + phase + "\"," + place(node, 1) +
                                 R"(,"cat":"record","id":")" + id + "\",\"name\":" +
                                 quoted_json(name) + ",\"ts\":" + microseconds(ns) +
                                 (arguments.empty() ? "" : ",\"args\":" + arguments) + "}");
    };
    const std::string& name = events_.nodes_[node].name;
    for (const Kept* kept : by_node_[node]) {
      const std::string id = std::to_string(++slices_);
      mark('b', id, name, kept->begin_ns, arguments(*kept));
      std::vector<const ModelCall*> calls;
      for (const ModelCall& call : kept->calls) calls.push_back(&call);
      std::stable_sort(calls.begin(), calls.end(),
                       [](const ModelCall* a, const ModelCall* b) { return a->begin < b->begin; });
      std::int64_t free_from_ns = kept->begin_ns;
      for (const ModelCall* call : calls) {
        // Asked while another one is under way: a slice of its own.
        const std::int64_t begin_ns = events_.since_start(call->begin);
        const std::int64_t end_ns = events_.since_start(call->end);
        const bool nests = begin_ns >= free_from_ns;
        const std::string of = nests ? id : std::to_string(++slices_);
        if (nests) free_from_ns = end_ns;
        mark('b', of, call->service, begin_ns, call_arguments(*call));
        mark('e', of, call->service, end_ns, {});
      }
      mark('e', id, name, kept->end_ns, {});
    }
    std::stable_sort(marks.begin(), marks.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [ns, event] : marks) put(event);
  }

  const TraceEvents& events_;
  std::vector<std::vector<const Kept*>> by_node_;
  std::uint64_t slices_ = 0;
  std::string text_;
};

std::string TraceEvents::json(const std::string& pipeline, const std::string& run_id) const {
  Json about = {{"pipeline", pipeline},
                {"run", run_id},
                {"kept", "1 of " + std::to_string(stride()) + " source records"},
                {"left_out", left_out_}};
  return "{\"displayTimeUnit\":\"ms\",\"otherData\":" + about.dump() + ",\"traceEvents\":[" +
         Writer(*this).all() + "\n]}\n";
}

}  // namespace rare::engine
