// Values on their way to libjq and back.
//
// jq 1.6 keeps every number as a double, so an integer beyond 2^53 may be another one in there. A
// number that comes back where the record had one that jq cannot tell from it is the record's own,
// digit for digit; such a number anywhere else is refused, because nobody could tell which integer
// was meant.
// Thread-safety: one thread at a time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/status.h"

extern "C" {
#include <jq.h>
#include <jv.h>
}

namespace rare::basic {

// Owns one reference to a jq value.
class JqValue {
 public:
  explicit JqValue(jv value) : value_(value) {}
  JqValue(JqValue&& other) noexcept : value_(std::exchange(other.value_, jv_null())) {}
  JqValue& operator=(JqValue&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~JqValue() { jv_free(value_); }

  jv get() const { return value_; }            // borrowed
  jv copy() const { return jv_copy(value_); }  // a reference more, for functions that take one
  jv_kind kind() const { return jv_get_kind(value_); }
  bool is_truthy() const { return kind() != JV_KIND_FALSE && kind() != JV_KIND_NULL; }

 private:
  jv value_;
};

// A record's fields as the input of programs. REQUIRES: the fields outlive it, unchanged.
class JqInput {
 public:
  explicit JqInput(const Json& fields);

  jv copy() const { return value_.copy(); }
  // An output of a program that ran over this input.
  Result<Json> to_json(const JqValue& output) const;

 private:
  jv convert(const Json& value);
  jv convert_number(const Json& value);
  Result<Json> to_json(jv value, const Json* same_place) const;
  Result<Json> number_to_json(double number, const Json* same_place) const;

  const Json& fields_;
  std::vector<double> inexact_;  // what integers that no double holds became
  JqValue value_;
};

// The text of a value in messages: a text as it is, anything else as JSON.
std::string shown(const JqValue& value);

}  // namespace rare::basic
