#include <rare/testing/checks.h>
#include <rare/testing/operator_stress.h>
#include <rare/testing/services.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "embed.h"
#include "one_answer_server.h"

namespace {

using rare::Json;

rare::Record text(const char* words) { return rare::Record(Json{{"text", words}}); }

// The length of the text that was sent, as a vector of one number.
std::pair<int, std::string> length_of_input(int, const std::string& request) {
  const Json body = Json::parse(request.substr(request.find("\r\n\r\n")));
  const double length = static_cast<double>(body["input"].get<std::string>().size());
  return {200, Json{{"data", {{{"embedding", {length}}}}}}.dump()};
}

// The service over a server, and an operator's way to it.
struct Opened {
  explicit Opened(OneAnswerServer::Script script, Json more = Json::object())
      : server(std::move(script)) {
    more.update(Json{{"url", server.url()}, {"model", "m"}});
    service = rare::testing::make<embeddings::HttpEmbeddings>(more);
    RARE_CHECK_OK(service->open(context));
    services.add<embeddings::Embeddings>("e", *service);
  }
  rare::testing::Outcome embed(const char* words) {
    const auto op =
        rare::testing::make<embeddings::Embed>({{"embeddings", "e"}}, services.resolver());
    return rare::testing::run(*op, text(words));
  }
  OneAnswerServer server;
  rare::testing::TestContext context;
  std::unique_ptr<embeddings::HttpEmbeddings> service;
  rare::testing::Services services;
};

void a_text_gets_its_vector_and_the_key_is_sent() {
  std::string head;
  Opened opened(
      [&](int number, const std::string& request) {
        head = request;
        return length_of_input(number, request);
      },
      {{"api_key", "k"}});
  const auto outcome = opened.embed("four");
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.records.at(0).fields()["embedding"], Json({4.0}));
  RARE_CHECK(head.find("Authorization: Bearer k\r\n") != std::string::npos);
}

void a_busy_endpoint_is_asked_again() {
  Opened opened([](int number, const std::string& request) {
    return number == 0 ? std::pair<int, std::string>{503, ""} : length_of_input(number, request);
  });
  RARE_CHECK_OK(opened.embed("x").status);
  RARE_CHECK_EQUAL(opened.service->usage()["retries"], 1);
}

void what_goes_wrong_costs_the_run_or_the_record() {
  const auto status_of = [](int code, const char* body) {
    Opened opened([=](int, const std::string&) { return std::pair<int, std::string>(code, body); },
                  {{"max_retries", 0}});
    return opened.embed("x").status;
  };
  RARE_CHECK(status_of(401, "").code() == rare::StatusCode::permission_denied);
  RARE_CHECK(status_of(500, "").fault() == rare::Fault::run);
  RARE_CHECK(status_of(404, "").fault() == rare::Fault::run);
  const rare::Status odd = status_of(200, R"({"data": []})");
  RARE_CHECK(odd.fault() == rare::Fault::record);
  RARE_CHECK_EQUAL(odd.raw().value_or(""), R"({"data": []})");
}

void what_waits_when_the_run_is_cut_is_cancelled() {
  Opened opened(length_of_input);
  opened.service->cancel();
  RARE_CHECK(opened.embed("x").status.code() == rare::StatusCode::cancelled);
}

void a_text_does_not_wait_for_another_one_that_is_asked_again() {
  Opened opened(
      [](int number, const std::string& request) {
        return request.find("busy") != std::string::npos ? std::pair<int, std::string>{503, ""}
                                                         : length_of_input(number, request);
      },
      {{"max_in_flight", 2}, {"max_retries", 20}});
  rare::testing::Outcome busy;
  std::jthread asking([&] { busy = opened.embed("busy"); });
  // Now it waits for four seconds before it asks again, the other thread for work.
  while (opened.service->usage()["retries"] < 5)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  for (int i = 0; i < 3; ++i) RARE_CHECK_OK(opened.embed("x").status);
  RARE_CHECK_EQUAL(opened.service->usage()["retries"], 5);
  opened.service->cancel();
  asking.join();
  RARE_CHECK(busy.status.code() == rare::StatusCode::cancelled);
}

void what_is_answered_when_the_run_is_cut_comes_in() {
  bool came = false;
  // Again where the call itself was cut, before its answer was there.
  for (int attempt = 0; attempt < 20 && !came; ++attempt) {
    embeddings::HttpEmbeddings* service = nullptr;
    Opened opened([&](int number, const std::string& request) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // it waits for the answer now
      service->cancel();
      return length_of_input(number, request);
    });
    service = opened.service.get();
    came = opened.embed("four").status.ok();
  }
  RARE_CHECK(came);
}

void eight_threads_change_nothing() {
  Opened opened(length_of_input);
  const std::vector<rare::Record> records{text("a"), text("bb"), rare::Record(), text("")};
  RARE_CHECK_OK(rare::testing::stress<embeddings::Embed>(records, {{"embeddings", "e"}},
                                                         opened.services.resolver()));
}

}  // namespace

int main() {
  a_text_gets_its_vector_and_the_key_is_sent();
  a_busy_endpoint_is_asked_again();
  what_goes_wrong_costs_the_run_or_the_record();
  what_waits_when_the_run_is_cut_is_cancelled();
  a_text_does_not_wait_for_another_one_that_is_asked_again();
  what_is_answered_when_the_run_is_cut_comes_in();
  eight_threads_change_nothing();
  return rare::testing::failed_checks();
}
