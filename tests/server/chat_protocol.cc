#include "chat_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>
#include <utility>

#include "answer_text.h"
#include "rare/random.h"

namespace rare::testing {
namespace {

HttpResponse json_response(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump();
  return response;
}

HttpResponse error_response(int status, const std::string& message, const std::string& code = "") {
  Json error = {{"message", message}, {"type", "invalid_request_error"}, {"code", nullptr}};
  if (!code.empty()) error["code"] = code;
  return json_response(status, {{"error", error}});
}

// Which of `shares` (per cent, one after another) the call, or the prompt, falls into; -1: none.
int pick(std::uint64_t seed, const std::string& what, std::initializer_list<double> shares) {
  Random random(derive_seed(seed, what, "fault"));
  double point = static_cast<double>(random.below(1'000'000)) / 10'000;
  int index = 0;
  for (const double share : shares) {
    if (point < share) return index;
    point -= share;
    ++index;
  }
  return -1;
}

std::string http_date(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

// Reading the request is half of the work of a fixed reply.
bool may_ask_for_pieces(std::string_view request) {
  return request.find("\"stream\"") != std::string_view::npos &&
         request.find("true") != std::string_view::npos;
}

std::int64_t tokens_of(std::string_view text) {
  return static_cast<std::int64_t>(text.size() / 4 + 1);
}

Json completion_body(const std::string& model, const std::string& content,
                     const std::string& finish, std::int64_t prompt_tokens,
                     std::int64_t completion_tokens) {
  Json message = {{"role", "assistant"}, {"content", content}};
  Json choice = {{"index", 0}, {"message", message}, {"finish_reason", finish}};
  Json usage = {{"prompt_tokens", prompt_tokens},
                {"completion_tokens", completion_tokens},
                {"total_tokens", prompt_tokens + completion_tokens}};
  return {{"id", "chatcmpl-test"}, {"object", "chat.completion"},      {"created", 0},
          {"model", model},        {"choices", Json::array({choice})}, {"usage", usage}};
}

}  // namespace

ChatProtocol::ChatProtocol(ProtocolOptions options) : options_(std::move(options)) {
  fixed_body_ = completion_body("test", text_of(1, options_.words), "stop", 500, 100).dump();
}

void ChatProtocol::handle(const HttpRequest& request, HttpServer::Reply reply) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path.ends_with("/chat/completions") && request.method == "POST") {
    chat(request, reply);
  } else if (path == "/health") {
    reply.send(json_response(200, {{"status", "ok"}}));
  } else if (path.ends_with("/models")) {
    const Json model = {{"id", options_.model.empty() ? "test" : options_.model},
                        {"object", "model"}};
    reply.send(json_response(200, {{"object", "list"}, {"data", Json::array({model})}}));
  } else if (path == "/stats") {
    int slots = 0;
    const std::size_t at = request.target.find("slots=");
    if (at != std::string_view::npos) {
      std::from_chars(request.target.data() + at + 6, request.target.data() + request.target.size(),
                      slots);
    }
    reply.send(json_response(200, stats(slots)));
  } else if (path.substr(0, 10) == "/capacity/") {
    options_.capacity = std::atoi(std::string(path.substr(10)).c_str());
    reply.send(json_response(200, {{"capacity", options_.capacity}}));
  } else if (path == "/stats/reset") {
    const ProtocolOptions options = options_;
    *this = ChatProtocol(options);
    reply.send(json_response(200, Json::object()));
  } else {
    reply.send(error_response(404, "no such path: " + std::string(path)));
  }
}

