#include "engine/runtime/shard_finish.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/observe/log.h"
#include "engine/observe/standard_output.h"
#include "engine/runtime/run.h"
#include "engine/runtime/run_closing.h"
#include "engine/runtime/service_usage.h"
#include "engine/runtime/shard_plan.h"
#include "engine/state/folder.h"
#include "engine/state/ledger.h"
#include "engine/state/shard_presence.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

std::uint32_t shard_of(const Json& part) { return part.at("shard").get<std::uint32_t>(); }
std::uint32_t retry_of(const Json& part) { return part.value("retry", 0U); }

Status damaged(const ShardFolder& folder, std::uint32_t shard, const Json& part,
               const std::string& why) {
  const std::uint32_t retry = retry_of(part);
  return Status::run_fault(StatusCode::invalid_data, folder.part_file(shard, retry) +
                                                         " cannot be understood (" + why + "). " +
                                                         folder.made_again_by(shard, retry));
}

// `what` the part says is there.
Status gone(const ShardFolder& folder, const Json& part, const std::string& file,
            const std::string& what) {
  return Status::run_fault(StatusCode::not_found,
                           file + ": expected " + what + " of shard " +
                               std::to_string(shard_of(part)) + ", and it is gone. " +
                               folder.made_again_by(shard_of(part), retry_of(part)));
}

class Sums {
 public:
  void add(const Json& part) {
    ledger_ += Ledger::from_json(part.at("records"));
    for (const auto& [node, tally] : part.at("nodes").items()) {
      nodes_[node] += NodeTally::from_json(tally);
    }
    add_usage(services_, part.at("services").get<ServiceUsage>());
    elapsed_s_ += part.at("elapsed_s").get<double>();
  }
  Json to_json() const {
    Json nodes = Json::object();
    for (const auto& [name, tally] : nodes_) nodes[name] = tally.to_json();
    return {{"records", ledger_.to_json()},
            {"nodes", std::move(nodes)},
            {"services", services_},
            {"elapsed_s", elapsed_s_}};
  }

 private:
  Ledger ledger_;
  std::map<std::string, NodeTally> nodes_;
  ServiceUsage services_;
  double elapsed_s_ = 0;
};

class Finish {
 public:
  Finish(const ShardFolder& folder, ShardProgress progress)
      : folder_(folder), progress_(std::move(progress)) {}

  // Each step can be repeated; `_SUCCESS` says that all are done.
  Status carry_out() {
    Status status = begin_again();
    if (status.ok()) status = keep_dead_letters();
    if (status.ok()) status = name_files();
    if (status.ok()) status = take_away_replaced();
    if (status.ok()) status = gather_dead_letters();
    if (status.ok()) status = write_manifest();
    if (status.ok()) status = sweep();
    if (status.ok() && !progress_.finished) status = write_whole(folder_.success_file(), "");
    return status;
  }
  Ledger ledger() const { return Ledger::from_json(progress_.sums.at("records")); }
  bool too_many_dead() const {
    ErrorBound bound;
    const Json& count = progress_.plan["max_errors"];
    const Json& share = progress_.plan["max_error_share"];
    if (count.is_number()) bound.count = count.get<std::uint64_t>();
    if (share.is_number()) bound.share = share.get<double>();
    return rare::engine::too_many_dead(bound, ledger());
  }
  std::string text() const;

 private:
  std::string attempt_of(const Json& part) const {
    return folder_.attempt_folder(shard_of(part), part.at("attempt").get<std::string>());
  }
  Json attempts() const;
  bool is_latest() const;
  bool was_put_in_place(const Json& part, const std::string& file) const;
  Status begin_again();
  Status keep_dead_letters() const;
  Status name_files() const;
  Status put_in_place(const Json& part, const Json& file) const;
  Status take_away_replaced() const;
  Status gather_dead_letters() const;
  Status write_manifest() const;
  Status sweep() const;
  std::string dead_letters_file() const { return folder_.folder() + "/dead_letters.jsonl"; }
  std::string kept_dead_letters(const Json& part) const {
    return folder_.dead_letters_file(shard_of(part), part.at("attempt").get<std::string>());
  }
  std::string manifest_file() const { return folder_.inner() + "/manifest.json"; }
  std::set<std::string> sinks() const;

