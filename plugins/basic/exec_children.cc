#include "exec_children.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace rare::basic {
namespace {

// Records that a program has at once beyond the one that it works on, so that it never waits for
// the next one.
constexpr std::size_t kAhead = 32;
constexpr std::size_t kListsAhead = 2;
constexpr int kMostFailedStarts = 3;
constexpr int kMostEndsWithoutAnswer = 10;
constexpr std::uint64_t kMostOddLines = 100;  // of a program that has never answered
constexpr std::size_t kShownBytes = 200;      // of an odd line

constexpr auto kTick = std::chrono::milliseconds(50);  // between looks at whether programs run
constexpr auto kEndGrace = std::chrono::milliseconds(1000);
constexpr auto kTermGrace = std::chrono::milliseconds(500);

std::string seconds_text(std::chrono::duration<double> duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", duration.count());
  return text;
}

std::string with_last_words(std::string text, const std::string& last_words) {
  if (last_words.empty()) return text + "; it wrote nothing to standard error";
  return text + ". The end of its standard error:\n" + last_words;
}

}  // namespace

ExecChildren::ExecChildren(Settings settings, Context& context)
    : settings_(std::move(settings)),
      context_(context),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      errors_(context, LogLevel::info),
      odd_lines_(context, LogLevel::warning),
      thread_([this] { run(); }) {
  // Last: a run that is already stopping calls back at once.
  on_stop_.emplace(context.stop_token(), [this] {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    wake();
  });
}

ExecChildren::~ExecChildren() {
  on_stop_.reset();
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    wake();
  }
  thread_.join();
}

void ExecChildren::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof one);
}

Awaitable<Result<ExecAnswer>> ExecChildren::ask(std::string record) {
  CompletionPair<Result<ExecAnswer>> pair = context_.completion<Result<ExecAnswer>>();
  bool is_late = false;
  {
    const std::lock_guard lock(mutex_);
    is_late = stopped_ || closing_;
    if (!is_late) {
      if (new_.empty()) wake();
      new_.push_back({std::move(record), pair.completion});
    }
  }
  if (is_late) pair.completion.set(Status::cancelled());
  return std::move(pair.awaitable);
}

void ExecChildren::run() {
  // Signals are the engine's, and a pipe that nobody reads is no reason to end.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  while (take_new()) {
    hand_out();
    wait_and_move();
    look_after(Clock::now());
  }
  end_all();
}

bool ExecChildren::take_new() {
  const std::lock_guard lock(mutex_);
  for (ExecRequest& request : new_) waiting_.push_back(std::move(request));
  new_.clear();
  return !closing_ && !stopped_;
}

