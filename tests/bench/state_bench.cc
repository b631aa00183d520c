// Replies a second into the reply store, each synced before it is acknowledged; look-ups;
// checkpoints.
//
//   state_bench [FOLDER] [REPLIES]     one JSON object a line; FOLDER on the disk to be measured
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <random>
#include <string>

#include "engine/state/reply_database.h"
#include "engine/state/run_state.h"

namespace {

using rare::Json;
using rare::engine::ReplyDatabase;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBodyBytes = 4096;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Keys as the services make them: 64 hex digits, in no order.
std::string key_of(std::uint64_t number) {
  std::mt19937_64 random(number);
  std::string key;
  while (key.size() < 64) {
    static constexpr char kDigits[] = "0123456789abcdef";
    for (std::uint64_t bits = random(), i = 0; i < 16; ++i, bits >>= 4) key += kDigits[bits & 15];
  }
  return key;
}

// Lets at most `width` calls be under way.
class Window {
 public:
  explicit Window(std::size_t width) : width_(width) {}
  void enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ < width_; });
    ++under_way_;
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --under_way_;
    changed_.notify_all();
  }
  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

 private:
  const std::size_t width_;
  std::size_t under_way_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

void fail(const rare::Status& status) {
  std::cerr << status.message() << "\n";
  std::exit(1);
}

void measure_replies(ReplyDatabase& store, std::size_t first, std::size_t replies,
                     std::size_t in_flight) {
  Window window(in_flight);
  const auto start = Clock::now();
  for (std::size_t i = first; i < first + replies; ++i) {
    window.enter();
    rare::StoredReply reply;
    reply.body.assign(kBodyBytes, static_cast<char>('a' + i % 26));
    reply.request = {{"messages", {{{"role", "user"}, {"content", std::string(1000, 'q')}}}}};
    reply.model = "bench";
    reply.node = "questions";
    store.put(key_of(i), std::move(reply), [&window](rare::Status status) {
      if (!status.ok()) fail(status);
      window.leave();
    });
  }
  window.drain();
  const double took_s = seconds_since(start);
  std::cout << Json({{"what", "replies stored, 4 kB each, synced"},
                     {"in_flight", in_flight},
                     {"replies", replies},
                     {"per_second", static_cast<double>(replies) / took_s}})
                   .dump()
            << std::endl;
}

void measure_finds(ReplyDatabase& store, std::size_t replies) {
  Window window(256);
  std::atomic<std::size_t> found = 0;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < replies; ++i) {
    window.enter();
    store.find(key_of(i), rare::ReplyStore::Scope::any_run, [&](auto result) {
      if (!result.ok()) fail(result.status());
      if ((*result).has_value()) ++found;
      window.leave();
    });
  }
  window.drain();
  std::cout << Json({{"what", "replies found"},
                     {"replies", found.load()},
                     {"per_second", static_cast<double>(replies) / seconds_since(start)}})
                   .dump()
            << std::endl;
}

void measure_commits(const std::string& folder, std::size_t families) {
  rare::engine::StateOptions options;
  options.folder = folder;
  options.fingerprint = Json::object();
  options.node_names = {"documents", "questions", "negatives", "reasoning", "result"};
  auto state = rare::engine::RunState::open(std::move(options));
  if (!state.ok()) fail(state.status());
  constexpr std::size_t kCommits = 200;
  std::mt19937_64 random(1);
  const auto start = Clock::now();
  for (std::size_t commit = 0; commit < kCommits; ++commit) {
    rare::engine::Checkpoint checkpoint;
    auto& source = checkpoint.sources["documents"];
    for (std::size_t i = 0; i < families; ++i) {
      source.finished.add(commit * families + random() % (2 * families));
    }
    source.position.token = {{"offset", commit}};
    checkpoint.sinks["result"].token = {{"bytes", commit}};
    checkpoint.tally = rare::engine::Tally(5);
    if (auto status = (*state)->commit(checkpoint); !status) fail(status);
  }
  std::cout << Json({{"what", "checkpoints, finished out of order"},
                     {"families", families},
                     {"per_second", kCommits / seconds_since(start)}})
                   .dump()
            << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = (argc > 1 ? argv[1] : std::string(".")) + "/state_bench.XXXXXX";
  const std::size_t replies = argc > 2 ? std::stoul(argv[2]) : 20000;
  if (mkdtemp(folder.data()) == nullptr) {
    std::cerr << "cannot make " << folder << "\n";
    return 1;
  }
  {
    auto store = ReplyDatabase::open(folder + "/replies.db", "bench");
    if (!store.ok()) fail(store.status());
    std::size_t first = 0;
    for (const std::size_t in_flight : {64, 512, 2048}) {
      measure_replies(**store, first, replies, in_flight);
      first += replies;
    }
    measure_finds(**store, replies);
  }
  for (const std::size_t families : {64, 4096}) {
    measure_commits(folder + "/run-" + std::to_string(families), families);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
