// The folder that the shards of a run share (`--out DIR`), on any number of machines: what is
// planned, what each shard committed, and what its attempts are at. Specified in
// docs/formats/shards.md.
//
// What others rely on appears in it whole and once: written under a name of its own, synced, and
// given its name by link(2), which fails where the name is taken. The first wins, and whoever comes
// later, a process that was long thought dead among them, changes nothing.
//
// Thread-safety: any thread; a value. Errors are run faults: unavailable or resource_exhausted from
// the file system, invalid_argument for a file system without hard links, invalid_data for a
// file that cannot be understood.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "rare/json.h"
#include "rare/status.h"

namespace rare::engine {

// The most shards that a run has: their numbers are five digits.
inline constexpr std::uint32_t kMostShards = 100'000;

// "00017"
std::string shard_digits(std::uint32_t shard);

// What an attempt is called where shards show themselves.
std::string presence_name(std::uint32_t shard, const std::string& attempt, std::uint32_t retry);
// Whether it is that of a retry: what it makes is needed though the run is finished.
bool is_of_retry(const std::string& presence_name);

class ShardFolder {
 public:
  // Makes what is missing of the folder, and tries whether its file system can link.
  static Result<ShardFolder> open(const std::string& folder);
  // Of a folder that must be there, with a plan; not_found otherwise. Writes nothing.
  static Result<ShardFolder> open_planned(const std::string& folder);

  const std::string& folder() const { return folder_; }
  std::string inner() const { return folder_ + "/_rare"; }
  std::string plan_file() const { return inner() + "/plan.json"; }
  // Of the run, or of the shard's retry number `retry`, from 1.
  std::string part_file(std::uint32_t shard, std::uint32_t retry = 0) const;
  // What to do where a part, or what it names, is damaged or gone.
  std::string made_again_by(std::uint32_t shard, std::uint32_t retry) const;
  // Where one attempt at a shard writes, until the shard is committed and finished.
  std::string attempts_folder() const { return inner() + "/attempts"; }
  std::string attempt_folder(std::uint32_t shard, const std::string& attempt) const;
  std::string replies_folder(std::uint32_t shard) const;
  // The dead letters of what an attempt committed, once the run is finished.
  std::string dead_letters_file(std::uint32_t shard, const std::string& attempt) const;
  // Where shards that are at work show themselves (shard_presence.h).
  std::string running_folder() const { return inner() + "/running"; }
  std::string success_file() const { return folder_ + "/_SUCCESS"; }

  // Nothing where there is none yet.
  Result<std::optional<Json>> plan() const;
  Result<std::optional<Json>> part(std::uint32_t shard, std::uint32_t retry = 0) const;
  // Of the last retry that was committed; its number is the part's `retry`, 0 where it has none.
  // Of what part() gives, `retry`, `attempt` and `records` are what they should be, where they are.
  Result<std::optional<Json>> latest_part(std::uint32_t shard) const;
  // What stands there afterwards: `plan` or `part`, or what somebody else put there before.
  Result<Json> put_plan(const Json& plan) const;
  Result<Json> put_part(std::uint32_t shard, std::uint32_t retry, const Json& part) const;

 private:
  explicit ShardFolder(const std::string& named);
  Status try_links() const;
  Result<Json> put_first(const std::string& file, const Json& content,
                         const std::string& advice) const;
  Result<std::string> write_temporary(const std::string& text) const;

  std::string folder_;  // absolute, without a slash at its end
};

// A short name for the content of a plan, which parts carry to show what they are of.
std::string plan_digest(const Json& plan);

// Makes a folder and those above it that are missing, with the modes that the process's umask
// gives, and syncs each into the one above it.
Status make_shared_folder(const std::string& folder);

}  // namespace rare::engine