void ChatProtocol::chat(const HttpRequest& request, HttpServer::Reply reply) {
  ++calls_;
  slot_changed(+1);
  reply.on_end([this] {
    slot_changed(-1);
    last_reply_ = last_change_;
  });
  if (pick(~options_.fault_seed, std::to_string(calls_), {options_.fault_stall}) == 0) {
    ++stalled_;
    return;
  }
  HttpResponse response = answer(request);
  if (response.cut_at_share) {
    ++cut_;
  } else {
    ++statuses_[response.status];
  }
  const bool throttled = response.status == 429 || response.status == 503;
  if (throttled && !options_.retry_after.empty()) {
    response.headers.emplace_back("Retry-After", options_.retry_after);
    response.headers.emplace_back("Date", http_date(std::time(nullptr)));
  }
  if (response.status == 200 && !response.cut_at_share && may_ask_for_pieces(request.body)) {
    const Json asked = Json::parse(request.body, nullptr, false);
    if (asked.is_object() && asked.value("stream", false)) {
      response =
          in_pieces(response, asked.value("/stream_options/include_usage"_json_pointer, false));
    }
  }
  // A refusal comes at once; work takes its time.
  const auto delay = response.status == 200 ? latency() : std::chrono::milliseconds(0);
  reply.send(std::move(response), delay);
}

std::chrono::milliseconds ChatProtocol::latency() const {
  if (options_.latency_spread == 0 && options_.slow == 0) {
    return std::chrono::milliseconds(options_.latency_ms);
  }
  std::mt19937_64 random(options_.fault_seed + static_cast<std::uint64_t>(calls_));
  std::lognormal_distribution<double> spread(0, options_.latency_spread);
  const bool slow = std::bernoulli_distribution(options_.slow / 100)(random);
  const double ms = options_.latency_ms * spread(random) * (slow ? 10 : 1);
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

HttpResponse ChatProtocol::answer(const HttpRequest& request) {
  if (options_.status != 0) {
    return error_response(options_.status, "this server answers every call with status " +
                                               std::to_string(options_.status));
  }
  if (options_.capacity > 0 && in_flight_ > options_.capacity) {
    return error_response(429, "more than " + std::to_string(options_.capacity) + " in flight");
  }
  const int fault = pick(options_.fault_seed, std::to_string(calls_),
                         {options_.fault_429, options_.fault_500, options_.fault_cut,
                          options_.malformed, options_.truncated});
  if (fault == 0) return error_response(429, "rate limit reached, slow down");
  if (fault == 1) return error_response(500, "internal error");
  HttpResponse response;
  if (options_.fixed_reply) {
    response.body = fixed_body_;
  } else {
    const Json body = Json::parse(request.body, nullptr, false);
    response = refusal(request, body);
    if (response.status != 200) return response;
    response = completion(body);
    if (options_.truncated_prompts > 0 &&
        pick(options_.fault_seed, body["messages"].dump(), {options_.truncated_prompts}) == 0) {
      truncate(response);
    }
  }
  if (fault == 2) response.cut_at_share = calls_ % 2 == 0 ? 0.0 : 0.6;
  if (fault == 3) {
    response.body.resize(response.body.size() / 2);
    ++malformed_;
  }
  if (fault == 4) truncate(response);
  return response;
}

void ChatProtocol::truncate(HttpResponse& response) const {
  Json whole = Json::parse(response.body);
  Json& choice = whole["choices"][0];
  const std::string content = choice["message"]["content"];
  choice["message"]["content"] = content.substr(0, content.size() / 2);
  choice["finish_reason"] = "length";
  response.body = whole.dump();
}

// As server-sent events, a word each; half of a body that is no JSON ends as it is.
HttpResponse ChatProtocol::in_pieces(const HttpResponse& whole, bool with_usage) const {
  const Json body = Json::parse(whole.body, nullptr, false);
  HttpResponse streamed;
  streamed.content_type = "text/event-stream";
  const auto send = [&streamed](const std::string& data, int after_ms) {
    streamed.pieces.push_back({"data: " + data + "\n\n", std::chrono::milliseconds(after_ms)});
  };
  if (!body.is_object()) {
    streamed.pieces.push_back({whole.body, std::chrono::milliseconds(0)});
    return streamed;
  }
  Json chunk = {{"id", body["id"]}, {"object", "chat.completion.chunk"}, {"model", body["model"]}};
  const auto delta = [&](Json fields, const Json& finish) {
    chunk["choices"] =
        Json::array({{{"index", 0}, {"delta", std::move(fields)}, {"finish_reason", finish}}});
    return chunk.dump();
  };
  const Json& choice = body["choices"][0];
  send(delta({{"role", "assistant"}, {"content", ""}}, nullptr), 0);
  for (const char* field : {"reasoning_content", "content"}) {
    const std::string text = choice["message"].value(field, "");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at + 1), text.size());
      send(delta({{field, text.substr(at, end - at)}}, nullptr), options_.token_ms);
      at = end;
    }
  }
  send(delta(Json::object(), choice["finish_reason"]), 0);
  if (with_usage) {
    chunk["choices"] = Json::array();
    chunk["usage"] = body["usage"];
    send(chunk.dump(), 0);
  }
  send("[DONE]", 0);
  return streamed;
}

