// Spec: a component's one declaration. From it come parsing, validation, nearest-name help, the
// `operators` verb, the JSON Schema for editors and the reference pages. It is available without an
// instance.
//
//   static rare::Spec spec() {
//     return rare::Spec("shout.upper").summary("Upper-cases a text field.")
//         .param(&Shout::field_, "field", "text", "Field to upper-case.").reads_param("field");
//   }
//
// A member's type gives the parameter's type: std::string, bool, integers, floating point,
// std::vector<std::string>, rare::Json (any YAML value), std::optional of one of them. Modifiers
// (range, choices, unit, ...) apply to the parameter named last.
//
// Thread-safety: built once, then only read. Ownership: values.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/param_spec.h"
#include "rare/status.h"

namespace rare {

class Spec {
 public:
  explicit Spec(std::string component_name) : name_(std::move(component_name)) {}

  Spec& summary(std::string line) { return summary_ = std::move(line), *this; }
  Spec& description(std::string text) { return description_ = std::move(text), *this; }
  // Part of what decides a result: raise it when the component's results change.
  Spec& version(int number) { return version_ = number, *this; }

  template <class T, class M, class D>
  Spec& param(M T::*member, std::string name, D default_value, std::string doc) {
    ParamSpec& p = add_param(member, std::move(name), std::move(doc));
    if constexpr (!std::is_same_v<D, std::nullopt_t>) p.default_value = Json(default_value);
    return *this;
  }
  template <class T, class M>
  Spec& required_param(M T::*member, std::string name, std::string doc) {
    add_param(member, std::move(name), std::move(doc)).required = true;
    return *this;
  }
  // A service of this pipeline by its name, as a pointer to the interface. Set before open().
  template <class T, class Interface>
  Spec& service(Interface* T::*member, std::string name, std::string doc) {
    ParamSpec p;
    p.name = std::move(name);
    p.type = ParamType::service;
    p.doc = std::move(doc);
    p.required = true;
    p.affects_result = false;
    p.interface = std::string(Interface::kInterface);
    p.apply = [member](void* self, const Json& value, const ServiceResolver& resolve) {
      if (resolve) {
        static_cast<T*>(self)->*member =
            static_cast<Interface*>(resolve(value.get<std::string>(), Interface::kInterface));
      }
    };
    params_.push_back(std::move(p));
    return *this;
  }
  // A node of this pipeline by its name (services that read records: ServiceContext::records_of).
  template <class T>
  Spec& node(std::string T::*member, std::string name, std::string doc) {
    add_param(member, std::move(name), std::move(doc)).type = ParamType::node;
    return *this;
  }

  // Modifiers of the parameter named last.
  Spec& range(double low, double high) {
    last().maximum = std::min(high, last().maximum.value_or(high));
    return at_least(low);
  }
  Spec& at_least(double low) {
    return last().minimum = std::max(low, last().minimum.value_or(low)), *this;
  }
  Spec& choices(std::vector<std::string> values) {
    return last().choices = std::move(values), *this;
  }
  Spec& unit(std::string name) { return last().unit = std::move(name), *this; }
  Spec& secret() { return last().secret = true, last().affects_result = false, *this; }
  // The value does not change what comes out: another value goes on with the same run.
  Spec& no_effect_on_result() { return last().affects_result = false, *this; }
  Spec& input_path() { return last().role = TextRole::input_path, *this; }
  Spec& output_path() { return last().role = TextRole::output_path, *this; }
  Spec& text_or_file() { return last().role = TextRole::text_or_file, *this; }
  Spec& file_or_name() { return last().role = TextRole::file_or_name, *this; }
  // A file_or_name whose file decides the result by its contents, too: with other ones in it, no
  // start goes on with the same run.
  Spec& contents_count() { return last().contents_count = true, *this; }
  Spec& or_single() { return last().text_or_list = true, *this; }

