// my_plugin.write: one field of each record as a line of a text file.
#include <fcntl.h>
#include <rare/sdk.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace {

namespace fs = std::filesystem;

// Rows go to PATH.part, which becomes PATH when the run is complete: who reads PATH sees all or
// nothing. What is committed is a number of bytes; a run that goes on cuts off what stands behind.
class Write final : public rare::Sink {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.write")
        .summary("Writes a field of each record as a line of a text file.")
        .required_param(&Write::path_, "path", "The file.")
        .output_path()
        .param(&Write::field_, "field", "text", "Field to write; line ends in it become spaces.")
        .reads_param("field");
  }
  ~Write() override {
    if (file_ >= 0) ::close(file_);
  }

  rare::Status open(rare::Context&, std::optional<rare::Offset> committed) override {
    std::error_code ignored;
    fs::create_directories(fs::path(path_).parent_path(), ignored);
    size_ = committed ? committed->token.get<std::uint64_t>() : 0;
    // Killed after finalise(), before the run was noted as complete.
    if (committed && !fs::exists(part(), ignored) && fs::file_size(path_, ignored) == size_) {
      if (rare::Status status = copy_back(); !status.ok()) return status;
    }
    if (committed && !fs::exists(part(), ignored)) return lost("no file");
    file_ = ::open(part().c_str(), O_WRONLY | O_CLOEXEC | (committed ? 0 : O_CREAT), 0666);
    if (file_ < 0) return failure("cannot be opened");
    const std::uint64_t found = fs::file_size(part(), ignored);
    if (found < size_) return lost(std::to_string(found) + " bytes");
    if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) return failure("cannot be cut");
    return sync_folder();
  }

  rare::Status accept(const rare::Record& record) const override {
    const rare::Json* value = record.find(field_);
    if (value != nullptr && value->is_string()) return rare::Status();
    return rare::Status(rare::StatusCode::invalid_data, "field '" + field_ + "' is no text");
  }

  rare::Status write(std::span<const rare::Record> rows) override {
    for (const rare::Record& row : rows) {
      std::string line = row.find(field_)->get<std::string>();
      for (char& letter : line) {
        if (letter == '\n' || letter == '\r') letter = ' ';
      }
      buffer_ += line + "\n";
    }
    return buffer_.size() < (1u << 20) ? rare::Status() : flush();
  }

  rare::Result<rare::Offset> sync() override {
    if (rare::Status status = flush(); !status.ok()) return status;
    if (::fdatasync(file_) != 0) return failure("cannot be synced");
    return rare::Offset{rare::Json(size_)};
  }

  rare::Status finalise() override {
    if (!fs::exists(part()) && in_place()) return sync_folder();
    if (::rename(part().c_str(), path_.c_str()) != 0) return failure("cannot be renamed");
    return sync_folder();
  }
  std::string location() const override { return path_; }
  bool in_place() const override { return fs::exists(path_); }

 private:
  std::string part() const { return path_ + ".part"; }
  // Each error here would hit every record alike: it ends the run, and a later start goes on.
  rare::Status failure(const std::string& what) const {
    return rare::Status::run_fault(rare::StatusCode::resource_exhausted,
                                   part() + " " + what + ": " + std::strerror(errno));
  }
  // A loss of power takes back a name that is not synced, however well its bytes are.
  rare::Status sync_folder() const {
    const fs::path folder = fs::path(path_).parent_path();
    const int file = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return failure("has a folder that cannot be opened");
    // EINVAL: a file system that has nothing to sync for a folder.
    const int error = ::fsync(file) == 0 || errno == EINVAL ? 0 : errno;
    ::close(file);
    errno = error;
    return error == 0 ? rare::Status() : failure("has a folder that cannot be synced");
  }
  // Rows that were committed and are gone: nothing that this run can write puts them back.
  rare::Status lost(const std::string& came) const {
    return rare::Status::run_fault(rare::StatusCode::invalid_argument,
                                   part() + ": expected the " + std::to_string(size_) +
                                       " bytes that an earlier start wrote, came " + came +
                                       "; put the file back, or make the output anew with --fresh");
  }
  // PATH stays; its copy is called .part when all of it is on disk, so that no kill leaves a piece.
  rare::Status copy_back() const {
    const std::string copy = path_ + ".copy";
    std::error_code error;
    fs::copy_file(path_, copy, fs::copy_options::overwrite_existing, error);
    errno = error.value();
    const int file = error ? -1 : ::open(copy.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return failure("cannot be made of " + path_);
    const bool synced = ::fdatasync(file) == 0;
    ::close(file);
    if (!synced || ::rename(copy.c_str(), part().c_str()) != 0)
      return failure("cannot be made of " + path_);
    return rare::Status();
  }
  rare::Status flush() {
    std::size_t done = 0;
    while (done < buffer_.size()) {
      const ssize_t written = ::pwrite(file_, buffer_.data() + done, buffer_.size() - done,
                                       static_cast<off_t>(size_ + done));
      if (written < 0 && errno != EINTR) return failure("cannot be written");
      if (written > 0) done += static_cast<std::size_t>(written);
    }
    size_ += done;
    buffer_.clear();
    return rare::Status();
  }

  std::string path_, field_, buffer_;
  std::uint64_t size_ = 0;  // without what is in buffer_
  int file_ = -1;
};

}  // namespace

RARE_PLUGIN("my_plugin", "0.1.0") { registrar.add<Write>(); }
