#include "jq_program.h"

#include <mutex>
#include <utility>

namespace rare::basic {
namespace {

// A program that never stops giving values must not fill the memory.
constexpr std::size_t kMostOutputs = 1000000;

// libjq 1.6 ends the process where a number is no date that the C library knows (nanoseconds taken
// for seconds are enough). The same functions, with that number an error of its record. In one
// line, so that the lines of messages stay those of the expression.
constexpr char kGuards[] =
    "def _checked_date: if type == \"number\" and (isnan or . > 6e16 or . < -6e16)"
    " then error(\"\\(.) s is too far away to be a date\") else . end; "
    "def _gmtime: gmtime; def gmtime: _checked_date | _gmtime; "
    "def _localtime: localtime; def localtime: _checked_date | _localtime; "
    "def _strftime(f): strftime(f); def strftime(f): _checked_date | _strftime(f); "
    "def _strflocaltime(f): strflocaltime(f); "
    "def strflocaltime(f): _checked_date | _strflocaltime(f); "
    "def todate: strftime(\"%Y-%m-%dT%H:%M:%SZ\"); def todateiso8601: todate; def date: todate; ";

void collect_message(void* messages, jv message) {
  const JqValue owned(message);
  static_cast<std::vector<std::string>*>(messages)->push_back(shown(owned));
}

void ignore_message(void*, jv message) { jv_free(message); }

jv no_input(jq_state*, void*) { return jv_invalid(); }

void take_out(std::string& text, const std::string& part) {
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part)) {
    text.erase(at, part.size());
  }
}

// "syntax error, unexpected $end at <top-level>, line 1" out of what jq writes for its command
// line.
std::string tidied(const std::vector<std::string>& messages) {
  std::string text;
  for (std::string message : messages) {
    if (message.find("compile error") != std::string::npos && !text.empty()) continue;
    take_out(message, "jq: error: ");
    take_out(message, " (Unix shell quoting issues?)");
    take_out(message, " at <top-level>");
    // The program's line follows: the caller shows the expression anyway.
    const std::size_t line = message.find(":\n");
    if (line != std::string::npos) message.erase(line);
    while (!message.empty() && message.back() == '\n') message.pop_back();
    text += (text.empty() ? "" : "; ") + message;
  }
  return text.empty() ? "it does not compile" : text;
}

jq_state* compiled(const std::string& expression, std::vector<std::string>& messages) {
  jq_state* state = jq_init();
  if (state == nullptr) return nullptr;
  // Modules are refused: they are no part of the pipeline. Left unset, libjq would abort on one.
  jq_set_attr(state, jv_string("JQ_LIBRARY_PATH"), jv_array());
  jq_set_attr(state, jv_string("JQ_ORIGIN"), jv_string("/dev/null"));
  jq_set_attr(state, jv_string("PROGRAM_ORIGIN"), jv_string("/dev/null"));
  // jq_init() of 1.6 leaves these two as the memory happens to be.
  jq_set_input_cb(state, no_input, nullptr);
  jq_set_debug_cb(state, ignore_message, nullptr);
  jq_set_error_cb(state, collect_message, &messages);
  const bool done = jq_compile(state, (kGuards + expression).c_str()) != 0;
  jq_set_error_cb(state, ignore_message, nullptr);
  if (!done) jq_teardown(&state);
  return state;
}

// Oniguruma sets itself up with its first regular expression, unguarded: that one is compiled here,
// before there are threads that could do it at the same time.
void set_up_regular_expressions() {
  static std::once_flag once;
  std::call_once(once, [] {
    std::vector<std::string> ignored;
    jq_state* state = compiled("test(\"a\")", ignored);
    if (state == nullptr) return;
    jq_start(state, jv_string("a"), 0);
    jv_free(jq_next(state));
    jq_teardown(&state);
  });
}

}  // namespace

JqProgram::JqProgram(std::string what, std::string expression, State state)
    : what_(std::move(what)), expression_(std::move(expression)), state_(std::move(state)) {}

Result<JqProgram> JqProgram::compile(const std::string& what, const std::string& expression) {
  const auto error = [&](const std::string& message) {
    return Status(StatusCode::invalid_argument,
                  "parameter `" + what + "`: jq cannot compile `" + expression + "`: " + message);
  };
  if (expression.find('\0') != std::string::npos) return error("it has a null character");
  set_up_regular_expressions();
  std::vector<std::string> messages;
  State state(compiled(expression, messages));
  if (!state) return error(tidied(messages));
  return JqProgram(what, expression, std::move(state));
}

Status JqProgram::fault(const std::string& message) const {
  return Status(StatusCode::invalid_data, "`" + what_ + "` (" + expression_ + "): " + message);
}

Status JqProgram::each_output(const JqInput& input,
                              const std::function<Result<bool>(const JqValue&)>& take) {
  jq_start(state_.get(), input.copy(), 0);
  for (std::size_t outputs = 0;; ++outputs) {
    const JqValue output(jq_next(state_.get()));
    if (output.kind() == JV_KIND_INVALID) {
      if (jq_halted(state_.get()) != 0) return fault("it halted");
      if (jv_invalid_has_msg(output.copy()) == 0) return Status();
      return fault("jq: " + shown(JqValue(jv_invalid_get_msg(output.copy()))));
    }
    if (outputs == kMostOutputs) {
      return fault("gives more than " + std::to_string(kMostOutputs) + " values for one record");
    }
    const Result<bool> more = take(output);
    if (!more) return fault(more.status().message());
    if (!*more) return Status();
  }
}

Result<std::vector<Json>> JqProgram::run(const JqInput& input) {
  std::vector<Json> outputs;
  const Status status = each_output(input, [&](const JqValue& output) -> Result<bool> {
    Result<Json> value = input.to_json(output);
    if (!value) return value.status();
    outputs.push_back(std::move(*value));
    return true;
  });
  if (!status.ok()) return status;
  return outputs;
}

Result<bool> JqProgram::holds(const JqInput& input) {
  bool any = false;
  const Status status = each_output(input, [&](const JqValue& output) -> Result<bool> {
    any = output.is_truthy();
    return !any;
  });
  if (!status.ok()) return status;
  return any;
}

}  // namespace rare::basic
