#include "engine/observe/trace_target.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "engine/text/url_user.h"

namespace rare::engine {
namespace {

constexpr std::string_view kPath = "/v1/traces";

bool is_address(std::string_view text) {
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  return scheme > 0 && text.size() > scheme && text[scheme] != '/' &&
         text.find_first_of(" \t\r\n") == text.npos;
}

std::string with_path(std::string base) {
  while (base.ends_with('/')) base.pop_back();
  return base.ends_with(kPath) ? base : base + std::string(kPath);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                         hex_value(text[i + 2]) >= 0;
    if (escaped) {
      decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// "name=value,name=value", as in the Baggage header of W3C.
TraceTarget::Pairs pairs_in(std::string_view text) {
  TraceTarget::Pairs pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = part.find('=');
    if (equals == part.npos) continue;
    const std::string_view name = trimmed(part.substr(0, equals));
    if (name.empty()) continue;
    pairs.emplace_back(name, percent_decoded(trimmed(part.substr(equals + 1))));
  }
  return pairs;
}

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

class Reader {
 public:
  Reader(const EnvironmentLookup& environment, TraceTarget& target)
      : environment_(environment), target_(target) {}

  // The variable of traces, else that of all signals.
  std::string either(const std::string& end) const {
    const std::string own = environment_(("OTEL_EXPORTER_OTLP_TRACES_" + end).c_str());
    return own.empty() ? environment_(("OTEL_EXPORTER_OTLP_" + end).c_str()) : own;
  }

  void read_all() {
    target_.headers = pairs_in(either("HEADERS"));
    const std::string name = environment_("OTEL_SERVICE_NAME");
    target_.resource.emplace_back("service.name", name.empty() ? "rare-engine" : name);
    for (auto& [key, value] : pairs_in(environment_("OTEL_RESOURCE_ATTRIBUTES"))) {
      if (key != "service.name") {
        target_.resource.emplace_back(std::move(key), std::move(value));
      } else if (name.empty()) {
        target_.resource.front().second = std::move(value);
      }
    }
    read_timeout();
    read_share();
  }

 private:
  void not_understood(const std::string& variable, const std::string& value,
                      const std::string& expected) {
    target_.warnings.push_back(variable + " is '" + value + "', expected " + expected +
                               ": it is passed over");
  }
  void read_timeout() {
    const std::string text = either("TIMEOUT");
    if (text.empty()) return;
    const std::optional<int> ms = number_in<int>(text);
    if (ms && *ms > 0) {
      target_.timeout = std::chrono::milliseconds(*ms);
    } else {
      not_understood("OTEL_EXPORTER_OTLP_TIMEOUT", text, "milliseconds from 1");
    }
  }
  void read_share() {
    const std::string sampler = environment_("OTEL_TRACES_SAMPLER");
    const std::string text = environment_("OTEL_TRACES_SAMPLER_ARG");
    if (sampler.ends_with("always_on")) return;
    if (sampler.ends_with("always_off")) {
      target_.share = 0;
      return;
    }
    if (!sampler.empty() && !sampler.ends_with("traceidratio")) {
      not_understood("OTEL_TRACES_SAMPLER", sampler, "always_on, always_off or traceidratio");
    }
    if (text.empty()) return;
    const std::optional<double> share = number_in<double>(text);
    if (share && *share >= 0 && *share <= 1) {
      target_.share = *share;
    } else {
      not_understood("OTEL_TRACES_SAMPLER_ARG", text, "a share from 0 to 1");
    }
  }

  const EnvironmentLookup& environment_;
  TraceTarget& target_;
};

}  // namespace

std::string shown_address(const std::string& url) {
  std::string shown = url.substr(0, url.find('?'));
  const std::string_view user = url_user(shown);
  if (!user.empty()) {
    shown.erase(static_cast<std::size_t>(user.data() - shown.data()), user.size() + 1);
  }
  return shown;
}

Result<std::optional<TraceTarget>> trace_target(const std::optional<std::string>& endpoint,
                                                const EnvironmentLookup& environment) {
  TraceTarget target;
  Reader reader(environment, target);
  if (endpoint) {
    if (!is_address(*endpoint)) {
      return Status(StatusCode::invalid_argument,
                    "expected the address of a collector that takes OTLP over HTTP, such as "
                    "http://127.0.0.1:4318; got '" +
                        shown_address(*endpoint) + "'");
    }
    target.url = with_path(*endpoint);
  } else {
    const std::string exporter = environment("OTEL_TRACES_EXPORTER");
    const bool is_off = environment("OTEL_SDK_DISABLED") == "true" ||
                        (!exporter.empty() && exporter.find("otlp") == exporter.npos);
    const std::string own = environment("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    const std::string base = environment("OTEL_EXPORTER_OTLP_ENDPOINT");
    if (is_off || (own.empty() && base.empty())) return std::optional<TraceTarget>();
    target.url = own.empty() ? with_path(base) : own;
    if (!is_address(target.url) || reader.either("PROTOCOL") == "grpc") {
      // Set for other programs, perhaps: no reason to refuse a run.
      target.warnings.push_back(
          "no traces are sent: the environment names '" + shown_address(target.url) +
          "' for them, which is not taken for OTLP over HTTP. `--traces URL` names a collector");
      target.share = 0;
      return std::optional(std::move(target));
    }
  }
  reader.read_all();
  return std::optional(std::move(target));
}

Result<std::optional<TraceTarget>> trace_target(const std::optional<std::string>& endpoint) {
  return trace_target(endpoint, [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  });
}

}  // namespace rare::engine
