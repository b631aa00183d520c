#include "http_server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace rare::testing {
namespace {

constexpr std::uint64_t kListen = 0, kWake = 1;

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Takes one whole request from the front of `bytes`; gives its length, or 0 when more must come.
std::size_t parse_request(std::string_view bytes, HttpRequest& request) {
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return 0;
  std::string_view head = bytes.substr(0, head_end);
  std::size_t line_end = head.find("\r\n");
  const std::string_view first = head.substr(0, line_end);
  const std::size_t space = first.find(' ');
  const std::size_t second_space = first.rfind(' ');
  request.method = first.substr(0, space);
  if (space != std::string_view::npos && second_space > space) {
    request.target = first.substr(space + 1, second_space - space - 1);
  }
  while (line_end != std::string_view::npos) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  std::size_t length = 0;
  const std::string_view text = request.header("content-length");
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (bytes.size() < head_end + 4 + length) return 0;
  request.body = bytes.substr(head_end + 4, length);
  return head_end + 4 + length;
}

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string wire_form(const HttpResponse& response) {
  std::string bytes = "HTTP/1.1 " + std::to_string(response.status) + " " +
                      reason_of(response.status) + "\r\nContent-Type: " + response.content_type +
                      "\r\n";
  bytes += response.pieces.empty()
               ? "Content-Length: " + std::to_string(response.body.size()) + "\r\n"
               : std::string("Transfer-Encoding: chunked\r\n");
  for (const auto& [name, value] : response.headers) bytes += name + ": " + value + "\r\n";
  bytes += "\r\n";
  bytes += response.body;
  if (response.cut_at_share && response.pieces.empty()) {
    bytes.resize(
        static_cast<std::size_t>(static_cast<double>(bytes.size()) * *response.cut_at_share));
  }
  return bytes;
}

void append_piece(const HttpResponse::Piece& piece, std::string& out) {
  if (piece.is_framed) {
    out += piece.bytes;
  } else {
    append_chunk(piece.bytes, out);
  }
}

// epoll_wait counts in milliseconds, which would make answers late by as much: 1% of 50 ms.
int wait_for_events(int epoll_fd, std::vector<epoll_event>& events,
                    std::optional<std::chrono::nanoseconds> wait) {
  timespec timeout{};
  if (wait) {
    timeout.tv_sec = wait->count() / 1'000'000'000;
    timeout.tv_nsec = wait->count() % 1'000'000'000;
  }
  return epoll_pwait2(epoll_fd, events.data(), static_cast<int>(events.size()),
                      wait ? &timeout : nullptr, nullptr);
}

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string("test server: ") + what + ": " + std::strerror(errno));
}

}  // namespace

void append_chunk(std::string_view bytes, std::string& out) {
  char size[16];
  const auto written = std::to_chars(size, size + sizeof size, bytes.size(), 16);
  out.append(size, written.ptr).append("\r\n").append(bytes).append("\r\n");
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

void HttpServer::Reply::send(HttpResponse response, std::chrono::milliseconds delay) const {
  server_->post(id_, std::move(response), delay);
}

void HttpServer::Reply::on_end(std::function<void()> end) const {
  server_->connections_.at(id_).on_end = std::move(end);
}

HttpServer::HttpServer(Handler handler, int port) : handler_(std::move(handler)) {
  listen_fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (listen_fd_ < 0 || epoll_fd_ < 0 || wake_fd_ < 0) fail("no file descriptors");
  const int yes = 1;
  setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), size) != 0) fail("bind");
  if (listen(listen_fd_, 4096) != 0) fail("listen");
  getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kListen;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, listen_fd_, &event);
  event.data.u64 = kWake;
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
}

HttpServer::~HttpServer() {
  stop();
  if (thread_.joinable()) thread_.join();
  for (auto& [id, connection] : connections_) close(connection.fd);
  close(listen_fd_);
  close(epoll_fd_);
  close(wake_fd_);
}

void HttpServer::start() {
  thread_ = std::thread([this] { run(); });
}

void HttpServer::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof(one));
}

void HttpServer::run() {
  loop_thread_ = std::this_thread::get_id();
  std::vector<epoll_event> events(512);
  while (!stopping_) {
    const int count = wait_for_events(epoll_fd_, events, run_delayed());
    for (int i = 0; i < count; ++i) {
      const std::uint64_t id = events[static_cast<std::size_t>(i)].data.u64;
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if (id == kListen) {
        accept_all();
      } else if (id == kWake) {
        take_posted();
      } else if (what & EPOLLOUT) {
        flush(id);
      } else {
        readable(id);
      }
    }
  }
}

