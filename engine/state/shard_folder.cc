#include "engine/state/shard_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "engine/state/compact_json.h"
#include "engine/state/folder.h"
#include "rare/random.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

const std::string kRetryMark = ".retry-";
constexpr const char* kAnotherFolder =
    "Take another --out folder; stored replies are not paid again.";

Status cannot_link(const std::string& folder, int error) {
  return Status::run_fault(
      StatusCode::invalid_argument,
      folder + ": expected a file system with hard links, which say which attempt at a shard was " +
          "first, came one that refuses them (" + std::strerror(error) +
          "). Choose another folder with --out DIR.");
}

Status write_all_of(int descriptor, const std::string& text, const std::string& file) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = ::write(descriptor, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_error("cannot write", file, errno);
    done += static_cast<std::size_t>(written);
  }
  if (::fchmod(descriptor, 0644) != 0 || ::fsync(descriptor) != 0) {
    return file_error("cannot write", file, errno);
  }
  return Status();
}

// `advice` says what to do.
Status damaged_file(const std::string& file, const std::string& expected,
                    const std::string& advice) {
  return Status::run_fault(StatusCode::invalid_data,
                           file + ": expected " + expected +
                               ", came something else: it was written whole, so it was damaged "
                               "since. " +
                               advice);
}

Result<std::optional<Json>> read_object(const std::string& file, const std::string& advice) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (errno == ENOENT) return std::optional<Json>();
    return file_error("cannot read", file, errno);
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  Json content = Json::parse(text, nullptr, false);
  if (!content.is_object()) return damaged_file(file, "a JSON object", advice);
  return std::optional<Json>(std::move(content));
}

bool is_part(const Json& part, std::uint32_t retry) {
  const auto is = [&](const char* key, bool (Json::*right)() const noexcept) {
    const auto at = part.find(key);
    return at == part.end() || ((*at).*right)();
  };
  return is("attempt", &Json::is_string) && is("records", &Json::is_object) &&
         is("retry", &Json::is_number_integer) && part.value("retry", std::int64_t{0}) == retry;
}

}  // namespace

std::string shard_digits(std::uint32_t shard) {
  char text[16];
  std::snprintf(text, sizeof text, "%05u", shard);
  return text;
}

std::string presence_name(std::uint32_t shard, const std::string& attempt, std::uint32_t retry) {
  return shard_digits(shard) + "-" + attempt +
         (retry == 0 ? "" : kRetryMark + std::to_string(retry));
}

bool is_of_retry(const std::string& presence_name) {
  return presence_name.find(kRetryMark) != std::string::npos;
}

std::string plan_digest(const Json& plan) {
  char text[20];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(derive_seed(0, compact(plan), "shard plan")));
  return text;
}

Status make_shared_folder(const std::string& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return Status();
  const std::string above = parent_folder(folder);
  if (Status made = make_shared_folder(above); !made.ok()) return made;
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return file_error("cannot make the folder", folder, errno);
  }
  return sync_folder(above);
}

ShardFolder::ShardFolder(const std::string& named) {
  std::error_code error;
  folder_ = fs::absolute(named, error).lexically_normal().string();
  while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
}

Result<ShardFolder> ShardFolder::open(const std::string& folder) {
  ShardFolder shared(folder);
  if (Status made = make_shared_folder(shared.inner() + "/tmp"); !made.ok()) return made;
  if (Status can = shared.try_links(); !can.ok()) return can;
  return shared;
}

Result<ShardFolder> ShardFolder::open_planned(const std::string& folder) {
  ShardFolder shared(folder);
  std::error_code error;
  if (fs::exists(shared.plan_file(), error)) return shared;
  return Status::run_fault(StatusCode::not_found,
                           folder +
                               ": expected the folder of a run in shards, came one without "
                               "_rare/plan.json, which `rare-engine run PIPELINE.yaml --shard I/N "
                               "--out " +
                               folder + "` writes first");
}

