#include "dataset_sink.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "plugins/files/output_file.h"
#include "rare/provenance.h"
#include "record_texts.h"

namespace rare::exports {
namespace {

constexpr char kTrainLetter = 't';
constexpr char kValidationLetter = 'v';
constexpr const char* kTrainFile = "train.jsonl";
constexpr const char* kValidationFile = "validation.jsonl";
constexpr const char* kCardFile = "README.md";
constexpr const char* kTrainerFile = "dataset_info.json";

std::string models_of(const Record& record) {
  const Json* provenance = record.find(kProvenanceField);
  if (provenance == nullptr || !provenance->is_object()) return {};
  const auto models = provenance->find("models");
  if (models == provenance->end() || !models->is_object()) return {};
  return models->dump(-1, ' ', true, Json::error_handler_t::replace);
}

// The row of the source's record that this one has come of.
std::string root_of(const RecordId& id) {
  std::string text(id.prefix());
  if (!text.empty()) text += ':';
  return text + std::to_string(id.ordinal());
}

// Adds what was counted between two places.
void add_between(const Json& before, const Json& after,
                 std::map<std::string, std::uint64_t>& counts) {
  for (auto at = after.begin(); at != after.end(); ++at) {
    const std::uint64_t passed = before.value(at.key(), std::uint64_t{0});
    const auto count = at->get<std::uint64_t>();
    if (count > passed) counts[at.key()] += count - passed;
  }
}

// None: there is no such file, or it cannot be read.
std::optional<std::string> text_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Whether a dataset_info.json names the files of an export and no others.
bool is_trainer_file(const std::string& text) {
  const Json entries = Json::parse(text, nullptr, false);
  if (!entries.is_object() || entries.empty()) return false;
  for (const Json& entry : entries) {
    if (!entry.is_object() || !entry.contains("file_name")) return false;
    const Json& file = entry["file_name"];
    if (file != kTrainFile && file != kValidationFile) return false;
  }
  return true;
}

Status write_whole(const std::string& path, const std::string& text) {
  files::OutputFile file;
  Status status = file.begin(path);
  if (status) status = file.append(text);
  return status ? file.finalise() : status;
}

}  // namespace

Status DatasetSink::configuration_error(const std::string& what) const {
  return Status::run_fault(StatusCode::invalid_argument, path_ + ": " + what);
}

std::string DatasetSink::file_of(const std::string& name) const {
  return (std::filesystem::path(path_) / name).string();
}

Status DatasetSink::prepared() const {
  std::call_once(prepared_, [this] {
    preparation_ = check_card_keys(card_);
    if (!preparation_) preparation_ = configuration_error(preparation_.message());
    if (preparation_) preparation_ = prepare();
  });
  return preparation_;
}

Status DatasetSink::open(Context& context, std::optional<Offset> committed) {
  context_ = &context;
  if (Status status = prepared(); !status) return status;
  if (split_key_.empty() && validation_ > 0 && validation_ < 1) {
    context.log(LogLevel::warning,
                path_ +
                    ": which document is in train and which in validation goes by its place in "
                    "the input, and changes with lines that come or go above it; `split_key` "
                    "names a field to go by, such as text");
  }
  train_ = PartOutput();
  held_out_ = PartOutput();
  models_.clear();
  left_out_.clear();
  std::optional<Offset> train, held_out;
  if (committed) {
    if (Status known = check(*committed); !known) return known;
    const Json& token = committed->token;
    train = Offset{token["train"]["file"]};
    held_out = Offset{token["validation"]["file"]};
    train_.records = token["train"]["records"].get<std::uint64_t>();
    held_out_.records = token["validation"]["records"].get<std::uint64_t>();
    models_ = token["models"].get<Counts>();
    left_out_ = token["left_out"].get<Counts>();
  } else if (Status ours = check_folder(); !ours) {
    return ours;
  }
  const auto file = [this](const char* name) {
    return std::make_unique<files::WriteSink>(file_of(name), "jsonl", "none",
                                              std::vector<std::string>(), files::kWorkingSuffix);
  };
  train_.file = file(kTrainFile);
  held_out_.file = file(kValidationFile);
  Status opened = train_.file->open(context, std::move(train));
  return opened ? held_out_.file->open(context, std::move(held_out)) : opened;
}

Status DatasetSink::check_folder() const {
  const auto others = [this](const char* name, bool (*is_ours)(const std::string&)) {
    const std::optional<std::string> text = text_of_file(file_of(name));
    return text && !is_ours(*text);
  };
  const char* name = nullptr;
  if (others(kCardFile, is_dataset_card)) name = kCardFile;
  if (name == nullptr && others(kTrainerFile, is_trainer_file)) name = kTrainerFile;
  if (name == nullptr) return Status();
  return configuration_error(std::string("the folder has a ") + name +
                             " that no export has written and that this one would replace; "
                             "expected a folder of its own: name another `path`, or move the file");
}

Status DatasetSink::check(const Offset& offset) const {
  const Json& token = offset.token;
  const auto is_part = [&token](const char* name) {
    const auto part = token.find(name);
    return part != token.end() && part->is_object() && part->contains("file") &&
           part->contains("records") && (*part)["records"].is_number_integer();
  };
  const auto are_counts = [&token](const char* name) {
    const auto counts = token.find(name);
    if (counts == token.end() || !counts->is_object()) return false;
    for (const Json& count : *counts) {
      if (!count.is_number_integer()) return false;
    }
    return true;
  };
  if (token.is_object() && is_part("train") && is_part("validation") && are_counts("models") &&
      are_counts("left_out")) {
    return Status();
  }
  return configuration_error(
      "the offset kept by the earlier start cannot be understood; start with --fresh");
}

Result<std::string> DatasetSink::document_of(const Record& record) const {
  return split_key_.empty() ? root_of(record.id()) : label_in(record, split_key_);
}

Result<std::string> DatasetSink::encode(const Record& record) const {
  if (Status status = prepared(); !status) return status;
  const Result<std::string> document = document_of(record);
  if (!document) return document.status();
  const bool is_train = part_of(seed(), *document, validation_) == Part::train;
  std::string encoded(1, is_train ? kTrainLetter : kValidationLetter);
  encoded += models_of(record) + '\n';
  const std::string label = document->size() > kLabelBytes ? digest_label(*document) : *document;
  const std::size_t second_line = encoded.size();
  encoded += '\n';
  Counts left_out;
  if (Status status = append_rows(record, label, encoded, left_out); !status) return status;
  if (!left_out.empty()) encoded.insert(second_line, Json(left_out).dump());
  // It may wait for long, and is what the committer's window counts.
  if (encoded.capacity() > encoded.size() + encoded.size() / 4) encoded.shrink_to_fit();
  return encoded;
}

Status DatasetSink::write(std::span<const Record> rows) {
  for (const Record& record : rows) {
    Result<std::string> encoded = encode(record);
    if (!encoded) {
      return Status::run_fault(StatusCode::internal,
                               path_ + ": record " + record.id().to_string() +
                                   " was not checked by accept(): " + encoded.status().message());
    }
    if (Status written = write_encoded(std::span(&*encoded, 1)); !written) return written;
  }
  return Status();
}

Status DatasetSink::write_encoded(std::span<const std::string> rows) {
  for (const std::string& encoded : rows) {
    PartOutput& part = encoded.front() == kTrainLetter ? train_ : held_out_;
    part.records += 1;
    const std::size_t second_line = encoded.find('\n') + 1;
    if (second_line > 2) models_[encoded.substr(1, second_line - 2)] += 1;
    std::size_t begin = encoded.find('\n', second_line) + 1;
    if (begin > second_line + 1) {
      const Json left_out = Json::parse(encoded.substr(second_line, begin - 1 - second_line));
      for (const auto& [what, count] : left_out.get<Counts>()) left_out_[what] += count;
    }
    while (begin < encoded.size()) {
      const std::size_t end = encoded.find('\n', begin) + 1;
      const std::string line = encoded.substr(begin, end - begin);
      if (Status written = part.file->write_encoded(std::span(&line, 1)); !written) return written;
      begin = end;
    }
  }
  return Status();
}

Json DatasetSink::token(const Offset& train, const Offset& validation) const {
  return {{"train", {{"file", train.token}, {"records", train_.records}}},
          {"validation", {{"file", validation.token}, {"records", held_out_.records}}},
          {"models", models_},
          {"left_out", left_out_}};
}

Result<Offset> DatasetSink::sync() {
  const Result<Offset> train = train_.file->sync();
  if (!train) return train.status();
  const Result<Offset> held_out = held_out_.file->sync();
  if (!held_out) return held_out.status();
  return Offset{token(*train, *held_out)};
}

std::optional<Offset> DatasetSink::position() const {
  return Offset{token(*train_.file->position(), *held_out_.file->position())};
}

Status DatasetSink::copy_finished(const Offset& from, const Offset& to) {
  for (const Offset* place : {&from, &to}) {
    if (Status known = check(*place); !known) return known;
  }
  const auto copy = [&](PartOutput& part, const char* name) {
    const Json& begin = from.token[name];
    const Json& end = to.token[name];
    part.records += end["records"].get<std::uint64_t>() - begin["records"].get<std::uint64_t>();
    return part.file->copy_finished(Offset{begin["file"]}, Offset{end["file"]});
  };
  if (Status copied = copy(train_, "train"); !copied) return copied;
  if (Status copied = copy(held_out_, "validation"); !copied) return copied;
  add_between(from.token["models"], to.token["models"], models_);
  add_between(from.token["left_out"], to.token["left_out"], left_out_);
  return Status();
}

DatasetCounts DatasetSink::counts() const {
  const auto part = [](const PartOutput& of) {
    return PartCounts{of.records, of.file->position()->token["rows"].get<std::uint64_t>()};
  };
  return {part(train_), part(held_out_), models_, left_out_};
}

// After the files themselves: they are what in_place() goes by last.
Status DatasetSink::describe() const {
  DatasetCard card;
  std::filesystem::path folder = std::filesystem::path(path_).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();
  card.title = name_.empty() ? folder.filename().string() : name_;
  card.description = description_;
  card.license = license_;
  card.more = card_;
  card.features = features();
  card.settings = settings();
  card.settings.update({{"validation", validation_}, {"split_key", split_key_}, {"seed", seed()}});
  card.counts = counts();
  if (trainer_entry("").is_null()) {
    const std::optional<std::string> text = text_of_file(file_of(kTrainerFile));
    std::error_code ignored;
    if (text && is_trainer_file(*text)) {  // of another form that stood here
      std::filesystem::remove(file_of(kTrainerFile), ignored);
    }
  } else {
    Json entries = Json::object();
    entries[card.title] = trainer_entry(kTrainFile);
    if (card.counts.validation.rows > 0) {
      entries[card.title + "_validation"] = trainer_entry(kValidationFile);
    }
    const std::string text = entries.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    if (Status written = write_whole(file_of(kTrainerFile), text); !written) return written;
  }
  return write_whole(file_of(kCardFile), dataset_card_text(card));
}

Status DatasetSink::finalise() {
  Status status = train_.file->finalise();
  if (status) status = held_out_.file->finalise();
  return status ? describe() : status;
}

Status DatasetSink::publish_copy() {
  Status status = train_.file->publish_copy();
  if (status) status = held_out_.file->publish_copy();
  return status ? describe() : status;
}

bool DatasetSink::in_place() const {
  for (const char* name : {kTrainFile, kValidationFile, kCardFile}) {
    if (!files::OutputFile::in_place(file_of(name))) return false;
  }
  return trainer_entry("").is_null() || files::OutputFile::in_place(file_of(kTrainerFile));
}

}  // namespace rare::exports
