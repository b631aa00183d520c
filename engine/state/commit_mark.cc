#include "engine/state/commit_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "engine/state/folder.h"

namespace rare::engine {
namespace {

// Always as long, so that one write replaces all of it.
constexpr std::size_t kIdCharacters = 32;
constexpr std::size_t kLineBytes = kIdCharacters + 1 + 20 + 1;

}  // namespace

std::optional<CommitMark::Noted> CommitMark::read(const std::string& database) {
  const int descriptor = ::open(file_of(database).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::array<char, kLineBytes + 1> line{};
  const ssize_t got = ::pread(descriptor, line.data(), kLineBytes, 0);
  ::close(descriptor);
  std::array<char, kIdCharacters + 1> id{};
  unsigned long long transactions = 0;
  if (got != static_cast<ssize_t>(kLineBytes) ||
      std::sscanf(line.data(), "%32[0-9A-F] %20llu", id.data(), &transactions) != 2) {
    return std::nullopt;
  }
  return Noted{id.data(), transactions};
}

CommitMark::~CommitMark() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status CommitMark::note(const std::string& file_id, std::uint64_t transactions) {
  if (descriptor_ < 0) {
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0) return file_error("cannot write", file_, errno);
  }
  std::array<char, kLineBytes + 1> line{};
  std::snprintf(line.data(), line.size(), "%32.32s %020llu\n", file_id.c_str(),
                static_cast<unsigned long long>(transactions));
  ssize_t put = 0;
  do {
    put = ::pwrite(descriptor_, line.data(), kLineBytes, 0);
  } while (put < 0 && errno == EINTR);
  if (put == static_cast<ssize_t>(kLineBytes)) return Status();
  return file_error("cannot write", file_, put < 0 ? errno : EIO);
}

}  // namespace rare::engine
