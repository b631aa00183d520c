#include "plugins/llm/endpoint_answer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string_view>

#include "rare/json.h"

namespace rare::llm {
namespace {

using net::HttpResult;
using net::TransferFailure;

constexpr double kLongestRetryAfter_s = 3600;

struct ErrorBody {
  std::string message;
  std::string code;  // code and type, in lower case
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// {"error": {"message", "code", "type"}}, {"error": "text"}, {"message"}, {"detail"}, or plain
// text.
ErrorBody read_error(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  ErrorBody error;
  const auto text = [](const Json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (json.is_object()) {
    const auto inner = json.find("error");
    const Json& about = inner != json.end() && inner->is_object() ? *inner : json;
    error.message = text(about, "message");
    if (error.message.empty()) error.message = text(about, "error");
    if (error.message.empty()) error.message = text(about, "detail");
    error.code = lower(text(about, "code") + " " + text(about, "type"));
  }
  if (error.message.empty()) error.message = body.substr(0, 300);
  if (error.message.empty()) error.message = "no text";
  return error;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool means_unknown_model(const ErrorBody& error) {
  const std::string text = lower(error.message);
  if (has(error.code, "model_not_found")) return true;
  return has(text, "model") && (has(text, "not found") || has(text, "does not exist") ||
                                has(text, "not exist") || has(text, "unknown model"));
}

bool means_no_quota(int status, const ErrorBody& error) {
  return status == 402 || has(error.code, "insufficient_quota") ||
         has(lower(error.message), "insufficient_quota");
}

bool means_format(const ErrorBody& error) {
  const std::string text = lower(error.message);
  for (const char* word : {"response_format", "json_schema", "json_object", "schema", "structured",
                           "guided", "grammar"}) {
    if (has(text, word)) return true;
  }
  return false;
}

std::string said(const HttpResult& result, const ErrorBody& error) {
  return "status " + std::to_string(result.status) + " (" + error.message + ")";
}

Judgement run_fault(StatusCode code, std::string message) {
  Judgement judgement;
  judgement.verdict = Verdict::run_fault;
  judgement.status = Status::run_fault(code, std::move(message));
  return judgement;
}

Judgement judge_failure(const HttpResult& result, const CallFacts& facts) {
  const std::string who = "service '" + facts.service + "': ";
  Judgement judgement;
  judgement.verdict = Verdict::retry;
  judgement.throttled = result.failure == TransferFailure::timeout;
  if (result.failure == TransferFailure::untrusted) {
    return run_fault(StatusCode::permission_denied,
                     who + "the TLS certificate of " + facts.endpoint + " is not trusted (" +
                         result.error + "). Install its issuer's certificate on this machine, or " +
                         "correct `base_url`.");
  }
  if (result.failure == TransferFailure::no_connection && !facts.ever_answered && !facts.managed) {
    return run_fault(StatusCode::unavailable,
                     who + "nothing answers at " + facts.endpoint + " (" + result.error +
                         "). Start the server there, or correct `base_url`; then run again.");
  }
  if (result.failure == TransferFailure::too_large) {
    judgement.verdict = Verdict::record_fault;
    judgement.status = Status(StatusCode::invalid_data,
                              who + "the reply of " + facts.endpoint + " is larger than 64 MiB");
    return judgement;
  }
  judgement.nobody_there = met_nobody(result);
  const bool timeout = result.failure == TransferFailure::timeout;
  judgement.status =
      Status(timeout ? StatusCode::deadline_exceeded : StatusCode::unavailable,
             who + "no whole reply from " + facts.endpoint + " (" + result.error + ")");
  return judgement;
}

Judgement judge_refusal(const HttpResult& result, const CallFacts& facts, const ErrorBody& error) {
  const std::string who = "service '" + facts.service + "': " + facts.endpoint;
  const std::string what = said(result, error);
  if (result.status == 401 || result.status == 403) {
    return run_fault(StatusCode::permission_denied,
                     who + " refused the API key: " + what +
                         ". Set the service's `api_key` (for example ${OPENAI_API_KEY}) to one "
                         "that is valid there.");
  }
  if (means_no_quota(result.status, error)) {
    return run_fault(StatusCode::resource_exhausted,
                     who + " says that the account's quota is used up: " + what +
                         ". Top it up, then start the same command: it goes on from here.");
  }
  if (means_unknown_model(error)) {
    return run_fault(StatusCode::not_found,
                     who + " does not know the model \"" + facts.model + "\": " + what +
                         ". Set the service's `model` to one that it lists under /v1/models.");
  }
  const bool misplaced = result.status == 404 || result.status == 405 || result.status / 100 == 3;
  if (misplaced && !facts.ever_answered) {
    return run_fault(StatusCode::not_found,
                     who + " has no chat endpoint at this path: " + what +
                         ". Correct `base_url`; it may be a full .../chat/completions URL.");
  }
  Judgement judgement;
  judgement.verdict = Verdict::record_fault;
  judgement.status = Status(StatusCode::invalid_data, who + " refused this request: " + what)
                         .with_raw(result.body);
  const bool is_refusal = result.status == 400 || result.status == 422;
  if (facts.sent_stream && is_refusal && has(lower(error.message + result.body), "stream")) {
    judgement.verdict = Verdict::refuse_stream;
  } else if (facts.sent_format && is_refusal) {
    judgement.verdict = Verdict::refuse_format;
    judgement.names_format = means_format(error);
  }
  return judgement;
}

// -1: it is no date.
std::time_t time_of(std::string_view text) {
  return curl_getdate(std::string(text).c_str(), nullptr);
}

}  // namespace

std::optional<std::chrono::milliseconds> retry_after(const HttpResult& result, std::time_t now) {
  const auto in_seconds = [](double seconds) {
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(1000 * std::clamp(seconds, 0.0, kLongestRetryAfter_s)));
  };
  for (const auto& [name, unit_s] : {std::pair("retry-after-ms", 0.001), {"retry-after", 1.0}}) {
    const auto header = result.header(name);
    if (!header) continue;
    double number = 0;
    const char* end = header->data() + header->size();
    const auto [stop, error] = std::from_chars(header->data(), end, number);
    if (error == std::errc() && stop == end) return in_seconds(number * unit_s);
    const std::time_t date = time_of(*header);
    if (date == -1) continue;
    // By the endpoint's clock, where it says what that shows: ours may be hours off.
    const auto said = result.header("date");
    const std::time_t its_now = said ? time_of(*said) : -1;
    return in_seconds(std::difftime(date, its_now == -1 ? now : its_now));
  }
  return std::nullopt;
}

bool met_nobody(const HttpResult& result) {
  if (result.failure != TransferFailure::none) {
    return result.failure == TransferFailure::no_connection;
  }
  return result.status == 502 || result.status == 503 || result.status == 504;
}

bool met_busy(const HttpResult& result) {
  return result.failure == TransferFailure::none && (result.status == 429 || result.status == 503);
}

Judgement judge(const HttpResult& result, const CallFacts& facts, std::time_t now) {
  if (result.failure != TransferFailure::none) return judge_failure(result, facts);
  if (result.status == 200) return {};
  const ErrorBody error = read_error(result.body);
  const int status = result.status;
  const bool passing =
      status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
  if (!passing || means_no_quota(status, error)) return judge_refusal(result, facts, error);
  Judgement judgement;
  judgement.verdict = Verdict::retry;
  judgement.throttled = met_busy(result);
  judgement.nobody_there = met_nobody(result);
  judgement.retry_after = retry_after(result, now);
  judgement.status =
      Status(judgement.throttled ? StatusCode::resource_exhausted : StatusCode::unavailable,
             "service '" + facts.service + "': " + facts.endpoint + " answered with " +
                 said(result, error));
  return judgement;
}

}  // namespace rare::llm
