#include "engine/runtime/logged_replies.h"

#include <future>
#include <memory>
#include <set>

#include "engine/observe/log.h"

namespace rare::engine {
namespace {

constexpr std::size_t kPutsAtOnce = 512;

// Replies on their way into a store.
class Puts {
 public:
  explicit Puts(ReplyStore& store) : store_(store) {}

  Status put(LoggedReply logged) {
    auto written = std::make_shared<std::promise<Status>>();
    waiting_.push_back(written->get_future());
    store_.put(std::move(logged.key), std::move(logged.reply),
               [written](Status status) { written->set_value(std::move(status)); });
    ++count_;
    return waiting_.size() < kPutsAtOnce ? Status() : settle();
  }
  Status settle() {
    Status first;
    for (std::future<Status>& written : waiting_) {
      Status status = written.get();
      if (first.ok() && !status.ok()) first = std::move(status);
    }
    waiting_.clear();
    return first;
  }
  std::size_t count() const { return count_; }

 private:
  ReplyStore& store_;
  std::vector<std::future<Status>> waiting_;
  std::size_t count_ = 0;
};

Result<bool> holds(ReplyStore& store, const std::string& key) {
  std::promise<Result<bool>> answered;
  store.find(key, ReplyStore::Scope::this_run, [&](Result<std::optional<StoredReply>> found) {
    answered.set_value(found ? Result<bool>(found->has_value()) : Result<bool>(found.status()));
  });
  return answered.get_future().get();
}

}  // namespace

// To the log first: what another attempt has read from there it need not pay for, whatever becomes
// of this machine.
void LoggedReplies::put(std::string key, StoredReply reply, std::function<void(Status)> done) {
  LoggedReply logged{name_, std::move(key), std::move(reply)};
  auto shared = std::make_shared<LoggedReply>(std::move(logged));
  log_.append(*shared, [&store = store_, shared, done = std::move(done)](Status status) {
    if (!status.ok()) return done(std::move(status));
    store.put(std::move(shared->key), std::move(shared->reply), done);
  });
}

Status take_over_replies(const std::string& folder, const std::vector<std::string>& first,
                         const std::string& name, ReplyStore& store) {
  Puts puts(store);
  std::set<std::string> taken;  // several attempts may have paid for one
  Status status = read_reply_logs(folder, first, [&](LoggedReply logged) {
    if (logged.store != name || !taken.insert(logged.key).second) return Status();
    const Result<bool> held = holds(store, logged.key);
    if (!held) return held.status();
    return *held ? Status() : puts.put(std::move(logged));
  });
  const Status settled = puts.settle();
  if (status.ok()) status = settled;
  if (status.ok() && puts.count() > 0) {
    log_line(
        LogLevel::info, {},
        std::to_string(puts.count()) + " replies of earlier attempts at this shard are taken over");
  }
  return status;
}

}  // namespace rare::engine
