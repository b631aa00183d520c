// One program of basic.exec at work: its pipes, what it was asked, what it answered.
//
// Thread-safety: one thread, the one that started it (process::ChildProcess).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exec_message.h"
#include "plugins/process/child_process.h"
#include "rare/task.h"

namespace rare::basic {

// A record that a program is to be asked about.
struct ExecRequest {
  std::string record;  // JSON
  Completion<Result<ExecAnswer>> completion;
  int ends = 0;  // of programs that had read of it and gave no answer
};

class ExecChild {
 public:
  using Clock = std::chrono::steady_clock;

  static Result<std::unique_ptr<ExecChild>> start(const process::ChildProcess::Command& command);

  // Asks about the records in one line: of a list, in square brackets, if `is_list`. `next_id`
  // gives each its id.
  void ask(std::vector<ExecRequest> requests, bool is_list, std::uint64_t& next_id);
  // Alone: no other record until it is answered, so that an end is this record's.
  void ask_alone(ExecRequest request, bool is_list, std::uint64_t& next_id);
  // What it was asked under this id, which is now answered; nothing when there is no such question.
  std::optional<ExecRequest> answered(std::uint64_t id);

  std::size_t unanswered() const { return unanswered_.size(); }
  bool takes_more() const { return !input_refused_ && !is_alone_; }
  bool refuses_input() const { return input_refused_; }  // reads no more
  bool ever_answered() const { return answers_ > 0; }
  // Whether it has read anything of what it was asked.
  bool has_read() const { return bytes_read() > 0; }
  // How long it has owed the oldest of its answers, its start not counted once that is over.
  Clock::duration owed_for(Clock::time_point now);

  // The parent's ends of its pipes, below 0 once they are closed.
  int input() const { return input_refused_ ? -1 : pipes_.input.get(); }
  bool has_to_write() const { return unwritten() > 0; }
  int output() const { return pipes_.output.get(); }
  int errors() const { return pipes_.errors.get(); }

  // Writes what the pipe takes.
  void write();
  // It has closed its input: who reads no more is asked no more.
  void refuse_input() { input_refused_ = true; }
  // Reads what is there, up to a limit, and gives each line of it. False: a line is longer than
  // `most_line_bytes`.
  bool read_output(std::size_t most_line_bytes, const std::function<void(std::string_view)>& take);
  void read_errors(const std::function<void(std::string_view)>& take);

  void close_input() { pipes_.input.reset(); }
  process::ChildProcess& process() { return process_; }
  // Since when it has been of no more use, although it runs: it has closed its output, or reads no
  // more and has answered all that it read.
  std::optional<Clock::time_point> useless_since(Clock::time_point now);

  // Takes back what it was asked and has not read of, in the order asked.
  std::vector<ExecRequest> take_unread();
  // Takes back what it was asked, in the order asked.
  std::vector<ExecRequest> take_unanswered();
  // The last lines of its standard error, for messages; empty when there are none.
  std::string last_words() const;

  std::uint64_t odd_lines = 0;  // that were no answers

 private:
  struct Question {
    ExecRequest request;
    std::uint64_t begin = 0;  // of its line, in all that is written to the program
  };

  ExecChild(process::ChildProcess process, process::ChildProcess::Pipes pipes);
  std::size_t unwritten() const { return questions_text_.size() - written_here_; }
  std::uint64_t bytes_read() const;
  void take_error_line(std::string_view line, const std::function<void(std::string_view)>& take);

  process::ChildProcess process_;
  process::ChildProcess::Pipes pipes_;
  std::map<std::uint64_t, Question> unanswered_;  // by id, and so in the order asked
  bool is_alone_ = false, input_refused_ = false;
  std::uint64_t answers_ = 0;
  Clock::time_point oldest_since_;
  bool was_starting_ = true;

  std::string questions_text_;      // what is to be written
  std::size_t written_here_ = 0;    // of it
  std::uint64_t written_ = 0;       // in all
  std::string output_text_;         // read, up to a line that is not whole yet
  std::size_t looked_through_ = 0;  // of it, for the end of a line
  std::optional<Clock::time_point> useless_since_;
  std::string error_text_;  // a line that is not whole yet, or its begin
  std::deque<std::string> last_error_lines_;
};

}  // namespace rare::basic