  const ShardFolder& folder_;
  ShardProgress progress_;
  Json finished_;  // the attempts whose output is complete in place, by shard; null: there is none
};

std::set<std::string> Finish::sinks() const {
  std::set<std::string> names;
  for (const Json& part : progress_.parts) {
    for (const Json& file : part.at("files")) names.insert(file.at("node").get<std::string>());
  }
  return names;
}

// By shard.
Json Finish::attempts() const {
  Json attempts = Json::array();
  for (const Json& part : progress_.parts) attempts.push_back(part.at("attempt"));
  return attempts;
}

// Whether no retry was committed since.
bool Finish::is_latest() const {
  for (const Json& part : progress_.parts) {
    const auto latest = folder_.latest_part(shard_of(part));
    if (!latest || !*latest || (*latest)->at("attempt") != part.at("attempt")) return false;
  }
  return true;
}

// An output that was finished before a shard was retried is none any more, until it is again.
Status Finish::begin_again() {
  std::ifstream in(manifest_file(), std::ios::binary);
  const Json manifest = Json::parse(in, nullptr, false);
  if (manifest.is_object()) finished_ = manifest.value("attempts", Json());
  if (!progress_.finished || finished_ == attempts()) return Status();
  if (::unlink(folder_.success_file().c_str()) != 0 && errno != ENOENT) {
    return file_error("cannot remove", folder_.success_file(), errno);
  }
  progress_.finished = false;
  return sync_folder(folder_.folder());
}

// Apart from the attempts, which are swept: a retry of other shards needs those of this one.
Status Finish::keep_dead_letters() const {
  if (ledger().dead == 0) return Status();
  const std::string folder = folder_.inner() + "/dead_letters";
  if (Status made = make_shared_folder(folder); !made.ok()) return made;
  for (const Json& part : progress_.parts) {
    if (!has_dead_letters(part)) continue;
    const std::string from = attempt_of(part) + "/dead_letters.jsonl";
    const std::string to = kept_dead_letters(part);
    std::error_code error;
    if (::rename(from.c_str(), to.c_str()) == 0 || fs::exists(to, error)) continue;
    return gone(folder_, part, from, "the file of dead letters");
  }
  return sync_folder(folder);
}

// From the attempt that counts to DIR/SINK. A file that is gone there and here is a lost one.
Status Finish::name_files() const {
  for (const std::string& sink : sinks()) {
    if (Status made = make_shared_folder(folder_.folder() + "/" + sink); !made.ok()) return made;
  }
  for (const Json& part : progress_.parts) {
    for (const Json& file : part.at("files")) {
      if (Status put = put_in_place(part, file); !put.ok()) return put;
    }
  }
  for (const std::string& sink : sinks()) {
    if (Status synced = sync_folder(folder_.folder() + "/" + sink); !synced.ok()) return synced;
  }
  return Status();
}

// A file that its attempt has no more was put in place before: by a finish that was ended before it
// swept the attempts, or by the one whose manifest names this attempt.
bool Finish::was_put_in_place(const Json& part, const std::string& file) const {
  std::error_code error;
  if (!fs::exists(file, error)) return false;
  if (fs::exists(attempt_of(part), error)) return true;
  const std::size_t shard = shard_of(part);
  return finished_.is_array() && shard < finished_.size() && finished_[shard] == part.at("attempt");
}

Status Finish::put_in_place(const Json& part, const Json& file) const {
  const std::string place =
      "/" + file.at("node").get<std::string>() + "/" + file.at("name").get<std::string>();
  const std::string from = attempt_of(part) + place;
  const std::string to = folder_.folder() + place;
  std::error_code error;
  // A folder takes no other's place by rename(2). One that is there is of an attempt that counts no
  // more.
  if (fs::is_directory(from, error)) fs::remove_all(to, error);
  if (::rename(from.c_str(), to.c_str()) == 0) return Status();
  const int reason = errno;
  if (reason != ENOENT) return file_error("cannot put in place", to, reason);
  if (was_put_in_place(part, to)) return Status();
  return gone(folder_, part, to, "a sink's output");
}

