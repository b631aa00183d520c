// llm.openai: what its parameters may be, and what it says about wrong ones.
#include "plugins/llm/openai_service.h"

#include "catch.h"
#include "rare/testing/harness.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;

namespace {

Status open_with(Json values) {
  const Json base = {{"base_url", {"http://127.0.0.1:1"}}, {"model", "m"}};
  Json all = base;
  all.update(values);
  testing::TestContext context("teacher");
  auto service = testing::make<OpenAiService>(all);
  return service->open(context);
}

}  // namespace

TEST_CASE("llm.openai opens without asking anybody and offers a language model") {
  testing::TestContext context("teacher");
  auto service = testing::make<OpenAiService>(
      {{"base_url", {"http://127.0.0.1:1"}}, {"model", "m"}, {"max_in_flight", 7}});
  CHECK(service->connect(LanguageModel::kInterface, {"n", 1}) == nullptr);
  REQUIRE(service->open(context).ok());
  CHECK(service->connect(LanguageModel::kInterface, {"n", 1}) != nullptr);
  CHECK(service->connect("rare.SearchIndex/1", {"n", 1}) == nullptr);
  CHECK(service->concurrency() == 7);
  CHECK(service->usage()["calls"] == 0);
}

TEST_CASE("wrong parameters are refused at open, by name") {
  struct Wrong {
    const char* values;
    const char* words;
  };
  const Wrong cases[] = {
      {R"({"base_url": []})", "`base_url` is empty"},
      {R"({"base_url": ["localhost:8000"]})", "\"localhost:8000\" is no URL"},
      {R"({"model": ""})", "`model` is empty"},
      {R"({"headers": ["a"]})", "`headers` must be a map"},
      {R"({"headers": {"X-A": 1}})", "\"X-A\" must be a text"},
      {R"({"headers": {"X-A": "1\r\nX-B: 2"}})", "line break"},
      {R"({"api_key": "a\nb"})", "`api_key` holds a line break"},
      {R"({"generation": {"temprature": 1}})", "no field \"temprature\""},
      {R"({"generation": [1]})", "`generation` must be a map"},
      {R"({"generation": {"extra_body": 3}})", "`generation.extra_body` must be a map"},
      {R"({"extra_body": "x"})", "`extra_body` must be a map"},
  };
  for (const Wrong& one : cases) {
    INFO(one.values);
    const Status status = open_with(Json::parse(one.values));
    CHECK(status.fault() == Fault::run);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK_THAT(status.message(), Contains("service 'teacher'") && Contains(one.words));
  }
}

TEST_CASE("secrets are declared as such, and what changes no result does not strand a run") {
  const Spec spec = OpenAiService::spec();
  for (const ParamSpec& param : spec.params()) {
    INFO(param.name);
    CHECK_FALSE(param.doc.empty());
    const bool is_secret = param.name == "api_key" || param.name == "headers";
    CHECK(param.secret == is_secret);
    const bool decides = param.name == "model" || param.name == "cache_revision" ||
                         param.name == "samples" || param.name == "generation" ||
                         param.name == "extra_body";
    CHECK(param.affects_result == decides);
  }
}
