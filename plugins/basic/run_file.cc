#include "run_file.h"

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace rare::basic {

Result<std::unique_ptr<RunFile>> RunFile::create(std::string path) {
  std::unique_ptr<RunFile> run(new RunFile(std::move(path)));
  run->file_.reset(std::fopen(run->path_.c_str(), "wbx"));
  if (!run->file_) return run->fault("cannot make");
  return run;
}

RunFile::~RunFile() {
  if (file_) file_.reset();
  std::remove(path_.c_str());
}

Status RunFile::fault(const std::string& what) const {
  const int error = errno;
  const StatusCode code = error == ENOSPC || error == EDQUOT || error == EFBIG
                              ? StatusCode::resource_exhausted
                              : StatusCode::unavailable;
  return Status::run_fault(
      code, what + " the temporary file " + path_ + ": " +
                (error == 0 ? "it is cut short" : std::generic_category().message(error)));
}

Status RunFile::write_text(const std::string& text) {
  const std::uint64_t size = text.size();
  if (std::fwrite(&size, sizeof size, 1, file_.get()) != 1) return fault("cannot write");
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) {
    return fault("cannot write");
  }
  return Status();
}

Status RunFile::write(const Entry& entry) {
  Status status = write_text(entry.key);
  if (status.ok()) status = write_text(entry.payload);
  return status;
}

Status RunFile::close() {
  // By hand, because what is still buffered may fail only now.
  if (std::fclose(file_.release()) != 0) return fault("cannot write");
  return Status();
}

// False at the end of the file.
Result<bool> RunFile::read_text(std::string& text) {
  std::uint64_t size = 0;
  errno = 0;
  const std::size_t head = std::fread(&size, 1, sizeof size, file_.get());
  if (head == 0 && std::feof(file_.get()) != 0) return false;
  if (head != sizeof size) return fault("cannot read");
  text.resize(size);
  if (std::fread(text.data(), 1, size, file_.get()) != size) return fault("cannot read");
  return true;
}

Result<std::optional<Entry>> RunFile::read() {
  if (!file_) {
    file_.reset(std::fopen(path_.c_str(), "rb"));
    if (!file_) return fault("cannot read");
  }
  Entry entry;
  const Result<bool> key = read_text(entry.key);
  if (!key) return key.status();
  if (!*key) return std::optional<Entry>();
  const Result<bool> payload = read_text(entry.payload);
  if (!payload) return payload.status();
  if (!*payload) return fault("cannot read");
  return std::optional<Entry>(std::move(entry));
}

}  // namespace rare::basic