// Files that a shard wrote before it was retried, and that the retry did not write anew.
Status Finish::take_away_replaced() const {
  for (const Json& part : progress_.parts) {
    std::set<std::pair<std::string, std::string>> now;
    for (const Json& file : part.at("files")) now.emplace(file.at("node"), file.at("name"));
    for (std::uint32_t retry = 0; retry < retry_of(part); ++retry) {
      const Result<std::optional<Json>> before = folder_.part(shard_of(part), retry);
      if (!before) return before.status();
      if (!*before) continue;
      ::unlink(
          kept_dead_letters(**before).c_str());  // of no use; if it stays, it is in nobody's way
      for (const Json& file : (*before)->at("files")) {
        const std::string node = file.at("node"), name = file.at("name");
        if (now.count({node, name}) > 0) continue;
        std::error_code error;
        fs::remove_all(folder_.folder() + "/" + node + "/" + name, error);
        if (error) return file_error("cannot remove", name, error.value());
      }
    }
  }
  return Status();
}

// One file of all shards.
Status Finish::gather_dead_letters() const {
  if (ledger().dead == 0) {
    const bool gone = ::unlink(dead_letters_file().c_str()) == 0 || errno == ENOENT;
    return gone ? Status() : file_error("cannot remove", dead_letters_file(), errno);
  }
  WholeFile file(dead_letters_file());
  if (Status opened = file.open(); !opened.ok()) return opened;
  for (const Json& part : progress_.parts) {
    if (!has_dead_letters(part)) continue;
    const std::string from = kept_dead_letters(part);
    std::ifstream in(from, std::ios::binary);
    if (!in) return file_error("cannot read", from, errno);
    char block[1 << 16];
    while (in.read(block, sizeof block), in.gcount() > 0) {
      const std::string_view read(block, static_cast<std::size_t>(in.gcount()));
      if (Status written = file.write(read); !written.ok()) return written;
    }
  }
  return file.finish();
}

