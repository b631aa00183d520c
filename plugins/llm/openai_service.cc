#include "plugins/llm/openai_service.h"

#include <chrono>
#include <cstdint>

#include "plugins/llm/endpoint_url.h"

namespace rare::llm {

Spec OpenAiService::spec() {
  Spec spec("llm.openai");
  spec.summary("A language model behind any endpoint that speaks the OpenAI chat protocol.")
      .required_param(&OpenAiService::base_url_, "base_url",
                      "Where the endpoint is: with or without /v1, or a full .../chat/completions "
                      "URL. Several are used side by side, the least busy first.")
      .or_single()
      .no_effect_on_result()
      .required_param(&OpenAiService::model_, "model", "The model's name as the endpoint knows it.")
      .param(&OpenAiService::api_key_, "api_key", "",
             "Sent as `Authorization: Bearer`; empty: no such header.")
      .secret()
      .param(&OpenAiService::max_in_flight_, "max_in_flight", 64,
             "Most calls in flight at once, over all nodes; fewer while the endpoint throttles.")
      .range(1, 100000)
      .no_effect_on_result()
      .param(&OpenAiService::max_in_flight_total_, "max_in_flight_total", std::nullopt,
             "Of a run in shards: most calls in flight over all of them. Each takes an equal part, "
             "by how many are at work, and at most `max_in_flight`.")
      .range(1, 10000000)
      .no_effect_on_result()
      .param(&OpenAiService::requests_per_minute_, "requests_per_minute", 0.0,
             "Most requests a minute, evenly spread; 0: no bound.")
      .at_least(0)
      .no_effect_on_result()
      .param(&OpenAiService::tokens_per_minute_, "tokens_per_minute", 0.0,
             "Most prompt and answer tokens a minute, evenly spread (estimated before, corrected "
             "after each reply); 0: no bound.")
      .at_least(0)
      .no_effect_on_result()
      .param(
          &OpenAiService::outage_limit_s_, "outage_limit", 3600.0,
          "How long to wait for an endpoint that has answered before and then is gone for every "
          "call (no connection, 502, 503, 504). After that the run ends and can be gone on with. "
          "0: such calls fail like any other, after max_retries.")
      .range(0, 31536000)
      .unit("s")
      .no_effect_on_result()
      .param(
          &OpenAiService::stream_, "stream", "auto",
          "Whether replies come piece by piece, so that no gateway on the way takes a long "
          "silence for the end. auto: those that may be long (max_tokens unset, or above 2,000), "
          "where the endpoint knows how.")
      .choices({"auto", "on", "off"})
      .no_effect_on_result()
      .param(&OpenAiService::stall_timeout_s_, "stall_timeout_s", 300.0,
             "Of a reply that comes piece by piece: the longest time from one piece to the next; "
             "the wait for the first is bounded by timeout_s alone. 0: any time.")
      .range(0, 86400)
      .unit("s")
      .no_effect_on_result()
      .param(&OpenAiService::headers_, "headers", Json::object(),
             "Further request headers, name to value.")
      .secret();
  add_shared_params<OpenAiService>(spec);
  return spec;
}

Status OpenAiService::open(ServiceContext& context) {
  const auto wrong = [&context](const std::string& what) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "service '" + context.name() + "': " + what);
  };
  Result<ChatOptions> options = shared_options(context);
  if (!options) return options.status();
  if (base_url_.empty()) return wrong("`base_url` is empty: expected the endpoint's URL");
  for (const std::string& base : base_url_) {
    Result<std::string> url = chat_completions_url(base);
    if (!url) return wrong("`base_url` " + url.status().message());
    options->endpoints.push_back(std::move(*url));
  }
  if (model_.empty()) return wrong("`model` is empty: expected a name that the endpoint knows");
  if (options->generation.value("extra_body", Json::object()).contains("stream")) {
    return wrong("`extra_body` says `stream`: expected the service's own `stream: on` or `off`");
  }
  if (!headers_.is_object()) return wrong("`headers` must be a map of header names to values");
  for (const auto& [name, value] : headers_.items()) {
    if (!value.is_string()) return wrong("the value of header \"" + name + "\" must be a text");
    const std::string line = name + ": " + value.get<std::string>();
    if (line.find_first_of("\r\n") != std::string::npos) {
      return wrong("header \"" + name + "\" holds a line break");
    }
    options->headers.push_back(line);
  }
  if (api_key_.find_first_of("\r\n") != std::string::npos) {
    return wrong("`api_key` holds a line break");
  }
  options->model = model_;
  options->api_key = api_key_;
  options->max_in_flight = max_in_flight_;
  options->max_in_flight_total = max_in_flight_total_;
  options->stream = stream_ == "on"    ? Stream::on
                    : stream_ == "off" ? Stream::off
                                       : Stream::automatic;
  options->stall_timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(1000 * stall_timeout_s_));
  options->outage_limit =
      std::chrono::milliseconds(static_cast<std::int64_t>(1000 * outage_limit_s_));
  options->requests_per_minute = requests_per_minute_;
  options->tokens_per_minute = tokens_per_minute_;
  return start_client(context, std::move(*options));
}

}  // namespace rare::llm
