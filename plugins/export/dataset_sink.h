// A sink whose output is a folder that trainers read: train.jsonl, validation.jsonl, README.md (a
// dataset card) and, where a trainer asks for one, dataset_info.json.
//
// The two files are each what files.write writes, and what this sink commits is where both of them
// stand and what the card counts. The other two are made of that when the files are in place: again
// and again the same. A subclass says how a record becomes rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "dataset_card.h"
#include "plugins/files/write_sink.h"
#include "rare/sink.h"
#include "rare/spec.h"
#include "split_rule.h"

namespace rare::exports {

class DatasetSink : public Sink {
 public:
  // The offset's token: {train, validation}, each {file: a files.write token, records}, and the
  // counts {models} and {left_out}.
  Status open(Context& context, std::optional<Offset> committed) final;
  Status accept(const Record& record) const final { return encode(record).status(); }
  Status write(std::span<const Record> rows) final;
  bool encodes() const final { return true; }
  // A letter for the part and the models as a line of JSON, what is left out as another, and the
  // rows, a line each.
  Result<std::string> encode(const Record& record) const final;
  Status write_encoded(std::span<const std::string> rows) final;
  Result<Offset> sync() final;
  std::optional<Offset> position() const final;
  Status copy_finished(const Offset& from, const Offset& to) final;
  Status finalise() final;
  Status publish_copy() final;
  std::string location() const final { return path_; }
  bool in_place() const final;
  bool wants_provenance() const final { return true; }

 protected:
  using Counts = std::map<std::string, std::uint64_t>;

  // What the parameters come to; once, before anything else, on any thread. Errors are run faults.
  virtual Status prepare() const = 0;
  // Appends the record's rows, a line of JSON each. `document`: what its part was decided by, in at
  // most kLabelBytes. Counts in `left_out` the texts of the record that are in no row though the
  // form has a place for them, by why: the card says so. Any thread.
  virtual Status append_rows(const Record& record, const std::string& document, std::string& lines,
                             Counts& left_out) const = 0;
  virtual Json features() const = 0;
  // The subclass's parameters, for the card.
  virtual Json settings() const = 0;
  // An entry of dataset_info.json for a file of this form; null: there is no such file.
  virtual Json trainer_entry(const std::string& /*file_name*/) const { return Json(); }

  // The parameters that every such sink has. T is the subclass.
  template <class T>
  static void declare(Spec& spec) {
    spec.required_param(
            of<T>(&DatasetSink::path_), "path",
            "The folder to write, such as out/train; it is made where it is missing. A folder "
            "with a README.md or a dataset_info.json of another origin is refused.")
        .output_path();
    spec.param(of<T>(&DatasetSink::validation_), "validation", 0.05,
               "The share of the documents whose rows go to validation.jsonl.")
        .range(0, 1);
    spec.param(
        of<T>(&DatasetSink::split_key_), "split_key", "",
        "Field that says which document a record is of: records of one value are in one "
        "part, in every export with one seed. `text` keeps copies of a text together. Empty: "
        "the place in the input of the record that was read, so that a line which comes or "
        "goes above it may put it into the other part.");
    spec.reads_param("split_key");
    spec.param(of<T>(&DatasetSink::name_), "name", "",
               "What the data set is called in README.md and dataset_info.json; empty: as its "
               "folder.");
    spec.param(of<T>(&DatasetSink::license_), "license", "",
               "The licence of the data, for README.md, as the Hugging Face Hub calls it.");
    spec.param(of<T>(&DatasetSink::description_), "description", "",
               "A paragraph for README.md, or a file of it.")
        .text_or_file();
    spec.param(of<T>(&DatasetSink::card_), "card", Json::object(),
               "Further keys for the front matter of README.md: language, tags, pretty_name, ...");
  }
  template <class T, class M>
  static M T::*of(M DatasetSink::*member) {
    return static_cast<M T::*>(member);
  }

  static constexpr std::size_t kLabelBytes = 64;
  std::uint64_t seed() const { return context_ == nullptr ? 0 : context_->seed(); }
  Status configuration_error(const std::string& what) const;

 private:
  struct PartOutput {
    std::unique_ptr<files::WriteSink> file;
    std::uint64_t records = 0;
  };

  Status prepared() const;
  std::string file_of(const std::string& name) const;
  // What decides the record's part.
  Result<std::string> document_of(const Record& record) const;
  Json token(const Offset& train, const Offset& validation) const;
  // Whether the offset is one that token() made.
  Status check(const Offset& offset) const;
  // Refuses a folder whose README.md or dataset_info.json somebody else has written.
  Status check_folder() const;
  DatasetCounts counts() const;
  Status describe() const;

  std::string path_, split_key_, name_, license_, description_;
  double validation_ = 0.05;
  Json card_ = Json::object();

  Context* context_ = nullptr;
  mutable std::once_flag prepared_;
  mutable Status preparation_;
  PartOutput train_, held_out_;
  Counts models_, left_out_;  // as DatasetCounts has them
};

}  // namespace rare::exports
