// The services that a component under test finds by the names its parameters give.
//
//   rare::testing::Services services;
//   services.add<rare::LanguageModel>("teacher", model);
//   auto op = rare::testing::make<Judge>({{"llm", "teacher"}}, services.resolver());
//
// Thread-safety: filled by one thread, then read by any. Ownership: whoever adds a service keeps it
// until the component is gone.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rare/param_spec.h"

namespace rare::testing {

class Services {
 public:
  // The interface is named, not deduced: of a service's class it would be another address.
  template <class Interface>
  Services& add(const std::string& name, std::type_identity_t<Interface>& service) {
    services_[{name, std::string(Interface::kInterface)}] = &service;
    return *this;
  }
  // Of the services added so far. Throws std::invalid_argument for one that was not.
  ServiceResolver resolver() const {
    return [services = services_](const std::string& name, std::string_view interface) {
      const auto at = services.find({name, std::string(interface)});
      if (at != services.end()) return at->second;
      throw std::invalid_argument("the test has no service '" + name + "' with the interface " +
                                  std::string(interface));
    };
  }

 private:
  std::map<std::pair<std::string, std::string>, void*> services_;
};

}  // namespace rare::testing
