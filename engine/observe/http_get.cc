#include "engine/observe/http_get.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "engine/observe/listening.h"

namespace rare::engine {
namespace {

// Its answers are made from memory: who takes longer hangs.
constexpr long kLongest_s = 30;
constexpr std::size_t kMostBytes = 64 << 20;

std::size_t take_piece(char* piece, std::size_t, std::size_t size, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size > kMostBytes) return 0;
  text.append(piece, size);
  return size;
}

Status nobody_listens(const std::string& folder) {
  return Status(StatusCode::not_found, "no run goes on in " + folder);
}

}  // namespace

Result<Json> get_json_in_folder(const std::string& folder, const std::string& name,
                                const std::string& path) {
  const SocketPath socket(folder, name);
  if (!socket.is_there()) return nobody_listens(folder);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return Status(StatusCode::internal, "libcurl cannot be set up");
  std::string body;
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.path().c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, ("http://localhost" + path).c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kLongest_s);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take_piece);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  const CURLcode outcome = curl_easy_perform(curl.get());
  if (outcome == CURLE_COULDNT_CONNECT) return nobody_listens(folder);
  if (outcome == CURLE_GOT_NOTHING || outcome == CURLE_RECV_ERROR || outcome == CURLE_SEND_ERROR ||
      outcome == CURLE_PARTIAL_FILE) {
    return nobody_listens(folder);  // it has just ended
  }
  if (outcome != CURLE_OK) {
    return Status(StatusCode::unavailable,
                  "the run in " + folder + " does not answer: " + curl_easy_strerror(outcome));
  }
  long code = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &code);
  Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) {
    return Status(StatusCode::internal, "the run in " + folder + " answers what is not JSON");
  }
  if (code == 200) return json;
  return Status(code == 503 ? StatusCode::unavailable : StatusCode::invalid_argument,
                json.value("error", "HTTP " + std::to_string(code)));
}

std::string percent_encoded(const std::string& text) {
  const std::unique_ptr<char, decltype(&curl_free)> encoded(
      curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size())), curl_free);
  return encoded ? std::string(encoded.get()) : std::string();
}

}  // namespace rare::engine
