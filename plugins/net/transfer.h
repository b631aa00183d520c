// One transfer of an HttpLoop: the call, what libcurl is told of it, and what has come of it so
// far. Thread-safety: of the loop's thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>

#include "plugins/net/http_loop.h"
#include "plugins/net/http_types.h"

namespace rare::net {

TransferFailure failure_of(CURLcode code);

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

  // Tells `easy` what is to be done. REQUIRES: the transfer stays where it is until it has ended.
  void prepare();
};

}  // namespace rare::net
