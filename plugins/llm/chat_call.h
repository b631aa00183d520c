// One question on its way through the client, and everybody who waits for its answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/llm/chat_client.h"
#include "plugins/llm/event_stream.h"

namespace rare::llm {

struct ChatClient::Call {
  enum class Stage { looking_up, queued, asked, backing_off, received };

  // Set before the call reaches the loop, read from then on.
  ChatRequest request;
  ServiceClient client;
  Json generation;
  bool wants_pieces = false;  // the reply, where the endpoint can
  std::string logical;        // the logical request, as text
  std::string key;

  // Of the loop's thread.
  std::vector<Waiter> waiters;
  std::uint64_t number = 0;  // order of arrival, between calls of equal rank
  Stage stage = Stage::looking_up;
  bool done = false;
  int tries = 0;                                    // retries that count against max_retries
  int tries_when_busy = 0;                          // those after 429 and 503
  bool met_busy = false;                            // when it was last asked: 429 or 503
  bool met_nobody = false;                          // when it was last asked
  bool met_gone = false;                            // at an endpoint that all calls find gone
  std::chrono::steady_clock::time_point failed_at;  // when it was last put off
  int transfers = 0;
  Structured form = Structured::prompt;
  bool stepped_down = false;  // asked in a simpler form than the client's, on trial
  // What goes over the wire in `body_form`. Written ahead by the worker, so that a slot that falls
  // free waits for no JSON; again on the loop when the form has changed meanwhile.
  std::string body;
  Structured body_form = Structured::prompt;
  Streaming body_streaming = Streaming::off;
  std::shared_ptr<EventStream> stream;  // of the transfer, where the reply may come in pieces
  double estimated_tokens = 0;
};

}  // namespace rare::llm