void ExecChildren::hand_out() {
  hand_out_suspects();
  while (!fault_ && suspects_.empty() && !waiting_.empty()) {
    ExecChild* const child = next_child();
    if (child == nullptr) break;
    std::vector<ExecRequest> requests;
    while (!waiting_.empty() && requests.size() < settings_.batch) {
      requests.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    child->ask(std::move(requests), settings_.batch > 1, next_id_);
    child->write();
  }
  if (fault_) refuse_waiting(*fault_);
}

void ExecChildren::refuse_waiting(const Status& status) {
  for (std::deque<ExecRequest>* queue : {&suspects_, &waiting_}) {
    for (const ExecRequest& request : *queue) request.completion.set(status);
    queue->clear();
  }
}

void ExecChildren::hand_out_suspects() {
  while (!fault_ && !suspects_.empty()) {
    ExecChild* child = nullptr;
    for (const auto& one : children_) {
      if (one->takes_more() && one->unanswered() == 0) child = one.get();
    }
    if (child == nullptr) child = start_child();
    if (child == nullptr) return;
    child->ask_alone(std::move(suspects_.front()), settings_.batch > 1, next_id_);
    suspects_.pop_front();
    child->write();
  }
}

bool ExecChildren::has_room(const ExecChild& child) const {
  const std::size_t most = settings_.batch > 1 ? settings_.batch * (kListsAhead - 1) : kAhead;
  return child.takes_more() && child.unanswered() <= most;
}

ExecChild* ExecChildren::next_child() {
  ExecChild* least = nullptr;
  for (const auto& child : children_) {
    if (!has_room(*child)) continue;
    if (least == nullptr || child->unanswered() < least->unanswered()) least = child.get();
  }
  if (least != nullptr && least->unanswered() == 0) return least;
  ExecChild* const another = start_child();
  return another != nullptr ? another : least;
}

ExecChild* ExecChildren::start_child() {
  while (!fault_ && children_.size() < settings_.programs) {
    Result<std::unique_ptr<ExecChild>> child = ExecChild::start(settings_.command);
    if (child) {
      children_.push_back(std::move(*child));
      return children_.back().get();
    }
    did_not_start(child.status().message(), "");
  }
  return nullptr;
}

void ExecChildren::wait_and_move() {
  std::vector<pollfd> waits = {{wake_.get(), POLLIN, 0}};
  for (const auto& child : children_) {
    const short writing = child->has_to_write() ? POLLOUT : 0;
    waits.push_back({child->input(), writing, 0});  // a reader that is gone is told in any case
    waits.push_back({child->output(), POLLIN, 0});
    waits.push_back({child->errors(), POLLIN, 0});
  }
  poll(waits.data(), waits.size(), children_.empty() ? -1 : static_cast<int>(kTick.count()));
  std::uint64_t count = 0;
  if (waits[0].revents != 0) {
    [[maybe_unused]] const auto got = read(wake_.get(), &count, sizeof count);
  }
  for (std::size_t i = 0; i < children_.size(); ++i) {
    const pollfd* const ends = &waits[1 + 3 * i];
    move(*children_[i], ends[0].revents, ends[1].revents, ends[2].revents);
  }
}

void ExecChildren::move(ExecChild& child, short input, short output, short errors) {
  if (errors != 0) {
    child.read_errors([this](std::string_view line) { errors_.say(line); });
  }
  if (output != 0 && !child.read_output(settings_.most_line_bytes,
                                        [&](std::string_view line) { take_line(child, line); })) {
    child.process().end(std::chrono::milliseconds(0));
    fail("wrote a line of more than " + std::to_string(settings_.most_line_bytes >> 20) +
             " MiB to its standard output, where each line is one answer",
         child.last_words());
  }
  if (input == 0) return;
  child.write();
  if ((input & POLLERR) != 0) child.refuse_input();
  if (!child.refuses_input()) return;
  put_back_unread(child);
}

void ExecChildren::put_back_unread(ExecChild& child) {
  std::vector<ExecRequest> unread = child.take_unread();
  for (auto request = unread.rbegin(); request != unread.rend(); ++request) {
    std::deque<ExecRequest>& queue = request->ends > 0 ? suspects_ : waiting_;
    queue.push_front(std::move(*request));
  }
}

void ExecChildren::take_line(ExecChild& child, std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  std::optional<std::vector<ExecReply>> replies = parse_replies(line);
  if (!replies) return take_odd_line(child, line);
  for (ExecReply& reply : *replies) take_reply(child, std::move(reply));
}

void ExecChildren::take_reply(ExecChild& child, ExecReply reply) {
  std::optional<ExecRequest> request = child.answered(reply.id);
  if (!request) {
    odd_lines_.say("the program answered id " + std::to_string(reply.id) +
                   ", which it was not asked or has answered already: passed over");
    return;
  }
  failed_starts_ = ends_without_answer_ = 0;
  request->completion.set(std::move(reply.answer));
}

void ExecChildren::take_odd_line(ExecChild& child, std::string_view line) {
  const std::string shown =
      Json(line.substr(0, kShownBytes)).dump(-1, ' ', false, Json::error_handler_t::replace);
  odd_lines_.say("the program wrote a line to standard output that is no answer (passed over): " +
                 shown + "; what is not for the engine belongs to standard error");
  if (++child.odd_lines < kMostOddLines || child.ever_answered()) return;
  child.process().end(std::chrono::milliseconds(0));
  fail("wrote " + std::to_string(kMostOddLines) +
           " lines to its standard output and no answer among them, the last one: " + shown +
           "; each line must be an object with the `id` that was asked about",
       child.last_words());
}

void ExecChildren::look_after(Clock::time_point now) {
  for (std::size_t i = 0; i < children_.size();) {
    std::string why;
    if (!has_ended(*children_[i], now, why)) {
      ++i;
      continue;
    }
    const std::unique_ptr<ExecChild> child = std::move(children_[i]);
    children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
    bury(*child, why);
  }
}

bool ExecChildren::has_ended(ExecChild& child, Clock::time_point now, std::string& why) {
  if (!child.process().running()) {
    why = "ended (" + child.process().how_it_ended() + ")";
    return true;
  }
  const auto useless_since = child.useless_since(now);
  if (useless_since && now - *useless_since > kEndGrace) {
    why = child.output() < 0 ? "closed its standard output" : "closed its standard input";
  } else if (child.owed_for(now) > settings_.answer_timeout) {
    why = (child.has_read() ? "gave no answer for " : "did not read its input for ") +
          seconds_text(settings_.answer_timeout) + " (`answer_timeout_s`)";
  }
  if (why.empty()) return false;
  child.process().end(std::chrono::milliseconds(0));
  return true;
}

void ExecChildren::bury(ExecChild& child, const std::string& why) {
  // What it wrote before its end is as good as ever.
  if (child.output() >= 0) move(child, 0, POLLIN, POLLIN);
  if (child.errors() >= 0) move(child, 0, 0, POLLIN);
  const std::string last_words = child.last_words();
  const bool has_read = child.has_read();
  put_back_unread(child);
  if (!has_read) return did_not_start(why, last_words);  // each was started to be asked at once
  if (child.unanswered() > 0) {
    if (!child.ever_answered()) ++ends_without_answer_;
    ask_again(child, why, last_words);
  } else if (!child.process().succeeded()) {
    context_.log(LogLevel::warning, "the program " + why + " when it had no record");
  }
  if (ends_without_answer_ >= kMostEndsWithoutAnswer) {
    fail("has ended " + std::to_string(ends_without_answer_) +
             " times in a row without an answer; the last one " + why,
         last_words);
  }
}

void ExecChildren::ask_again(ExecChild& child, const std::string& why,
                             const std::string& last_words) {
  std::size_t again = 0;
  for (ExecRequest& request : child.take_unanswered()) {
    if (++request.ends == 1) {
      ++again;
      suspects_.push_back(std::move(request));
      continue;
    }
    request.completion.set(
        Status(StatusCode::unavailable,
               with_last_words("the program " + why +
                                   " with this record, which it had alone; another one had "
                                   "ended with it before",
                               last_words))
            .with_attempts(request.ends));
  }
  if (again == 0) return;
  context_.log(LogLevel::warning, "the program " + why + "; of what it had, " +
                                      std::to_string(again) +
                                      (again == 1 ? " record is" : " records are") +
                                      " asked about once more, each alone");
}

void ExecChildren::did_not_start(const std::string& why, const std::string& last_words) {
  if (++failed_starts_ < kMostFailedStarts) return;
  fail("does not start: " + std::to_string(failed_starts_) +
           " times in a row it had read nothing when it ended; the last one: " + why,
       last_words);
}

void ExecChildren::fail(const std::string& what, const std::string& last_words) {
  if (fault_) return;
  fault_ = Status::run_fault(
      StatusCode::unavailable,
      with_last_words("the program (" + settings_.command.program + ") " + what, last_words));
}

void ExecChildren::end_all() {
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    stopped = stopped_;
  }
  if (!stopped) end_gently();
  for (const auto& child : children_) {
    child->process().end(stopped ? std::chrono::milliseconds(0) : kTermGrace);
    for (ExecRequest& request : child->take_unanswered()) waiting_.push_back(std::move(request));
  }
  children_.clear();
  take_new();
  refuse_waiting(Status::cancelled());
}

void ExecChildren::end_gently() {
  for (const auto& child : children_) child->close_input();
  const Clock::time_point deadline = Clock::now() + kEndGrace;
  while (Clock::now() < deadline &&
         std::any_of(children_.begin(), children_.end(),
                     [](const auto& child) { return child->process().running(); })) {
    wait_and_move();
  }
  if (!children_.empty()) wait_and_move();  // for the last lines of their standard error
}

}  // namespace rare::basic