void HttpServer::post(std::uint64_t id, HttpResponse response, std::chrono::milliseconds delay) {
  if (loop_thread_.load() == std::this_thread::get_id()) {
    if (delay.count() == 0 && response.pieces.empty()) {
      respond(id, response);
    } else if (delay.count() == 0) {
      respond_piece(id, std::make_shared<HttpResponse>(std::move(response)), 0);
    } else {
      delayed_.push({Clock::now() + delay, next_order_++, id,
                     std::make_shared<HttpResponse>(std::move(response)), 0});
    }
    return;
  }
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(
        {Clock::now() + delay, 0, id, std::make_shared<HttpResponse>(std::move(response)), 0});
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof(one));
}

void HttpServer::take_posted() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof(count));
  std::vector<Delayed> posted;
  {
    const std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
  }
  for (Delayed& one : posted) {
    one.order = next_order_++;
    delayed_.push(std::move(one));
  }
}

std::optional<HttpServer::Clock::duration> HttpServer::run_delayed() {
  while (!delayed_.empty()) {
    const auto now = Clock::now();
    if (delayed_.top().at > now) return delayed_.top().at - now;
    const Delayed due = delayed_.top();
    delayed_.pop();
    if (due.response->pieces.empty()) {
      respond(due.id, *due.response);
    } else {
      respond_piece(due.id, due.response, due.piece);
    }
  }
  return std::nullopt;
}

void HttpServer::accept_all() {
  for (;;) {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    const std::uint64_t id = next_id_++;
    connections_[id].fd = fd;
    ++accepted_;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = id;
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
  }
}

void HttpServer::readable(std::uint64_t id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  char buffer[65536];
  const ssize_t got = recv(at->second.fd, buffer, sizeof(buffer), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_connection(id);
    return;
  }
  at->second.in.append(buffer, static_cast<std::size_t>(got));
  serve_requests(id);
}

void HttpServer::serve_requests(std::uint64_t id) {
  // One request of a connection at a time; what a handler answers at once may close it.
  for (auto at = connections_.find(id); at != connections_.end() && !at->second.answering;
       at = connections_.find(id)) {
    // Not in the connection, which a handler may close.
    std::string bytes = std::exchange(at->second.in, {});
    HttpRequest request;
    const std::size_t used = parse_request(bytes, request);
    if (used == 0) {
      at->second.in = std::move(bytes);
      return;
    }
    at->second.answering = true;
    at->second.in = bytes.substr(used);
    handler_(request, Reply(this, id));
  }
}

void HttpServer::respond(std::uint64_t id, const HttpResponse& response) {
  const auto at = connections_.find(id);
  if (at == connections_.end() || !at->second.answering) return;
  at->second.out = wire_form(response);
  at->second.written = 0;
  at->second.close_after = response.cut_at_share.has_value();
  flush(id);
}

void HttpServer::respond_piece(std::uint64_t id, std::shared_ptr<HttpResponse> response,
                               std::size_t piece) {
  const auto at = connections_.find(id);
  if (at == connections_.end() || !at->second.answering) return;
  Connection& c = at->second;
  if (piece == 0) {
    c.out = wire_form(*response);
    c.written = 0;
    c.more = true;
  } else {
    append_piece(response->pieces[piece - 1], c.out);
  }
  // What waits for nothing leaves in one send.
  for (; piece < response->pieces.size() && response->pieces[piece].after.count() == 0; ++piece) {
    append_piece(response->pieces[piece], c.out);
  }
  if (piece < response->pieces.size()) {
    const auto after = response->pieces[piece].after;
    delayed_.push({Clock::now() + after, next_order_++, id, std::move(response), piece + 1});
  } else {
    c.more = false;
    c.close_after = response->cut_at_share.has_value();
    if (!c.close_after) c.out += "0\r\n\r\n";
  }
  flush(id);
}

void HttpServer::flush(std::uint64_t id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  Connection& c = at->second;
  while (c.written < c.out.size()) {
    const ssize_t sent =
        send(c.fd, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return close_connection(id);
    if (sent < 0) {
      if (!c.wants_write) {
        c.wants_write = true;
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
        event.data.u64 = id;
        epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, c.fd, &event);
      }
      return;
    }
    c.written += static_cast<std::size_t>(sent);
  }
  if (c.close_after && !c.more) return close_connection(id);
  if (c.wants_write) {
    c.wants_write = false;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = id;
    epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, c.fd, &event);
  }
  if (!c.answering || c.more) return;
  c.answering = false;
  c.out.clear();
  const auto end = std::exchange(c.on_end, {});
  if (end) end();
  if (!c.in.empty()) serve_requests(id);
}

void HttpServer::close_connection(std::uint64_t id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  const auto end = std::exchange(at->second.on_end, {});
  close(at->second.fd);
  connections_.erase(at);
  if (end) end();
}

}  // namespace rare::testing
