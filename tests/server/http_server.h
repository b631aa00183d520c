// A small HTTP/1.1 server for tests: one epoll loop on one thread, replies at once, after a delay,
// or later from any thread; connections can be cut in the middle of a reply. Loopback only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rare::testing {

// Valid only while the handler runs; copy what is needed later.
struct HttpRequest {
  std::string_view method;
  std::string_view target;  // path and query as sent
  std::string_view body;
  std::vector<std::pair<std::string_view, std::string_view>> headers;
  // The header's value, or empty. Names compare without regard to case.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  // A part of a body that is sent by and by, after a while.
  struct Piece {
    std::string bytes;
    std::chrono::milliseconds after{0};
    bool is_framed = false;  // `bytes` are whole chunks (append_chunk) and not the bytes of one
  };
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  // Only this share of the reply's bytes is sent, then the connection is closed; 0: nothing at all.
  std::optional<double> cut_at_share;
  // With pieces, which are sent chunked, there is no `body`; cut_at_share then means that the
  // connection is closed behind the last of them.
  std::vector<Piece> pieces;
};

// Appends `bytes` to `out` as one chunk of a chunked body (RFC 9112, section 7.1).
void append_chunk(std::string_view bytes, std::string& out);

class HttpServer {
 public:
  // One request's way to answer. Copyable; used once, from any thread. Answering a connection that
  // is gone does nothing.
  class Reply {
   public:
    void send(HttpResponse response, std::chrono::milliseconds delay = {}) const;
    // Called once on the loop's thread when the reply has been handed to the kernel or the
    // connection is gone. Only to be set inside the handler.
    void on_end(std::function<void()> end) const;

   private:
    friend class HttpServer;
    Reply(HttpServer* server, std::uint64_t connection) : server_(server), id_(connection) {}
    HttpServer* server_;
    std::uint64_t id_;
  };
  using Handler = std::function<void(const HttpRequest&, Reply)>;

  // Listens on 127.0.0.1:`port` (0: a free one) from here on. Throws std::runtime_error.
  explicit HttpServer(Handler handler, int port = 0);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Serves on the calling thread until stop().
  void run();
  // Serves on a thread of its own until stop() or destruction.
  void start();
  void stop();  // any thread, any number of times
  std::uint64_t connections_accepted() const { return accepted_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection {
    int fd = -1;
    std::string in, out;
    std::size_t written = 0;
    bool answering = false;  // a request was handed to the handler and is not answered yet
    bool more = false;       // pieces of the answer are still to come
    bool close_after = false, wants_write = false, peer_closed = false;
    std::function<void()> on_end;
  };
  struct Delayed {
    Clock::time_point at;
    std::uint64_t order, id;
    std::shared_ptr<HttpResponse> response;
    std::size_t piece = 0;  // which one is due
    bool operator>(const Delayed& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };

  void post(std::uint64_t id, HttpResponse response, std::chrono::milliseconds delay);
  void accept_all();
  void readable(std::uint64_t id);
  void serve_requests(std::uint64_t id);
  void respond(std::uint64_t id, const HttpResponse& response);
  void respond_piece(std::uint64_t id, std::shared_ptr<HttpResponse> response, std::size_t piece);
  void flush(std::uint64_t id);
  void close_connection(std::uint64_t id);
  void take_posted();
  std::optional<Clock::duration> run_delayed();  // gives the time to the next one

  Handler handler_;
  int port_ = 0, listen_fd_ = -1, epoll_fd_ = -1, wake_fd_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> accepted_ = 0;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::uint64_t next_id_ = 2, next_order_ = 0;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  std::mutex posted_mutex_;
  std::vector<Delayed> posted_;
  std::atomic<std::thread::id> loop_thread_;
  std::thread thread_;
};

}  // namespace rare::testing
