// The state of a run on this disk: replies that come at a steady rate, each synced before it is
// used, against the disk alone; how much room they take; puts and look-ups in a store that is
// large; checkpoints, and how long a run with millions of finished records takes to begin again.
//
//   state_bench [FOLDER] [REPLIES]     JSON objects, a line each, and a table; FOLDER on the disk
//   to
//                                      be measured, REPLIES (60,000) are in the store in the end
//
// Peer of the latencies: write() and fdatasync() of as many bytes as a group of packed replies
// has, in the same folder, before and after.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "engine/state/reply_database.h"
#include "engine/state/reply_report.h"
#include "engine/state/run_state.h"
#include "reply_texts.h"

namespace {

using rare::Json;
using rare::StoredReply;
using rare::engine::ReplyDatabase;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBodyBytes = 4096;
constexpr double kOfferedPerSecond = 5000;
constexpr std::size_t kPoolReplies = 2000;  // different ones; later replies are these again

// Of all threads of this process.
double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void fail(const rare::Status& status) {
  std::cerr << status.message() << "\n";
  std::exit(1);
}

// Every result as a line, and once more in the table at the end.
class Results {
 public:
  void add(const std::string& what, const Json& values) {
    Json line = {{"what", what}};
    line.update(values);
    std::cout << line.dump() << std::endl;
    for (const auto& [name, value] : values.items()) {
      rows_.push_back({what, name, value.is_number_float() ? rounded(value) : value.dump()});
    }
  }
  void print() const {
    for (const Row& row : rows_) {
      std::printf("%-46s %-28s %s\n", row.what.c_str(), row.name.c_str(), row.value.c_str());
    }
  }

 private:
  struct Row {
    std::string what, name, value;
  };
  static std::string rounded(double value) {
    char text[32];
    std::snprintf(text, sizeof text, value < 100 ? "%.3f" : "%.0f", value);
    return text;
  }
  std::vector<Row> rows_;
};

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

double quantile_ms(std::vector<double>& seconds, double share) {
  if (seconds.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(seconds.size() - 1));
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(at),
                   seconds.end());
  return 1000 * seconds[at];
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

std::vector<StoredReply> make_pool() {
  rare::bench::ReplyTexts texts(RARE_BENCH_SOURCE);
  std::vector<StoredReply> pool;
  for (std::size_t i = 0; i < kPoolReplies; ++i) pool.push_back(texts.reply(i, kBodyBytes));
  return pool;
}

// Replies that come whether or not those before them are stored; latencies from put() to callback.
struct Paced {
  std::vector<double> latencies_s;
  std::size_t most_waiting = 0;
  double took_s = 0;
};

Paced offer_steadily(ReplyDatabase& store, const std::vector<StoredReply>& pool,
                     std::size_t replies) {
  Paced paced;
  paced.latencies_s.resize(replies);
  std::atomic<std::size_t> done = 0;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < replies; ++i) {
    const auto due =
        start + std::chrono::duration<double>(static_cast<double>(i) / kOfferedPerSecond);
    std::this_thread::sleep_until(std::chrono::time_point_cast<Clock::duration>(due));
    std::string key = key_of(i);
    StoredReply reply = pool[i % pool.size()];
    store.asked(key, "teacher");
    const auto put = Clock::now();
    store.put(std::move(key), std::move(reply), [&, put, i](rare::Status status) {
      if (!status.ok()) fail(status);
      paced.latencies_s[i] = seconds_since(put);
      ++done;
    });
    paced.most_waiting = std::max(paced.most_waiting, i + 1 - done.load());
  }
  while (done < replies) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  paced.took_s = seconds_since(start);
  return paced;
}

// The disk alone: `count` times write() and fdatasync() of `bytes` at the end of a file.
std::vector<double> sync_steadily(const std::string& folder, std::size_t bytes, std::size_t count) {
  const std::string file = folder + "/disk";
  const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  std::mt19937_64 random(1);
  std::string chunk(bytes, '\0');
  for (char& byte : chunk) byte = static_cast<char>(random());
  std::vector<double> seconds;
  for (std::size_t i = 0; i < count; ++i) {
    const auto start = Clock::now();
    if (write(descriptor, chunk.data(), chunk.size()) != static_cast<ssize_t>(chunk.size()) ||
        fdatasync(descriptor) != 0) {
      std::cerr << "cannot write " << file << "\n";
      std::exit(1);
    }
    seconds.push_back(seconds_since(start));
  }
  close(descriptor);
  std::filesystem::remove(file);
  return seconds;
}

std::uint64_t transactions_of(const std::string& file) {
  std::ifstream in(file + "-commits");
  std::string id;
  std::uint64_t transactions = 0;
  in >> id >> transactions;
  return transactions;
}