  // Fields of a record that the component needs or makes: by name, or by the parameter that names
  // them. The plan refuses a field that no node above can have written.
  Spec& reads(std::string field) { return reads_.push_back({std::move(field), false}), *this; }
  Spec& reads_param(std::string param) { return reads_.push_back({std::move(param), true}), *this; }
  Spec& writes(std::string field) { return writes_.push_back({std::move(field), false}), *this; }
  Spec& writes_param(std::string param) {
    return writes_.push_back({std::move(param), true}), *this;
  }
  // Fields that several parameters decide together, or that stand inside one's value (the
  // properties of a schema). `fields` gets every parameter's value, as the plan has it, and must
  // not throw.
  Spec& writes_given(std::function<std::vector<std::string>(const Json& values)> fields) {
    return writes_given_ = std::move(fields), *this;
  }
  // A named output. Without any there is one port, "out".
  Spec& port(std::string name) { return ports_.push_back(std::move(name)), *this; }
  // Outputs that the pipeline names: the keys of this parameter (ParamType::json), which is a map
  // or a list of maps. They come before the ports named by port(), in the list's order or by name.
  Spec& ports_param(std::string param) { return ports_param_ = std::move(param), *this; }
  // Gives its records fields that the spec cannot name (a program, a renaming), or takes some away:
  // the plan then judges no field across this component.
  Spec& reshapes() { return reshapes_ = true, *this; }
  // A sink that writes what `save:` on a node asks for; this parameter, an output_path, is the
  // file. (Of several such sinks that are installed, the first by name.)
  Spec& saves(std::string path_param) { return saves_param_ = std::move(path_param), *this; }
  // Something that an operator counts (Output::count()) and users should know of. `doc` goes on
  // after a number: "records with fewer negatives than asked".
  Spec& counter(std::string name, std::string doc) {
    return counters_.push_back({std::move(name), std::move(doc)}), *this;
  }
  // A source whose input may grow between the starts of a run where this parameter (a boolean) is
  // true: see Source::follow().
  Spec& grows_by(std::string param) { return grows_param_ = std::move(param), *this; }
  // A whole-set operator: see operator.h.
  Spec& gather() { return gather_ = true, *this; }
  // The output is not a function of the record alone (a remote call that is no LanguageModel). The
  // engine keeps what an operator gave out, on disk, before it goes on; where a run goes on after
  // an interruption or is retried, a record that has passed is not given to the operator again. Not
  // so for a source, a sink or a whole-set operator. Better an AsyncOperator: an Operator holds its
  // thread until the disk has it.
  Spec& nondeterministic() { return nondeterministic_ = true, *this; }
  // The same, but for nodes where this parameter (a boolean) is true.
  Spec& nondeterministic_unless(std::string param) {
    return nondeterministic_ = true, deterministic_param_ = std::move(param), *this;
  }

  struct Field {
    std::string name;
    bool by_param;  // `name` is a parameter whose value is the field's name
  };
  struct Counter {
    std::string name, doc;
  };
  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::string& description() const { return description_; }
  int version() const { return version_; }
  const std::vector<ParamSpec>& params() const { return params_; }
  const std::vector<Field>& reads() const { return reads_; }
  const std::vector<Field>& writes() const { return writes_; }
  // What writes() cannot name before the parameters are known; nothing unless declared.
  std::vector<std::string> written_given(const Json& values) const {
    return writes_given_ ? writes_given_(values) : std::vector<std::string>();
  }
  const std::vector<std::string>& ports() const { return ports_; }
  const std::string& ports_param() const { return ports_param_; }  // empty: none
  const std::string& saves_param() const { return saves_param_; }  // empty: it does not
  const std::vector<Counter>& counters() const { return counters_; }
  const std::string& grows_param() const { return grows_param_; }  // empty: it does not grow
  bool is_reshaping() const { return reshapes_; }
  bool is_gather() const { return gather_; }
  bool is_nondeterministic() const { return nondeterministic_; }                   // of any node
  const std::string& deterministic_param() const { return deterministic_param_; }  // empty: none

 private:
  template <class T, class M>
  ParamSpec& add_param(M T::*member, std::string name, std::string doc) {
    ParamSpec p;
    p.name = std::move(name);
    p.type = detail::param_type<M>();
    p.doc = std::move(doc);
    detail::set_limits<M>(p);
    p.apply = [member](void* self, const Json& value, const ServiceResolver&) {
      detail::assign(static_cast<T*>(self)->*member, value);
    };
    params_.push_back(std::move(p));
    return params_.back();
  }
  ParamSpec& last() { return params_.back(); }

  std::string name_, summary_, description_, ports_param_, saves_param_, grows_param_,
      deterministic_param_;
  int version_ = 1;
  std::vector<ParamSpec> params_;
  std::vector<Field> reads_, writes_;
  std::function<std::vector<std::string>(const Json&)> writes_given_;
  std::vector<std::string> ports_;
  std::vector<Counter> counters_;
  bool gather_ = false, nondeterministic_ = false, reshapes_ = false;
};

}  // namespace rare
