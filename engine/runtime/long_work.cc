#include "engine/runtime/long_work.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "engine/observe/log.h"

namespace rare::engine {
namespace {

// Between two looks no more than this counts: a process that was stopped held nobody up.
constexpr std::chrono::milliseconds kLongestLook{250};
constexpr std::int64_t kAgainAfter = 10;

struct ThreadsAtWork {
  std::mutex mutex;
  std::vector<ThreadWork*> threads;
};

// Never destroyed: threads may end after everything else.
ThreadsAtWork& threads_at_work() {
  static auto* const all = new ThreadsAtWork();
  return *all;
}

std::string component_of(const PlannedNode& node) {
  return node.spec().name() + " of plugin " + node.use->plugin + ", " + node.use->plugin_file;
}

}  // namespace

// Makes the place known for as long as the thread lives.
struct ThreadWork::Entry {
  Entry() {
    const std::lock_guard lock(threads_at_work().mutex);
    threads_at_work().threads.push_back(&work);
  }
  ~Entry() {
    const std::lock_guard lock(threads_at_work().mutex);
    std::erase(threads_at_work().threads, &work);
  }
  ThreadWork work;
};

ThreadWork& ThreadWork::here() {
  thread_local Entry of_this_thread;
  return of_this_thread.work;
}

void ThreadWork::begin_coroutine(const PlannedNode& node, const RecordId& id) {
  end();
  id_ = id;
  publish({&node, &id_, nullptr});
}

// The first word of a coroutine's frame is, with every compiler here, the function that goes on.
void ThreadWork::begin_again(std::coroutine_handle<> coroutine) {
  publish({nullptr, nullptr, *static_cast<void* const*>(coroutine.address())});
}

void LongWork::look(std::chrono::steady_clock::time_point now) {
  const std::chrono::steady_clock::duration passed =
      std::min<std::chrono::steady_clock::duration>(now - last_, kLongestLook);
  last_ = now;
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(threads_at_work().mutex);
    const std::vector<ThreadWork*>& threads = threads_at_work().threads;
    std::erase_if(seen_, [&](const auto& entry) {
      return std::find(threads.begin(), threads.end(), entry.first) == threads.end();
    });
    for (ThreadWork* const thread : threads) {
      Seen& seen = seen_[thread];
      const std::uint64_t turn = thread->turn_.load(std::memory_order_relaxed);
      if (turn != seen.turn) {
        seen = Seen{.turn = turn};
        continue;
      }
      seen.held += passed;
      if (seen.held < std::min(limits_.coroutine, limits_.record)) continue;
      const bool at_work = thread->look([&](const ThreadWork::Piece& piece) {
        if (thread->turn_.load(std::memory_order_relaxed) != turn) return;  // just begun
        const bool waits = piece.node == nullptr || piece.node->kind() != ComponentKind::operator_;
        const auto limits = seen.held / (waits ? limits_.coroutine : limits_.record);
        if (limits < 1 || (seen.told > 0 && limits < seen.told * kAgainAfter)) return;
        seen.told = limits;
        lines.push_back(
            told(piece, std::chrono::duration_cast<std::chrono::seconds>(seen.held).count()));
      });
      if (!at_work) seen = Seen{.turn = turn};
    }
  }
  for (const std::string& line : lines) log_line(LogLevel::warning, {}, line);
}

std::string LongWork::told(const ThreadWork::Piece& piece, std::int64_t seconds) const {
  const std::string time = std::to_string(seconds) + " s";
  if (piece.node != nullptr && piece.node->kind() == ComponentKind::operator_) {
    return "node '" + piece.node->name + "' (" + component_of(*piece.node) +
           ") is still at record " + piece.id->described() + " after " + time +
           ": nothing ends a call of process(), and the run waits for it. 'gdb -p " +
           std::to_string(getpid()) + "' shows where it is";
  }
  const std::string who = piece.node != nullptr
                              ? "node '" + piece.node->name + "' (" + component_of(*piece.node) +
                                    ") has blocked its thread for " + time + " at record " +
                                    piece.id->described()
                              : whose_code(piece.code) + " has blocked its thread for " + time +
                                    " since it last awaited something";
  return who +
         ": coroutines of all nodes share two threads, and the others wait for this one. An "
         "AsyncOperator must not sleep, take long locks or wait for an answer but with co_await: "
         "let a service do it, or make it an Operator, whose calls have threads of their own";
}

// A coroutine of no record that is known is known by its code alone; one of the engine's is the one
// that keeps outputs, around a node's.
std::string LongWork::whose_code(const void* code) const {
  Dl_info info{}, own{};
  const std::string file = dladdr(code, &info) != 0 ? info.dli_fname : "an unknown file";
  const bool is_own = dladdr(reinterpret_cast<const void*>(&log_line), &own) != 0 &&
                      own.dli_fbase == info.dli_fbase;
  std::string nodes;
  for (const PlannedNode& node : plan_.nodes) {
    if (node.kind() != ComponentKind::async_operator) continue;
    if (node.use->plugin_file != file && !(is_own && node.is_nondeterministic())) continue;
    nodes += (nodes.empty() ? "node '" : " or '") + node.name + "'";
    if (is_own) nodes += " (" + component_of(node) + ")";
  }
  if (nodes.empty()) return "a coroutine in the code of " + file;
  return is_own ? nodes : nodes + " (in the code of " + file + ")";
}

}  // namespace rare::engine
