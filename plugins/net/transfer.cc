#include "plugins/net/transfer.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace rare::net {
namespace {

bool is_event_stream(const Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  const auto type = transfer.result.header("content-type");
  return status == 200 && type && type->starts_with("text/event-stream");
}

// Whether the transfer goes on.
bool read_piece(Transfer& transfer, std::string_view piece) {
  switch (transfer.call.reader->read(piece)) {
    case BodyReader::Read::too_large:
      transfer.result.failure = TransferFailure::too_large;
      return false;
    case BodyReader::Read::heartbeat:
      return true;
    case BodyReader::Read::progress:
      break;
  }
  transfer.last_progress = HttpLoop::Clock::now();
  if (transfer.result.first_piece_s == 0) {
    transfer.result.first_piece_s =
        std::chrono::duration<double>(transfer.last_progress - transfer.begin).count();
  }
  return true;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * count;
  if (transfer.call.reader && (transfer.result.streamed || is_event_stream(transfer))) {
    transfer.result.streamed = true;
    return read_piece(transfer, {data, bytes}) ? bytes : 0;
  }
  if (transfer.result.body.size() + bytes > transfer.call.max_body_bytes) {
    transfer.result.failure = TransferFailure::too_large;
    return 0;  // makes libcurl end the transfer
  }
  transfer.result.body.append(data, bytes);
  return bytes;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) {
    transfer.result.headers.clear();  // of an interim reply (100, 103) or a proxy
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front()))) {
    value.remove_prefix(1);
  }
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) {
    value.remove_suffix(1);
  }
  transfer.result.headers.emplace_back(std::move(name), value);
  return line.size();
}

// What libcurl takes when nothing is said; null: nothing.
const char* default_ca_file(CURL* easy) {
  const char* path = nullptr;
  curl_easy_getinfo(easy, CURLINFO_CAINFO, &path);
  return path;
}

bool is_loopback(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return rest.starts_with("127.") || rest.starts_with("localhost") || rest.starts_with("[::1]");
}

}  // namespace

TransferFailure failure_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return TransferFailure::none;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransferFailure::no_connection;
    case CURLE_OPERATION_TIMEDOUT:
      return TransferFailure::timeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return TransferFailure::untrusted;
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return TransferFailure::cut;
    default:
      return TransferFailure::other;
  }
}

CURL* new_easy_handle() {
  CURL* easy = curl_easy_init();
  if (easy == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  return easy;
}

void Transfer::prepare() {
  for (const std::string& header : call.headers) {
    header_list = curl_slist_append(header_list, header.c_str());
  }
  header_list = curl_slist_append(header_list, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header_list);
  const bool has_body = call.method == "POST" || call.method == "PUT";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  } else {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  }
  const bool is_named = call.method == "PUT" || call.method == "DELETE";
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, is_named ? call.method.c_str() : nullptr);
  curl_easy_setopt(easy, CURLOPT_CAINFO,
                   call.ca_file.empty() ? default_ca_file(easy) : call.ca_file.c_str());
  // A proxy of the environment cannot reach this machine's loopback.
  curl_easy_setopt(easy, CURLOPT_NOPROXY, is_loopback(call.url) ? "*" : nullptr);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.connect_timeout_ms));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(call.low_speed_s));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(call.low_speed_bytes));
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
}

}  // namespace rare::net
