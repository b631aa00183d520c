#include "engine/state/shard_presence.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/state/folder.h"
#include "engine/state/shard_folder.h"
#include "engine/text/random_token.h"

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
Result<std::vector<std::string>> young_in(const std::string& folder, const std::string& own) {
  if (!make_young(own)) {
    if (Status made = make_shared_folder(folder); !made.ok()) return made;
    if (!make_young(own)) return file_error("cannot write", own, errno);
  }
  std::vector<std::string> names;
  std::error_code error;
  const auto now = fs::last_write_time(own, error);
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;
    const auto written = fs::last_write_time(entry->path(), gone);
    if (!gone && now - written < kYoung) names.push_back(entry->path().filename().string());
  }
  if (error) return file_error("cannot look into", folder, error.value());
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
  const auto names = young_in(folder_, file_);
  if (names) count_.store(static_cast<int>(names->size()), std::memory_order_relaxed);
}

Result<std::vector<std::string>> ShardPresence::names_in(const std::string& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) return std::vector<std::string>();
  const Result<std::string> name = random_token();
  if (!name) return name.status();
  Result<std::vector<std::string>> names = young_in(folder, folder + "/" + *name);
  ::unlink((folder + "/" + *name).c_str());
  if (names) std::erase(*names, *name);
  return names;
}

}  // namespace rare::engine
