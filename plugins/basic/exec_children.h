// The programs of one basic.exec: starts them, gives each its share of the records, reads what they
// answer, and starts others for those that end.
//
// A record that a program had read of when it ended is asked about once more, alone, so that the
// record that ends programs is told from those that were with it; when it ends a program then, too,
// it is an error of that record. What no program had read is asked about as if nothing were.
//
// Thread-safety: ask() from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "exec_child.h"
#include "exec_message.h"
#include "paced_log.h"
#include "plugins/process/child_process.h"
#include "plugins/process/descriptor.h"
#include "rare/context.h"

namespace rare::basic {

class ExecChildren {
 public:
  struct Settings {
    process::ChildProcess::Command command;
    std::size_t programs = 1;
    std::size_t batch = 1;  // records in a line; of more than one, lines are lists
    std::chrono::duration<double> answer_timeout{300};
    std::size_t most_line_bytes = std::size_t{256} << 20;
  };

  // REQUIRES: `context` outlives it. Starts no program before there is a record for it.
  ExecChildren(Settings settings, Context& context);
  // Closes the programs' inputs and waits a little for their ends. What is unanswered ends as
  // cancelled.
  ~ExecChildren();
  ExecChildren(const ExecChildren&) = delete;
  ExecChildren& operator=(const ExecChildren&) = delete;

  // Asks about a record, given as JSON. Status::cancelled() as soon as the run is being cut short.
  Awaitable<Result<ExecAnswer>> ask(std::string record);

 private:
  using Clock = ExecChild::Clock;

  void run();
  bool take_new();  // false: there is nothing more to do
  void wake();
  void hand_out();
  void hand_out_suspects();
  void refuse_waiting(const Status& status);
  // Whom to ask next; nullptr: nobody now.
  ExecChild* next_child();
  bool has_room(const ExecChild& child) const;
  ExecChild* start_child();
  void wait_and_move();
  void move(ExecChild& child, short input, short output, short errors);
  // What it has not read of is asked as if it had not been.
  void put_back_unread(ExecChild& child);
  void take_line(ExecChild& child, std::string_view line);
  void take_reply(ExecChild& child, ExecReply reply);
  void take_odd_line(ExecChild& child, std::string_view line);
  void look_after(Clock::time_point now);
  // Whether it has ended; `why` says how.
  bool has_ended(ExecChild& child, Clock::time_point now, std::string& why);
  void bury(ExecChild& child, const std::string& why);
  void ask_again(ExecChild& child, const std::string& why, const std::string& last_words);
  void did_not_start(const std::string& why, const std::string& last_words);
  void fail(const std::string& what, const std::string& last_words);
  void end_all();
  void end_gently();

  const Settings settings_;
  Context& context_;
  std::mutex mutex_;
  std::vector<ExecRequest> new_;            // guarded by mutex_
  bool closing_ = false, stopped_ = false;  // guarded by mutex_
  process::Descriptor wake_;

  // Of the thread.
  std::vector<std::unique_ptr<ExecChild>> children_;
  std::deque<ExecRequest> waiting_;   // that nobody has been asked about
  std::deque<ExecRequest> suspects_;  // that a program had when it ended
  std::uint64_t next_id_ = 0;
  int failed_starts_ = 0;        // in a row, without having read anything
  int ends_without_answer_ = 0;  // in a row, of programs that had read
  std::optional<Status> fault_;
  PacedLog errors_, odd_lines_;

  std::thread thread_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace rare::basic