Status Finish::write_manifest() const {
  Json manifest = progress_.sums;
  manifest["name"] = progress_.name;
  manifest["status"] = "complete";
  manifest["shards"] = progress_.shards;
  manifest["attempts"] = attempts();
  manifest["results"] = Json::array();
  for (const std::string& sink : sinks()) {
    manifest["results"].push_back(folder_.folder() + "/" + sink);
  }
  return write_whole(manifest_file(),
                     manifest.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

// First under another name: what is half removed must not look like an attempt. Not while a retry
// is under way somewhere, which would lose what it has made.
Status Finish::sweep() const {
  // In this order: one that has ended has committed.
  const Result<std::vector<std::string>> at_work =
      ShardPresence::names_in(folder_.running_folder());
  if (!at_work || std::any_of(at_work->begin(), at_work->end(), is_of_retry) || !is_latest()) {
    log_line(LogLevel::warning, {},
             at_work ? "a retry is under way, or was committed meanwhile: finish once more when it "
                       "is done, which also sweeps what attempts have left"
                     : "what attempts have left is not swept, as nobody can tell whether a retry "
                       "is under way: " +
                           at_work.status().message());
    return Status();
  }
  const std::string old = folder_.inner() + "/swept";
  std::error_code error;
  fs::remove_all(old, error);
  if (error) return file_error("cannot remove", old, error.value());
  if (::rename(folder_.attempts_folder().c_str(), old.c_str()) != 0 && errno != ENOENT) {
    return file_error("cannot remove", folder_.attempts_folder(), errno);
  }
  for (const std::string& folder : {old, folder_.inner() + "/tmp", folder_.running_folder()}) {
    fs::remove_all(folder, error);
    if (error) return file_error("cannot remove", folder, error.value());
  }
  return sync_folder(folder_.inner());
}

std::string Finish::text() const {
  std::string text = "complete, " + std::to_string(progress_.shards) +
                     " shards\nledger: " + ledger().to_string() + "\n" +
                     usage_text(progress_.sums.at("services").get<ServiceUsage>());
  if (ledger().dead > 0) {
    text += "dead letters: " + std::to_string(ledger().dead) + " in " + dead_letters_file() + "\n";
  }
  for (const std::string& sink : sinks()) {
    text += "result: " + folder_.folder() + "/" + sink + "\n";
  }
  return text;
}

}  // namespace

bool has_dead_letters(const Json& part) { return Ledger::from_json(part.at("records")).dead > 0; }

Result<ShardProgress> shard_progress(const ShardFolder& folder) {
  Result<std::optional<Json>> plan = folder.plan();
  if (!plan) return plan.status();
  ShardProgress progress;
  progress.plan = std::move(**plan);
  const Result<std::uint32_t> shards = planned_shards(progress.plan, folder.folder());
  if (!shards) return shards.status();
  progress.shards = *shards;
  progress.name = progress.plan.value("name", "");
  const std::string digest = plan_digest(progress.plan);
  Sums sums;
  for (std::uint32_t shard = 0; shard < progress.shards; ++shard) {
    Result<std::optional<Json>> part = folder.latest_part(shard);
    if (!part) return part.status();
    if (!*part) {
      progress.missing.push_back(shard);
      continue;
    }
    try {
      if ((*part)->at("plan") != digest || (*part)->at("shard") != shard) {
        return damaged(folder, shard, **part, "it is of another plan or shard");
      }
      sums.add(**part);
    } catch (const Json::exception& error) {
      return damaged(folder, shard, **part, error.what());
    }
    progress.parts.push_back(std::move(**part));
  }
  progress.sums = sums.to_json();
  std::error_code error;
  progress.finished = fs::exists(folder.success_file(), error);
  return progress;
}

std::string missing_shards(const ShardProgress& progress) {
  std::string text;
  for (std::size_t i = 0; i < progress.missing.size();) {
    std::size_t last = i;
    while (last + 1 < progress.missing.size() &&
           progress.missing[last + 1] == progress.missing[last] + 1) {
      ++last;
    }
    if (!text.empty()) text += ", ";
    text += std::to_string(progress.missing[i]);
    if (last > i) text += "-" + std::to_string(progress.missing[last]);
    i = last + 1;
  }
  return text;
}

int finish_shards(const std::string& name) {
  const Result<ShardFolder> folder = ShardFolder::open_planned(name);
  if (!folder) return report_fault(folder.status());
  // Of two at once the slower one would put back what a retry has replaced.
  const Result<std::unique_ptr<FolderLock>> lock = FolderLock::take(folder->inner());
  if (!lock) {
    if (lock.status().code() == StatusCode::invalid_argument) {
      return report_fault(Status::run_fault(
          StatusCode::unavailable,
          folder->folder() + ": expected no other `finish`, and one is under way (" +
              FolderLock::holder(folder->inner()).value_or("on another machine") +
              "). Wait for it or end it, then finish again."));
    }
    log_line(LogLevel::warning, {},
             lock.status().message() +
                 ": whether another `finish` is under way cannot be told, so see that none is");
  }
  Result<ShardProgress> progress = shard_progress(*folder);
  if (!progress) return report_fault(progress.status());
  if (!progress->missing.empty()) {
    return report_fault(Status::run_fault(
        StatusCode::unavailable, folder->folder() + ": expected every shard to be committed, " +
                                     std::to_string(progress->missing.size()) + " of " +
                                     std::to_string(progress->shards) +
                                     " are missing: " + missing_shards(*progress) +
                                     ". Run them, then finish. Nothing was changed."));
  }
  Finish finish(*folder, std::move(*progress));
  if (!finish.ledger().adds_up()) {
    return report_fault(Status::run_fault(StatusCode::internal,
                                          "the ledger is off: " + finish.ledger().to_string() +
                                              ". This is a defect of rare-engine or of a plugin."));
  }
  if (Status status = finish.carry_out(); !status.ok()) return report_fault(status);
  write_result(finish.text());
  return finish.too_many_dead() ? kExitDeadLetters : kExitDone;
}

}  // namespace rare::engine
