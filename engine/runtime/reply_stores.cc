#include "engine/runtime/reply_stores.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace rare::engine {
namespace {

// One file, whatever it is called.
std::string canonical(const std::string& file) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(file, error);
  return error ? file : path.string();
}

}  // namespace

Result<std::unique_ptr<ReplyStores>> ReplyStores::open(Setup setup) {
  std::unique_ptr<ReplyStores> stores(new ReplyStores(std::move(setup)));
  if (!stores->setup_.log_file.empty()) {
    Result<std::unique_ptr<ReplyLog>> log = ReplyLog::open(stores->setup_.log_file);
    if (!log) return log.status();
    stores->log_ = std::move(*log);
  }
  if (Status status = stores->add(stores->setup_.file, ""); !status.ok()) return status;
  return stores;
}

Status ReplyStores::add(const std::string& file, const std::string& name) {
  auto database = ReplyDatabase::open(file, setup_.run_id, setup_.on_full_disk);
  if (!database) return database.status();
  Open open{canonical(file), std::move(*database), nullptr, nullptr};
  if (log_) {
    const Status taken =
        take_over_replies(setup_.log_folder, setup_.logs_first, name, *open.database);
    if (!taken.ok()) return taken;
    open.logged = std::make_unique<LoggedReplies>(*open.database, *log_, name);
  }
  if (setup_.stored_only) open.stored_only = std::make_unique<StoredRepliesOnly>(*open.database);
  stores_.push_back(std::move(open));
  return Status();
}

Result<ReplyStore*> ReplyStores::in(const std::string& file) {
  if (file.empty()) return &own();
  const std::string wanted = canonical(file);
  const auto known = std::find_if(stores_.begin(), stores_.end(),
                                  [&](const Open& open) { return open.file == wanted; });
  if (known != stores_.end()) return &known->store();
  if (Status status = add(file, file); !status.ok()) return status;
  return &stores_.back().store();
}

std::map<std::string, std::uint64_t> ReplyStores::unanswered() const {
  std::map<std::string, std::uint64_t> all;
  for (const Open& open : stores_) {
    for (const auto& [service, calls] : open.database->unanswered()) all[service] += calls;
  }
  return all;
}

std::map<PaidReplies::Key, PaidTotals> ReplyStores::paid() const {
  std::map<PaidReplies::Key, PaidTotals> all;
  for (const Open& open : stores_) {
    for (const auto& [key, totals] : open.database->paid()) all[key] += totals;
  }
  return all;
}

}  // namespace rare::engine
