#include "engine/observe/trace_target.h"

#include <map>
#include <string>

#include "catch.h"

using namespace rare::engine;
using Catch::Matchers::Contains;

namespace {

using Variables = std::map<std::string, std::string>;

std::optional<TraceTarget> target_of(const Variables& variables,
                                     const std::optional<std::string>& option = std::nullopt) {
  const auto target = trace_target(option, [&](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
  });
  REQUIRE(target.ok());
  return *target;
}

}  // namespace

TEST_CASE("traces go where the option or the environment says, and else nowhere") {
  CHECK_FALSE(target_of({}));
  CHECK(target_of({}, "http://collector:4318")->url == "http://collector:4318/v1/traces");
  CHECK(target_of({}, "https://collector/v1/traces")->url == "https://collector/v1/traces");
  const Variables base{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://base:4318/otlp/"}};
  CHECK(target_of(base)->url == "http://base:4318/otlp/v1/traces");
  CHECK(target_of(base, "http://option")->url == "http://option/v1/traces");
  Variables own = base;
  own["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://own/as/it/is";
  CHECK(target_of(own)->url == "http://own/as/it/is");
  for (const auto& off :
       {std::pair("OTEL_SDK_DISABLED", "true"), {"OTEL_TRACES_EXPORTER", "none"}}) {
    Variables variables = own;
    variables.insert(off);
    CHECK_FALSE(target_of(variables));
    CHECK(target_of(variables, "http://option"));  // it was asked for
  }
}

TEST_CASE("an option that is no address is refused; an environment that is none sends nothing") {
  for (const char* wrong : {"collector:4318", "http://", "http:///v1/traces", "http://a b", ""}) {
    CAPTURE(wrong);
    const auto refused =
        trace_target(std::string(wrong), [](const char*) { return std::string(); });
    CHECK_THAT(refused.status().message(), Contains("expected the address of a collector"));
  }
  const auto odd = target_of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}});
  CHECK(odd->share == 0);
  CHECK(odd->warnings.size() == 1);
  const auto grpc = target_of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"},
                               {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  CHECK(grpc->share == 0);
  CHECK_THAT(grpc->warnings.at(0), Contains("http://collector:4317"));
}

TEST_CASE("what may be secret in an address is in no message") {
  CHECK(shown_address("http://collector:4318/v1/traces") == "http://collector:4318/v1/traces");
  CHECK(shown_address("https://me:secret@collector/v1/traces?key=secret") ==
        "https://collector/v1/traces");
  CHECK(shown_address("http://collector/a@b") == "http://collector/a@b");
  CHECK(shown_address("secret?key") == "secret");
}

TEST_CASE("headers, attributes, timeout and share are those of the environment") {
  const auto target = target_of({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector"},
                                 {"OTEL_EXPORTER_OTLP_HEADERS", "ignored=1"},
                                 {"OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                                  "authorization=Basic%20abc, x-team = data,nothing,=none"},
                                 {"OTEL_RESOURCE_ATTRIBUTES", "host.name=node7,service.name=other"},
                                 {"OTEL_SERVICE_NAME", "nightly"},
                                 {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                 {"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"},
                                 {"OTEL_TRACES_SAMPLER_ARG", "0.25"}});
  CHECK(target->headers == TraceTarget::Pairs{{"authorization", "Basic abc"}, {"x-team", "data"}});
  CHECK(target->resource ==
        TraceTarget::Pairs{{"service.name", "nightly"}, {"host.name", "node7"}});
  CHECK(target->timeout == std::chrono::milliseconds(2500));
  CHECK(target->share == 0.25);
  CHECK(target->warnings.empty());
}

TEST_CASE("what the environment says and is not understood is passed over and told") {
  const std::string url = "http://collector";
  CHECK(target_of({}, url)->share == 1);
  CHECK(target_of({{"OTEL_TRACES_SAMPLER", "always_off"}}, url)->share == 0);
  CHECK(target_of({{"OTEL_TRACES_SAMPLER", "always_on"}, {"OTEL_TRACES_SAMPLER_ARG", "0.5"}}, url)
            ->share == 1);
  for (const char* wrong : {"2", "-0.1", "half", "0.5x"}) {
    const auto target = target_of({{"OTEL_TRACES_SAMPLER_ARG", wrong}}, url);
    CHECK(target->share == 1);
    CHECK(target->warnings.size() == 1);
  }
  const auto timeout = target_of({{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "0"}}, url);
  CHECK(timeout->timeout == std::chrono::milliseconds(10'000));
  CHECK(timeout->warnings.size() == 1);
  CHECK(target_of({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=other"}}, url)
            ->resource.front()
            .second == "other");
}
