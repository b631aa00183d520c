// A record: a JSON object on its way through the graph, with an identity that stays the same from
// run to run.
//
// Ownership: a record is owned by exactly one place at a time and is moved along. Where the graph
// fans out, branches share one object; the first write of a branch makes its own copy.
//
// Thread-safety: one thread at a time for each Record object; branches that share data may be used
// from different threads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/json.h"

namespace rare {

// Who a record is: the place it was read at, and how it came about from there. Made by the engine,
// never by a plugin. Text form: "17" is the source's record 17 (counted from 0), "17.2" the third
// record made from it; records of a second source carry its node's name: "extra:17".
class RecordId {
 public:
  // One hop where the way divides. Hops with one record on one edge leave no step.
  struct Step {
    std::uint32_t child = 0;  // which of several records emitted together
    std::uint32_t edge = 0;   // which of several edges of the port
    bool several = false;     // several records were emitted: `child` belongs into the text form
    auto operator<=>(const Step&) const = default;
  };

  // The identity of a record that an operator made and the engine has not seen yet.
  RecordId() = default;
  RecordId(std::uint32_t source, std::shared_ptr<const std::string> prefix, std::uint64_t ordinal)
      : source_(source), ordinal_(ordinal), prefix_(std::move(prefix)) {}

  bool is_set() const { return source_ != kNone; }
  std::uint32_t source() const { return source_; }
  std::uint64_t ordinal() const { return ordinal_; }
  // The source's name as the text form has it: empty for the first source.
  std::string_view prefix() const { return prefix_ ? std::string_view(*prefix_) : ""; }
  const std::vector<Step>& path() const { return path_; }
  // What its source calls the source record, for people: no part of who it is, and several may have
  // the same. Empty: nothing.
  std::string_view label() const { return label_ ? std::string_view(*label_) : ""; }
  void set_label(std::string_view label) {
    label_ = label.empty() ? nullptr : std::make_shared<const std::string>(label);
  }
  void take_label(const RecordId& from) { label_ = from.label_; }
  RecordId child(Step step) const {
    RecordId id = *this;
    id.path_.push_back(step);
    return id;
  }

  // As messages name it: with its label, if it has one.
  std::string described() const {
    return label_ ? to_string() + " (" + *label_ + ")" : to_string();
  }
  std::string to_string() const {
    std::string text = prefix_ ? *prefix_ + ":" : std::string();
    text += std::to_string(ordinal_);
    for (const Step& step : path_) {
      if (step.several) text += "." + std::to_string(step.child);
    }
    return text;
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  std::uint32_t source_ = kNone;
  std::uint64_t ordinal_ = 0;
  std::shared_ptr<const std::string> prefix_;  // null for the first source
  std::shared_ptr<const std::string> label_;   // null: none
  std::vector<Step> path_;
};

class Record {
 public:
  struct Field {
    std::string name;
    Json value;
  };

  Record() : fields_(std::make_shared<Json>(Json::object())) {}
  explicit Record(Json object) : fields_(std::make_shared<Json>(std::move(object))) {}
  // Record({{"text", "hi"}, {"stars", 5}}); of two with one name the last stays.
  explicit Record(std::initializer_list<Field> fields) : Record() {
    for (const Field& field : fields) (*fields_)[field.name] = field.value;
  }
  Record(Json object, RecordId id)
      : fields_(std::make_shared<Json>(std::move(object))), id_(std::move(id)) {}

  Record(Record&&) = default;
  Record& operator=(Record&&) = default;
  // A copy is deep: an operator that makes several records from one edits them apart.
  Record(const Record& other) : Record(*other.fields_, other.id_) {}
  Record& operator=(const Record& other) {
    if (this != &other) *this = Record(other);
    return *this;
  }

  const RecordId& id() const { return id_; }
  const Json& fields() const { return *fields_; }
  // How often `rare-engine retry` asked anew for this record at the node that has it now: 0 in an
  // ordinary run. Belongs into what identifies a request (ChatRequest::round).
  int round() const { return round_; }
  bool has(const std::string& field) const { return fields_->contains(field); }

  // The field's value for reading, or nullptr when the record has no such field.
  const Json* find(const std::string& field) const {
    const auto at = fields_->find(field);
    return at == fields_->end() ? nullptr : &*at;
  }

  // Access for writing; makes the field (null) when it is not there.
  Json& operator[](const std::string& field) { return mutable_fields()[field]; }
  void erase(const std::string& field) { mutable_fields().erase(field); }
  Json& mutable_fields() {
    if (shared_) {
      fields_ = std::make_shared<Json>(*fields_);
      shared_ = false;
    }
    return *fields_;
  }

  // For the engine: another record over the same fields, which both sides copy before they write.
  Record share() {
    Record other(*this, SharedTag());
    shared_ = other.shared_ = true;
    return other;
  }
  void set_id(RecordId id) { id_ = std::move(id); }
  // For sources: see RecordId::label().
  void set_label(std::string_view label) { id_.set_label(label); }
  void set_round(int round) { round_ = round; }

 private:
  struct SharedTag {};
  Record(const Record& other, SharedTag) : fields_(other.fields_), id_(other.id_) {}

  std::shared_ptr<Json> fields_;
  bool shared_ = false;
  int round_ = 0;
  RecordId id_;
};

}  // namespace rare