void measure_latency(Results& results, const std::string& folder,
                     const std::vector<StoredReply>& pool, std::size_t replies) {
  const std::string file = folder + "/replies.db";
  auto store = ReplyDatabase::open(file, "bench");
  if (!store.ok()) fail(store.status());
  const auto packed_bytes = [&file] {
    const auto report = rare::engine::read_reply_report(file);
    if (!report.ok()) fail(report.status());
    return report->all.packed_bytes;
  };
  // Once through, so that the size of a group is known for the disk's turn before.
  offer_steadily(**store, pool, replies / 10);
  const std::uint64_t bytes_before = packed_bytes(), commits_before = transactions_of(file);
  std::vector<double> disk = sync_steadily(folder, bytes_before / commits_before, 400);
  const double cpu_before_s = cpu_seconds();
  Paced paced = offer_steadily(**store, pool, replies);
  const double cpu_s = cpu_seconds() - cpu_before_s;
  const std::uint64_t commits = transactions_of(file) - commits_before;
  // The first replies come once more, in their old places.
  const std::size_t group_bytes = packed_bytes() / commits;
  const std::vector<double> after = sync_steadily(folder, group_bytes, 400);
  disk.insert(disk.end(), after.begin(), after.end());
  const double p99_ms = quantile_ms(paced.latencies_s, 0.99);
  const double disk_p99_ms = quantile_ms(disk, 0.99);
  results.add("replies at a steady rate, each synced",
              {{"offered_per_s", kOfferedPerSecond},
               {"stored_per_s", static_cast<double>(replies) / paced.took_s},
               {"keeps_up", paced.took_s < 1.05 * static_cast<double>(replies) / kOfferedPerSecond},
               {"most_waiting", paced.most_waiting},
               {"cpu_us_per_reply", 1e6 * cpu_s / static_cast<double>(replies)},
               {"replies_per_commit", static_cast<double>(replies) / static_cast<double>(commits)},
               {"p50_ms", quantile_ms(paced.latencies_s, 0.5)},
               {"p99_ms", p99_ms},
               {"disk_bytes", group_bytes},
               {"disk_p50_ms", quantile_ms(disk, 0.5)},
               {"disk_p99_ms", disk_p99_ms},
               {"p99_over_disk_p99", p99_ms / disk_p99_ms},
               {"within_4_disk_p99_and_10_ms", p99_ms <= 4 * disk_p99_ms + 10}});
}

// With so many calls under way, as fast as it goes.
double puts_per_second(ReplyDatabase& store, const std::vector<StoredReply>& pool,
                       std::size_t first, std::size_t end, std::size_t under_way) {
  Window window(under_way);
  const auto start = Clock::now();
  for (std::size_t i = first; i < end; ++i) {
    window.enter();
    store.put(key_of(i), pool[i % pool.size()], [&window](rare::Status status) {
      if (!status.ok()) fail(status);
      window.leave();
    });
  }
  window.drain();
  return static_cast<double>(end - first) / seconds_since(start);
}

double finds_per_second(ReplyDatabase& store, std::size_t stored, std::size_t finds) {
  Window window(256);
  std::mt19937_64 random(7);
  std::atomic<std::size_t> found = 0;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < finds; ++i) {
    window.enter();
    store.find(key_of(random() % stored), rare::ReplyStore::Scope::any_run, [&](auto result) {
      if (!result.ok()) fail(result.status());
      if ((*result).has_value()) ++found;
      window.leave();
    });
  }
  window.drain();
  if (found != finds) fail(rare::Status(rare::StatusCode::internal, "replies are missing"));
  return static_cast<double>(finds) / seconds_since(start);
}

void measure_size(Results& results, const std::string& folder, const std::vector<StoredReply>& pool,
                  std::size_t present, std::size_t replies) {
  const std::string file = folder + "/replies.db";
  constexpr std::size_t kLast = 10'000;
  double puts = 0, finds = 0, misses = 0, opened_s = 0;
  {
    auto store = ReplyDatabase::open(file, "bench");
    if (!store.ok()) fail(store.status());
    const std::size_t bulk = std::max(present, replies - std::min(replies, kLast));
    puts_per_second(**store, pool, present, bulk, 2048);
    puts = puts_per_second(**store, pool, bulk, bulk + kLast, 512);
    finds = finds_per_second(**store, bulk, 20'000);
    replies = bulk + kLast;
  }
  {
    const auto start = Clock::now();
    auto store = ReplyDatabase::open(file, "bench");
    if (!store.ok()) fail(store.status());
    opened_s = seconds_since(start);
    Window window(256);
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < 20'000; ++i) {
      window.enter();
      (*store)->find(key_of(1'000'000'000 + i), rare::ReplyStore::Scope::any_run,
                     [&window](const auto&) { window.leave(); });
    }
    window.drain();
    misses = 20'000 / seconds_since(begin);
  }
  const auto report = rare::engine::read_reply_report(file);
  if (!report.ok()) fail(report.status());
  const auto raw = static_cast<double>(report->all.raw_bytes);
  results.add("a store of many replies",
              {{"replies", report->all.replies},
               {"puts_per_s", puts},
               {"finds_per_s", finds},
               {"finds_of_nothing_per_s", misses},
               {"open_s", opened_s},
               {"raw_bytes_per_reply", raw / static_cast<double>(report->all.replies)},
               {"packed_share", static_cast<double>(report->all.packed_bytes) / raw},
               {"disk_share", static_cast<double>(std::filesystem::file_size(file)) / raw}});
}

// As long as each record waits for at most `window` others, they finish in no order.
std::vector<std::uint64_t> finishing_order(std::uint64_t records, std::size_t window) {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> order(records);
  for (std::uint64_t i = 0; i < records; ++i) order[i] = i;
  for (std::uint64_t i = 0; i < records; i += window) {
    const auto end = std::min<std::uint64_t>(records, i + window);
    std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(i),
                 order.begin() + static_cast<std::ptrdiff_t>(end), random);
  }
  return order;
}

