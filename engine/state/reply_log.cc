#include "engine/state/reply_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/observe/log.h"
#include "engine/state/base64.h"
#include "engine/state/folder.h"
#include "engine/state/shard_folder.h"
#include "rare/json.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

// Bytes that are no UTF-8 go into JSON under another name.
void put_bytes(Json& line, const std::string& name, const std::string& bytes) {
  if (is_utf8(bytes)) {
    line[name] = bytes;
  } else {
    line[name + "_base64"] = base64(bytes);
  }
}

std::optional<std::string> take_bytes(const Json& line, const std::string& name) {
  const auto packed = line.find(name + "_base64");
  if (packed == line.end()) return line.at(name).get<std::string>();
  return bytes_of_base64(packed->get<std::string>());
}

std::string line_of(const LoggedReply& logged) {
  const StoredReply& reply = logged.reply;
  Json line{{"store", logged.store},
            {"key", logged.key},
            {"model", reply.model},
            {"node", reply.node},
            {"service", reply.service},
            {"latency_s", reply.latency_s},
            {"first_token_s", reply.first_token_s},
            {"prompt_tokens", reply.prompt_tokens},
            {"completion_tokens", reply.completion_tokens}};
  put_bytes(line, "request", reply.request);
  put_bytes(line, "body", reply.body);
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<LoggedReply> reply_of(const std::string& text) {
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object()) return std::nullopt;
  try {
    LoggedReply logged;
    logged.store = line.at("store").get<std::string>();
    logged.key = line.at("key").get<std::string>();
    StoredReply& reply = logged.reply;
    reply.model = line.at("model").get<std::string>();
    reply.node = line.at("node").get<std::string>();
    reply.service = line.at("service").get<std::string>();
    reply.latency_s = line.at("latency_s").get<double>();
    reply.first_token_s = line.at("first_token_s").get<double>();
    reply.prompt_tokens = line.at("prompt_tokens").get<std::int64_t>();
    reply.completion_tokens = line.at("completion_tokens").get<std::int64_t>();
    auto request = take_bytes(line, "request");
    auto body = take_bytes(line, "body");
    if (!request || !body) return std::nullopt;
    reply.request = std::move(*request);
    reply.body = std::move(*body);
    return logged;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

// The bytes up to behind the last line break.
std::uintmax_t whole_lines(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::uintmax_t read = 0, whole = 0;
  char block[1 << 16];
  while (in.read(block, sizeof block), in.gcount() > 0) {
    const std::string_view bytes(block, static_cast<std::size_t>(in.gcount()));
    if (const auto last = bytes.rfind('\n'); last != std::string_view::npos) {
      whole = read + last + 1;
    }
    read += bytes.size();
  }
  return whole;
}

class ReplyLogFile final : public ReplyLog {
 public:
  ReplyLogFile(std::string file, int descriptor)
      : file_(std::move(file)), descriptor_(descriptor), thread_([this] { loop(); }) {}
  ~ReplyLogFile() override {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_one();
    thread_.join();
    ::close(descriptor_);
  }

  void append(const LoggedReply& reply, std::function<void(Status)> done) override {
    std::string line = line_of(reply);
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({std::move(line), std::move(done)});
    }
    changed_.notify_one();
  }

 private:
  struct Waiting {
    std::string line;
    std::function<void(Status)> done;
  };

  void loop() {
    for (;;) {
      std::vector<Waiting> batch;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        batch.swap(waiting_);
      }
      std::string lines;
      for (const Waiting& waiting : batch) lines += waiting.line;
      const Status written = write(lines);
      for (const Waiting& waiting : batch) waiting.done(written);
    }
  }

  // After an error the file may end within a line: nothing is written behind it any more.
  Status write(std::string_view bytes) {
    while (broken_.ok() && !bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        broken_ = file_error("cannot write", file_, errno);
      }
    }
    if (broken_.ok() && ::fdatasync(descriptor_) != 0) {
      broken_ = file_error("cannot write", file_, errno);
    }
    return broken_;
  }

  const std::string file_;
  const int descriptor_;
  Status broken_;  // of the log's thread
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  bool closed_ = false;
  std::thread thread_;  // last: it uses the rest
};

Status read_log(const std::string& file, const std::function<Status(LoggedReply reply)>& take) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return file_error("cannot read", file, errno);
  std::uint64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (in.eof()) return Status();  // without its line break
    std::optional<LoggedReply> reply = reply_of(line);
    if (!reply) {
      log_line(LogLevel::warning, {},
               file + ":" + std::to_string(number) +
                   ": expected a stored reply, came a line that is damaged; it is passed over, and "
                   "asked for again where it is needed");
      continue;
    }
    if (Status taken = take(std::move(*reply)); !taken.ok()) return taken;
  }
  return Status();
}

}  // namespace

Result<std::unique_ptr<ReplyLog>> ReplyLog::open(const std::string& file) {
  if (Status made = make_shared_folder(parent_folder(file)); !made.ok()) return made;
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return file_error("cannot open", file, errno);
  if (::ftruncate(descriptor, static_cast<off_t>(whole_lines(file))) != 0) {
    const int error = errno;
    ::close(descriptor);
    return file_error("cannot write", file, error);
  }
  auto log = std::make_unique<ReplyLogFile>(file, descriptor);
  if (Status synced = sync_folder(parent_folder(file)); !synced.ok()) return synced;
  return std::unique_ptr<ReplyLog>(std::move(log));
}

Status read_reply_logs(const std::string& folder, const std::vector<std::string>& first,
                       const std::function<Status(LoggedReply reply)>& take) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return file_error("cannot look into", folder, error.value());
  }
  const auto place = [&first](const std::string& file) {
    return std::find(first.begin(), first.end(), fs::path(file).stem().string()) - first.begin();
  };
  std::sort(files.begin(), files.end(), [&](const std::string& one, const std::string& other) {
    return std::pair(place(one), one) < std::pair(place(other), other);
  });
  for (const std::string& file : files) {
    if (Status status = read_log(file, take); !status.ok()) return status;
  }
  return Status();
}

}  // namespace rare::engine