std::string ShardFolder::part_file(std::uint32_t shard, std::uint32_t retry) const {
  return inner() + "/part-" + shard_digits(shard) +
         (retry == 0 ? "" : kRetryMark + std::to_string(retry)) + ".json";
}

std::string ShardFolder::made_again_by(std::uint32_t shard, std::uint32_t retry) const {
  return "Remove " + part_file(shard, retry) + " and " + (retry == 0 ? "run" : "retry") +
         " that shard again: stored replies are not paid again.";
}

std::string ShardFolder::attempt_folder(std::uint32_t shard, const std::string& attempt) const {
  return attempts_folder() + "/" + shard_digits(shard) + "/" + attempt;
}

std::string ShardFolder::replies_folder(std::uint32_t shard) const {
  return inner() + "/replies/" + shard_digits(shard);
}

std::string ShardFolder::dead_letters_file(std::uint32_t shard, const std::string& attempt) const {
  return inner() + "/dead_letters/" + shard_digits(shard) + "-" + attempt + ".jsonl";
}

// Retries are numbered without gaps: each is begun of the one before it.
Result<std::optional<Json>> ShardFolder::latest_part(std::uint32_t shard) const {
  Result<std::optional<Json>> latest = part(shard);
  for (std::uint32_t retry = 1; latest && *latest; ++retry) {
    Result<std::optional<Json>> next = part(shard, retry);
    if (!next) return next;
    if (!*next) break;
    latest = std::move(next);
  }
  return latest;
}

Result<std::string> ShardFolder::write_temporary(const std::string& text) const {
  std::string file = inner() + "/tmp/XXXXXX";
  const int descriptor = ::mkostemp(file.data(), O_CLOEXEC);
  if (descriptor < 0) return file_error("cannot write in", inner() + "/tmp", errno);
  Status status = write_all_of(descriptor, text, file);
  ::close(descriptor);
  if (status.ok()) return file;
  ::unlink(file.c_str());
  return status;
}

Status ShardFolder::try_links() const {
  Result<std::string> file = write_temporary("");
  if (!file) return file.status();
  const std::string second = *file + ".link";
  const bool linked = ::link(file->c_str(), second.c_str()) == 0;
  const int error = errno;
  ::unlink(second.c_str());
  ::unlink(file->c_str());
  return linked ? Status() : cannot_link(folder_, error);
}

Result<std::optional<Json>> ShardFolder::plan() const {
  return read_object(plan_file(), kAnotherFolder);
}

Result<std::optional<Json>> ShardFolder::part(std::uint32_t shard, std::uint32_t retry) const {
  const std::string advice = made_again_by(shard, retry);
  Result<std::optional<Json>> part = read_object(part_file(shard, retry), advice);
  if (part && *part && !is_part(**part, retry)) {
    return damaged_file(part_file(shard, retry), "the account of a shard", advice);
  }
  return part;
}

Result<Json> ShardFolder::put_plan(const Json& plan) const {
  return put_first(plan_file(), plan, kAnotherFolder);
}

Result<Json> ShardFolder::put_part(std::uint32_t shard, std::uint32_t retry,
                                   const Json& part) const {
  return put_first(part_file(shard, retry), part, made_again_by(shard, retry));
}

Result<Json> ShardFolder::put_first(const std::string& file, const Json& content,
                                    const std::string& advice) const {
  Result<std::string> temporary =
      write_temporary(content.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  if (!temporary) return temporary.status();
  const bool linked = ::link(temporary->c_str(), file.c_str()) == 0;
  const int error = errno;
  ::unlink(temporary->c_str());
  if (!linked && error != EEXIST) return file_error("cannot put in place", file, error);
  if (Status synced = sync_folder(inner()); !synced.ok()) return synced;
  Result<std::optional<Json>> there = read_object(file, advice);
  if (!there) return there.status();
  if (!*there) return file_error("cannot read", file, ENOENT);
  return std::move(**there);
}

}  // namespace rare::engine