rare::engine::StateOptions run_options(const std::string& folder) {
  rare::engine::StateOptions options;
  options.folder = folder;
  options.fingerprint = Json::object();
  options.node_names = {"documents", "questions", "negatives", "reasoning", "result"};
  return options;
}

// What a start finds, how long it takes to, and the memory of a process that does nothing else.
int print_resume(const std::string& folder) {
  const auto start = Clock::now();
  auto state = rare::engine::RunState::open(run_options(folder));
  if (!state.ok()) fail(state.status());
  const double resumed_s = seconds_since(start);
  const auto& finished = (*state)->resume().sources.at("documents").finished;
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const Json found = {{"records", finished.size()},
                      {"intervals", finished.intervals().size()},
                      {"resume_s", resumed_s},
                      {"peak_mb", static_cast<double>(used.ru_maxrss) / 1024}};
  std::cout << found.dump() << "\n";
  return 0;
}

Json resume_in_a_process_of_its_own(const std::string& folder) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  std::FILE* const output = popen(("'" + self + "' --resume '" + folder + "'").c_str(), "r");
  char line[1000] = "";
  if (output == nullptr || std::fgets(line, sizeof line, output) == nullptr) std::exit(1);
  pclose(output);
  return Json::parse(line);
}

// `left_out`: of each this many records one stays unfinished; 0: none.
void measure_resume(Results& results, const std::string& folder, std::size_t families,
                    std::uint64_t records, std::uint64_t left_out) {
  std::vector<std::uint64_t> order = finishing_order(records, 16'384);
  double commits_s = 0;
  std::size_t commits = 0;
  {
    auto state = rare::engine::RunState::open(run_options(folder));
    if (!state.ok()) fail(state.status());
    const auto start = Clock::now();
    for (std::uint64_t i = 0; i < records; i += families, ++commits) {
      rare::engine::Checkpoint checkpoint;
      auto& source = checkpoint.sources["documents"];
      for (std::uint64_t at = i; at < std::min<std::uint64_t>(records, i + families); ++at) {
        if (left_out == 0 || order[at] % left_out != 0) source.finished.add(order[at]);
      }
      source.position.token = {{"offset", i}};
      checkpoint.sinks["result"].token = {{"bytes", i}};
      checkpoint.tally = rare::engine::Tally(5);
      if (auto status = (*state)->commit(checkpoint); !status) fail(status);
    }
    commits_s = seconds_since(start);
  }
  order = {};
  const Json resumed = resume_in_a_process_of_its_own(folder);
  Json values = {{"families_per_checkpoint", families},
                 {"checkpoints_per_s", static_cast<double>(commits) / commits_s}};
  values.update(resumed);
  results.add(std::to_string(records) + " records, finished out of order" +
                  (left_out == 0 ? "" : ", one in " + std::to_string(left_out) + " not"),
              values);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--resume") return print_resume(argv[2]);
  std::string folder = (argc > 1 ? argv[1] : std::string(".")) + "/state_bench.XXXXXX";
  const std::size_t replies = argc > 2 ? std::stoul(argv[2]) : 60'000;
  if (mkdtemp(folder.data()) == nullptr) {
    std::cerr << "cannot make " << folder << "\n";
    return 1;
  }
  Results results;
  {
    const std::vector<StoredReply> pool = make_pool();
    constexpr std::size_t kSteady = 40'000;
    measure_latency(results, folder, pool, kSteady);
    measure_size(results, folder, pool, kSteady, replies);
  }
  measure_resume(results, folder + "/run", 4096, 1'000'000, 0);
  measure_resume(results, folder + "/long-run", 4096, 10'000'000, 100);
  results.print();
  std::filesystem::remove_all(folder);
  return 0;
}
