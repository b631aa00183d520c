#include "engine/cli/shard_option.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/state/shard_folder.h"

namespace rare::engine::cli {
namespace {

// A whole number below a million, written with digits alone.
std::optional<std::uint32_t> number_of(const std::string& text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  if (text.empty() || text.size() > 6 || !digits) return std::nullopt;
  return static_cast<std::uint32_t>(std::stoul(text));
}

constexpr const char* kIndexVariables[] = {"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"};

constexpr int kParentEvery_ms = 500;
constexpr int kOrphan_ms = 1500;  // to end in order

}  // namespace

CLI::Option* add_shard(CLI::App& verb, RunOptions& options, const std::string& what) {
  return verb.add_option("--shard", options.shard, what)
      ->type_name("I/N|auto[/N]")
      ->check(CLI::Validator(is_shard, ""));
}

CLI::Option* add_out(CLI::App& verb, RunOptions& options) {
  return verb.add_option("--out", options.out, "the folder that all shards of the run share")
      ->type_name("FOLDER");
}

std::string is_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string first = text.substr(0, slash);
  if (slash == std::string::npos) {
    if (first == "auto") return "";
  } else if (const auto shards = number_of(text.substr(slash + 1));
             shards && *shards >= 1 && *shards <= kMostShards) {
    const auto shard = number_of(first);
    if (first == "auto" || (shard && *shard < *shards)) return "";
  }
  return "expected I/N with I from 0 to N-1 and N at most " + std::to_string(kMostShards) +
         ", auto or auto/N, got " + text;
}

Result<ShardSettings> shard_settings(const std::string& text, std::string folder) {
  ShardSettings settings;
  settings.folder = std::move(folder);
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) settings.shards = number_of(text.substr(slash + 1));
  const std::string first = text.substr(0, slash);
  if (first != "auto") {
    settings.shard = *number_of(first);
    return settings;
  }
  for (const char* const name : kIndexVariables) {
    const char* const value = std::getenv(name);
    if (value == nullptr) continue;
    if (const auto shard = number_of(value)) {
      settings.shard = *shard;
      return settings;
    }
    return Status(StatusCode::invalid_argument, "--shard auto: " + std::string(name) +
                                                    ": expected a number, came '" + value + "'");
  }
  return Status(
      StatusCode::invalid_argument,
      "--shard auto: expected the number of the shard in SLURM_ARRAY_TASK_ID or "
      "JOB_COMPLETION_INDEX, neither is set: use --shard I/N outside of an array of jobs");
}

// Not by PR_SET_PDEATHSIG, which goes by the thread that started the process: many schedulers start
// from one that ends long before they do.
EndsWithParent::EndsWithParent() : parent_(::getppid()) {
  if (::pipe2(wake_, O_CLOEXEC) != 0) return;
  watching_ = std::thread([this] { watch(); });
}

EndsWithParent::~EndsWithParent() {
  if (!watching_.joinable()) return;
  ::close(wake_[1]);
  watching_.join();
  ::close(wake_[0]);
}

void EndsWithParent::watch() const {
  // Of a pipe or socket whose reader is gone poll() says so; of files never.
  pollfd watched[] = {{result_descriptor(), 0, 0}, {wake_[0], POLLIN, 0}};
  for (;;) {
    if (::poll(watched, 2, kParentEvery_ms) < 0) continue;
    if (watched[1].revents != 0) return;
    if ((watched[0].revents & POLLNVAL) != 0) watched[0].fd = -1;  // there was none to begin with
    const bool is_orphan = ::getppid() != parent_;
    if (!is_orphan && (watched[0].revents & (POLLERR | POLLHUP)) == 0) continue;
    log_line(LogLevel::warning, {},
             is_orphan ? "the process that started this shard has ended, and so does the shard"
                       : "nobody reads the standard output of this shard any more: it ends");
    ::signal(SIGPIPE, SIG_IGN);  // the account of the end is for nobody
    ::kill(::getpid(), SIGTERM);
    // As a second Ctrl-C: another attempt may have begun, which asks again for what is in flight.
    if (::poll(&watched[1], 1, kOrphan_ms) == 0) ::kill(::getpid(), SIGTERM);
    return;
  }
}

}  // namespace rare::engine::cli
