// A server on loopback whose answers the test scripts, as small as that can be.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <thread>
#include <utility>

// Answers one request a connection, one connection after the other: {code, body} of script(number
// of the request, its head and body).
class OneAnswerServer {
 public:
  using Script = std::function<std::pair<int, std::string>(int number, const std::string& request)>;

  explicit OneAnswerServer(Script script) : script_(std::move(script)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(socket_, 64);
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = "http://127.0.0.1:" + std::to_string(::ntohs(address.sin_port)) + "/v1/embeddings";
    thread_ = std::thread([this] { serve(); });
  }
  ~OneAnswerServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  const std::string& url() const { return url_; }

 private:
  static std::string request_from(int connection) {
    std::string request;
    char bytes[4096];
    for (std::size_t end = std::string::npos, more = 0;;) {
      const ssize_t got = ::recv(connection, bytes, sizeof(bytes), 0);
      if (got <= 0) return request;
      request.append(bytes, static_cast<std::size_t>(got));
      if (end == std::string::npos && (end = request.find("\r\n\r\n")) != std::string::npos) {
        const std::size_t length = request.find("Content-Length: ");
        more = length < end ? std::stoul(request.substr(length + 16)) : 0;
      }
      if (end != std::string::npos && request.size() >= end + 4 + more) return request;
    }
  }
  void serve() {
    for (int number = 0;; ++number) {
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      const auto [code, body] = script_(number, request_from(connection));
      const std::string answer =
          "HTTP/1.1 " + std::to_string(code) +
          " x\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
          body;
      (void)!::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(connection);
    }
  }

  Script script_;
  int socket_ = -1;
  std::string url_;
  std::thread thread_;
};
