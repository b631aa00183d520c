// my_plugin.read: the text files of a folder, one record each.
#include <rare/sdk.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

class Read final : public rare::Source {
 public:
  static rare::Spec spec() {
    return rare::Spec("my_plugin.read")
        .summary("Reads the .txt files of a folder, by name, one record each.")
        .required_param(&Read::path_, "path", "The folder.")
        .input_path()
        .writes("text")
        .writes("name");
  }

  rare::Status open(rare::Context&, std::optional<rare::Position> position) override {
    std::error_code error;
    for (fs::directory_iterator at(path_, error), end; !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".txt") files_.push_back(at->path());
    }
    if (error) {
      return rare::Status::run_fault(
          rare::StatusCode::not_found,
          "path: the folder " + path_ + " cannot be read: " + error.message());
    }
    std::sort(files_.begin(), files_.end());
    if (position) next_ = position->token.get<std::size_t>();
    return rare::Status();
  }

  rare::Result<std::optional<rare::Record>> next() override {
    if (next_ >= files_.size()) return std::optional<rare::Record>();
    const fs::path& file = files_[next_++];
    std::ostringstream text;
    const std::ifstream in(file, std::ios::binary);
    if (!(text << in.rdbuf()) && fs::file_size(file) > 0) {
      return rare::Status(rare::StatusCode::permission_denied, file.string() + " cannot be read");
    }
    rare::Record record(rare::Json{{"text", text.str()}, {"name", file.filename().string()}});
    record.set_label(file.filename().string());
    return std::optional<rare::Record>(std::move(record));
  }

  // A run that goes on opens at what this said; identity() is how it knows that nothing changed.
  rare::Position position() const override { return {rare::Json(next_)}; }
  std::optional<rare::Progress> progress() const override {
    return rare::Progress{next_, files_.size(), "files"};
  }
  rare::Result<rare::Json> identity() const override {
    rare::Json files = rare::Json::object();
    for (const fs::path& file : files_) files[file.filename().string()] = fs::file_size(file);
    return files;
  }

 private:
  std::string path_;
  std::vector<fs::path> files_;
  std::size_t next_ = 0;
};

}  // namespace

RARE_PLUGIN("my_plugin", "0.1.0") { registrar.add<Read>(); }
