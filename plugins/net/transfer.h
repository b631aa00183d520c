// One transfer of an HttpLoop: the call, what libcurl is told of it, and what has come of it so
// far. Thread-safety: of the loop's thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>

#include "plugins/net/http_loop.h"
#include "plugins/net/http_types.h"

namespace rare::net {

TransferFailure failure_of(CURLcode code);

// A handle that has been told all that is the same for every transfer. It serves one after another;
// what an earlier one said of itself is said anew by prepare().
CURL* new_easy_handle();

struct Transfer {
  HttpCall call;
  HttpLoop::Done done;
  HttpResult result;
  CURL* easy = nullptr;
  std::size_t multi = 0;                             // which of the loop's
  HttpLoop::Clock::time_point begin, last_progress;  // the latter of the reader
  curl_slist* header_list = nullptr;
  char error[CURL_ERROR_SIZE] = {};

  Transfer() = default;
  ~Transfer() { curl_slist_free_all(header_list); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Tells `easy` what is to be done, each option that two transfers may differ in. REQUIRES: the
  // transfer stays where it is until it has ended.
  void prepare();
};

}  // namespace rare::net
