#include "exec_child.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rare::basic {
namespace {

constexpr std::size_t kReadBytes = 65536;
// What one look at a pipe takes, so that a program that writes without end holds up no other.
constexpr std::size_t kBytesPerLook = 1 << 20;
constexpr std::size_t kErrorLineBytes = 2048;  // of a line on standard error that are kept
constexpr std::size_t kLastErrorLines = 12;

// Takes what is there, up to a limit; closes a pipe that has come to its end.
template <class Take>
void read_some(process::Descriptor& pipe, const Take& take) {
  char bytes[kReadBytes];
  for (std::size_t all = 0; all < kBytesPerLook;) {
    const ssize_t got = read(pipe.get(), bytes, sizeof bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return pipe.reset();
    take(std::string_view(bytes, static_cast<std::size_t>(got)));
    all += static_cast<std::size_t>(got);
  }
}

}  // namespace

Result<std::unique_ptr<ExecChild>> ExecChild::start(const process::ChildProcess::Command& command) {
  process::ChildProcess::Pipes pipes;
  Result<process::ChildProcess> process = process::ChildProcess::start_piped(command, pipes);
  if (!process) return process.status();
  return std::unique_ptr<ExecChild>(new ExecChild(std::move(*process), std::move(pipes)));
}

ExecChild::ExecChild(process::ChildProcess process, process::ChildProcess::Pipes pipes)
    : process_(std::move(process)), pipes_(std::move(pipes)), oldest_since_(Clock::now()) {}

void ExecChild::ask(std::vector<ExecRequest> requests, bool is_list, std::uint64_t& next_id) {
  if (unanswered_.empty()) oldest_since_ = Clock::now();
  if (written_here_ == questions_text_.size()) {
    questions_text_.clear();
    written_here_ = 0;
  }
  const std::uint64_t begin = written_ + unwritten();
  if (is_list) questions_text_ += '[';
  bool is_first = true;
  for (ExecRequest& request : requests) {
    if (!std::exchange(is_first, false)) questions_text_ += ',';
    append_question(next_id, request.record, questions_text_);
    unanswered_.emplace_hint(unanswered_.end(), next_id, Question{std::move(request), begin});
    ++next_id;
  }
  if (is_list) questions_text_ += ']';
  questions_text_ += '\n';
}

void ExecChild::ask_alone(ExecRequest request, bool is_list, std::uint64_t& next_id) {
  std::vector<ExecRequest> one;
  one.push_back(std::move(request));
  ask(std::move(one), is_list, next_id);
  is_alone_ = true;
}

std::optional<ExecRequest> ExecChild::answered(std::uint64_t id) {
  const auto at = unanswered_.find(id);
  if (at == unanswered_.end()) return std::nullopt;
  ExecRequest request = std::move(at->second.request);
  if (at == unanswered_.begin()) oldest_since_ = Clock::now();
  unanswered_.erase(at);
  ++answers_;
  if (unanswered_.empty()) is_alone_ = false;
  return request;
}

ExecChild::Clock::duration ExecChild::owed_for(Clock::time_point now) {
  if (was_starting_ && has_read()) {
    was_starting_ = false;
    oldest_since_ = now;
  }
  return unanswered_.empty() ? Clock::duration::zero() : now - oldest_since_;
}

// What is written and stands in the pipe no more.
std::uint64_t ExecChild::bytes_read() const {
  int unread = 0;
  if (pipes_.input.is_open()) ioctl(pipes_.input.get(), FIONREAD, &unread);
  return written_ - static_cast<std::uint64_t>(std::max(unread, 0));
}

void ExecChild::write() {
  while (unwritten() > 0) {
    const ssize_t wrote =
        ::write(pipes_.input.get(), questions_text_.data() + written_here_, unwritten());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      if (errno != EAGAIN) input_refused_ = true;
      return;
    }
    written_here_ += static_cast<std::size_t>(wrote);
    written_ += static_cast<std::uint64_t>(wrote);
  }
}

bool ExecChild::read_output(std::size_t most_line_bytes,
                            const std::function<void(std::string_view)>& take) {
  read_some(pipes_.output, [this](std::string_view text) { output_text_ += text; });
  std::size_t line = 0;
  for (std::size_t end; (end = output_text_.find('\n', looked_through_)) != std::string::npos;) {
    take(std::string_view(output_text_).substr(line, end - line));
    line = looked_through_ = end + 1;
  }
  // A last line without its end may be torn, and is no answer.
  output_text_.erase(0, line);
  looked_through_ = output_text_.size();
  return output_text_.size() <= most_line_bytes;
}

void ExecChild::read_errors(const std::function<void(std::string_view)>& take) {
  read_some(pipes_.errors, [&](std::string_view text) {
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;) {
      take_error_line(text.substr(0, end), take);
      text.remove_prefix(end + 1);
    }
    const std::size_t room = kErrorLineBytes - std::min(kErrorLineBytes, error_text_.size());
    error_text_ += text.substr(0, room);
  });
  if (!pipes_.errors.is_open() && !error_text_.empty()) take_error_line("", take);
}

void ExecChild::take_error_line(std::string_view line,
                                const std::function<void(std::string_view)>& take) {
  const std::size_t room = kErrorLineBytes - std::min(kErrorLineBytes, error_text_.size());
  error_text_ += line.substr(0, room);
  if (!error_text_.empty() && error_text_.back() == '\r') error_text_.pop_back();
  if (!error_text_.empty()) {
    take(error_text_);
    last_error_lines_.push_back(error_text_);
    if (last_error_lines_.size() > kLastErrorLines) last_error_lines_.pop_front();
  }
  error_text_.clear();
}

std::optional<ExecChild::Clock::time_point> ExecChild::useless_since(Clock::time_point now) {
  const bool is_useless = !pipes_.output.is_open() || (input_refused_ && unanswered_.empty());
  if (is_useless && !useless_since_) useless_since_ = now;
  return useless_since_;
}

std::vector<ExecRequest> ExecChild::take_unread() {
  const std::uint64_t read = bytes_read();
  std::vector<ExecRequest> unread;
  for (auto at = unanswered_.begin(); at != unanswered_.end();) {
    if (at->second.begin < read) {
      ++at;
      continue;
    }
    unread.push_back(std::move(at->second.request));
    at = unanswered_.erase(at);
  }
  return unread;
}

std::vector<ExecRequest> ExecChild::take_unanswered() {
  std::vector<ExecRequest> all;
  for (auto& [id, question] : unanswered_) all.push_back(std::move(question.request));
  unanswered_.clear();
  return all;
}

std::string ExecChild::last_words() const {
  std::string text;
  for (const std::string& line : last_error_lines_) text += (text.empty() ? "" : "\n") + line;
  return text;
}

}  // namespace rare::basic