HttpResponse ChatProtocol::refusal(const HttpRequest& request, const Json& body) const {
  if (!options_.api_key.empty() &&
      request.header("authorization") != "Bearer " + options_.api_key) {
    return error_response(401, "Incorrect API key provided", "invalid_api_key");
  }
  if (!body.is_object() || !body.contains("messages") || !body["messages"].is_array()) {
    return error_response(400, "the body is no JSON object with messages");
  }
  const std::string model = body.value("model", "");
  if (!options_.model.empty() && model != options_.model) {
    return error_response(404, "The model `" + model + "` does not exist", "model_not_found");
  }
  if (options_.refuse_stream && body.value("stream", false)) {
    return error_response(400, "stream is not supported by this server");
  }
  if (options_.refuse_stream_options && body.contains("stream_options")) {
    return error_response(400, "Unrecognized request argument supplied: stream_options");
  }
  const std::string format = body.value("/response_format/type"_json_pointer, std::string());
  const bool refuses = !format.empty() && (options_.refuse_format ||
                                           (options_.refuse_schema && format == "json_schema"));
  if (refuses)
    return error_response(400, "response_format of type " + format + " is not supported");
  return {};
}

HttpResponse ChatProtocol::completion(const Json& body) {
  std::string prompt;
  for (const Json& message : body["messages"]) prompt += message.value("content", "");
  const std::uint64_t seed = derive_seed(body.value("seed", std::uint64_t{0}), prompt, "answer");
  const Json::json_pointer schema_at("/response_format/json_schema/schema");
  std::string content = body.contains(schema_at) ? value_for(body.at(schema_at), seed).dump()
                                                 : text_of(seed, options_.words);
  const std::string thought = text_of(seed + 1, 20);
  if (options_.think) content = "<think>\n" + thought + "\n</think>\n\n" + content;
  const std::int64_t prompt_tokens = tokens_of(prompt);
  const std::int64_t completion_tokens = tokens_of(content);
  Json reply = completion_body(body.value("model", "test"), content, "stop", prompt_tokens,
                               completion_tokens);
  if (options_.reasoning_content) {
    reply["choices"][0]["message"]["reasoning_content"] = thought;
  }
  prompt_tokens_ += prompt_tokens;
  completion_tokens_ += completion_tokens;
  return json_response(200, reply);
}

void ChatProtocol::slot_changed(int by) {
  const auto now = Clock::now();
  if (first_arrival_ == Clock::time_point()) first_arrival_ = last_change_ = now;
  in_flight_s_ += in_flight_ * std::chrono::duration<double>(now - last_change_).count();
  last_change_ = now;
  in_flight_ += by;
  max_in_flight_ = std::max(max_in_flight_, in_flight_);
}

Json ChatProtocol::stats(int slots) const {
  Json statuses = Json::object();
  for (const auto& [status, count] : statuses_) statuses[std::to_string(status)] = count;
  const double elapsed_s = std::chrono::duration<double>(last_reply_ - first_arrival_).count();
  Json result = {{"calls", calls_},
                 {"statuses", statuses},
                 {"cut", cut_},
                 {"malformed", malformed_},
                 {"stalled", stalled_},
                 {"in_flight", in_flight_},
                 {"max_in_flight", max_in_flight_},
                 {"elapsed_s", elapsed_s},
                 {"in_flight_s", in_flight_s_},
                 {"latency_ms", options_.latency_ms},
                 {"prompt_tokens", prompt_tokens_},
                 {"completion_tokens", completion_tokens_}};
  if (slots > 0 && elapsed_s > 0) result["busy_share"] = in_flight_s_ / (slots * elapsed_s);
  return result;
}

}  // namespace rare::testing
