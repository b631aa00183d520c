#include "state_fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <thread>

namespace rare::engine::state_test {

std::optional<std::uint64_t> kill_after(
    int reports, const std::function<void(const std::function<void(std::uint64_t)>&)>& work) {
  int ends[2];
  if (pipe(ends) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    work([&](std::uint64_t number) {
      if (write(ends[1], &number, sizeof(number)) != sizeof(number)) _exit(3);
    });
    _exit(0);
  }
  close(ends[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  int count = 0;
  while (read(ends[0], &number, sizeof(number)) == sizeof(number)) {
    last = number;
    if (++count == reports) kill(child, SIGKILL);
  }
  close(ends[0]);
  int ended = 0;
  waitpid(child, &ended, 0);
  if (!WIFSIGNALED(ended) || WTERMSIG(ended) != SIGKILL) return std::nullopt;
  return last;
}

bool with_small_disk(const std::string& folder, std::size_t bytes,
                     const std::function<void()>& work) {
  bool mounted = false;
  std::thread thread([&] {
    // A mount namespace of this thread: nobody else sees the disk, and it goes with the thread.
    if (unshare(CLONE_FS | CLONE_NEWNS) != 0) return;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
    const std::string size = "size=" + std::to_string(bytes);
    mounted = mount("tmpfs", folder.c_str(), "tmpfs", 0, size.c_str()) == 0;
    if (mounted) work();
  });
  thread.join();
  return mounted;
}

bool make_read_only(const std::string& folder) {
  return mount("tmpfs", folder.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
}

std::string fill_disk(const std::string& folder, std::size_t free_bytes) {
  const std::string file = folder + "/ballast";
  std::error_code error;
  const std::uintmax_t available = std::filesystem::space(folder, error).available;
  if (error || available < free_bytes) return file;
  std::ofstream(file) << std::string(available - free_bytes, 'b') << std::flush;
  return file;
}

}  // namespace rare::engine::state_test
