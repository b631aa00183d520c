#include "engine/state/shard_presence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/state/shard_folder.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

// Network file systems show a change after some seconds.
constexpr auto kEvery = std::chrono::seconds(2);
constexpr auto kYoung = std::chrono::seconds(30);

// By writing, not by utimensat(2) with a time of this machine: the file server's clock counts.
bool make_young(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return false;
  const bool written = ::pwrite(descriptor, "\n", 1, 0) == 1;
  ::close(descriptor);
  return written;
}

// Of all files in the folder, `own` included, which becomes so. The folder may be gone: `finish`
// sweeps it.
std::vector<std::string> young_in(const std::string& folder, const std::string& own) {
  std::vector<std::string> names;
  if (!make_young(own) && (!make_shared_folder(folder).ok() || !make_young(own))) return names;
  std::error_code error;
  const auto now = fs::last_write_time(own, error);
  if (error) return names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    const auto written = fs::last_write_time(entry->path(), gone);
    if (!gone && now - written < kYoung) names.push_back(entry->path().filename().string());
  }
  if (error) names.clear();
  return names;
}

}  // namespace

ShardPresence::ShardPresence(std::string folder, std::string name)
    : folder_(std::move(folder)), file_(folder_ + "/" + std::move(name)) {
  look();
  thread_ = std::thread([this] { keep_on(); });
}

ShardPresence::~ShardPresence() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  ::unlink(file_.c_str());
}

void ShardPresence::keep_on() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kEvery, [this] { return ending_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

void ShardPresence::look() {
  const auto count = static_cast<int>(young_in(folder_, file_).size());
  if (count > 0) count_.store(count, std::memory_order_relaxed);
}

std::vector<std::string> ShardPresence::names_in(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return {};
  const std::string name = "looks-" + std::to_string(::getpid());
  std::vector<std::string> names = young_in(folder, folder + "/" + name);
  ::unlink((folder + "/" + name).c_str());
  std::erase(names, name);
  return names;
}

}  // namespace rare::engine
