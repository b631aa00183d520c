// What a plugin file offers to the engine: a descriptor that is read from the file before anything
// of it is loaded, and one function that registers its components.
//
//   RARE_PLUGIN("shout", "1.0.0") { registrar.add<Shout>(); }
//
// Exactly once per shared library, at global scope. No static initialiser may register anything.
//
// Lifecycle: the function is called once, before anything of the plugin is made; a plugin that was
// loaded stays so until the process ends. Thread-safety: it has one thread at a time. Ownership:
// the engine owns what is registered, and every component that is made of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "rare/operator.h"
#include "rare/service.h"
#include "rare/sink.h"
#include "rare/source.h"
#include "rare/spec.h"

#define RARE_SDK_VERSION_MAJOR 1
#define RARE_SDK_VERSION_MINOR 4

namespace rare {

enum class ComponentKind { operator_, async_operator, source, sink, service };

// Makes an instance with its parameters set. `values` holds every parameter of the spec, checked.
template <class Base>
using Factory =
    std::function<std::unique_ptr<Base>(const Json& values, const ServiceResolver& services)>;

struct Component {
  Spec spec;
  ComponentKind kind;
  Factory<Operator> make_operator;
  Factory<AsyncOperator> make_async_operator;
  Factory<Source> make_source;
  Factory<Sink> make_sink;
  Factory<Service> make_service;
};

class Registrar {
 public:
  virtual ~Registrar() = default;
  virtual void add_component(Component component) = 0;

  // T has `static Spec spec()`, a default constructor, and one of the five bases.
  template <class T>
  void add() {
    Component component{T::spec(), ComponentKind::operator_, {}, {}, {}, {}, {}};
    if constexpr (std::is_base_of_v<Operator, T>) {
      component.make_operator = factory<Operator, T>(component.spec);
    } else if constexpr (std::is_base_of_v<AsyncOperator, T>) {
      component.kind = ComponentKind::async_operator;
      component.make_async_operator = factory<AsyncOperator, T>(component.spec);
    } else if constexpr (std::is_base_of_v<Source, T>) {
      component.kind = ComponentKind::source;
      component.make_source = factory<Source, T>(component.spec);
    } else if constexpr (std::is_base_of_v<Sink, T>) {
      component.kind = ComponentKind::sink;
      component.make_sink = factory<Sink, T>(component.spec);
    } else {
      static_assert(std::is_base_of_v<Service, T>, "not a component");
      component.kind = ComponentKind::service;
      component.make_service = factory<Service, T>(component.spec);
    }
    add_component(std::move(component));
  }

 private:
  template <class Base, class T>
  static Factory<Base> factory(const Spec& spec) {
    return [spec](const Json& values, const ServiceResolver& services) -> std::unique_ptr<Base> {
      auto component = std::make_unique<T>();
      for (const ParamSpec& param : spec.params()) {
        param.apply(component.get(), values.at(param.name), services);
      }
      return component;
    };
  }
};

// The descriptor: plain bytes, no pointers, in a section of its own. Only what really breaks is
// compared: not the compiler's brand, not NDEBUG.
struct PluginDescriptor {
  char magic[8];
  std::uint32_t struct_size;
  std::uint32_t sdk_major;
  std::uint32_t sdk_minor;
  std::uint32_t pointer_bytes;
  std::uint32_t json_flags;
  char cxx_abi[32];
  char json_version[16];
  char plugin_name[64];
  char plugin_version[32];
};

inline constexpr char kPluginSection[] = ".rare_plugin";
inline constexpr char kPluginMagic[8] = {'R', 'A', 'R', 'E', 'P', 'L', 'G', '1'};
inline constexpr char kRegisterSymbol[] = "rare_plugin_register";

namespace detail {
#define RARE_TEXT_OF(x) RARE_TEXT_OF_(x)
#define RARE_TEXT_OF_(x) #x
#if defined(_LIBCPP_VERSION)
#define RARE_CXX_ABI "libc++ " RARE_TEXT_OF(_LIBCPP_ABI_VERSION)
#elif defined(_GLIBCXX_DEBUG)
#define RARE_CXX_ABI "libstdc++ debug mode"
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define RARE_CXX_ABI "libstdc++ pre-C++11 strings"
#else
#define RARE_CXX_ABI "libstdc++ C++11 strings"
#endif
#define RARE_JSON_VERSION                   \
  RARE_TEXT_OF(NLOHMANN_JSON_VERSION_MAJOR) \
  "." RARE_TEXT_OF(NLOHMANN_JSON_VERSION_MINOR) "." RARE_TEXT_OF(NLOHMANN_JSON_VERSION_PATCH)

constexpr std::uint32_t json_flags() {
  std::uint32_t flags = 0;
#if defined(JSON_DIAGNOSTICS) && JSON_DIAGNOSTICS
  flags |= 1;
#endif
  return flags;
}

template <std::size_t N, std::size_t M>
constexpr void copy_text(char (&to)[N], const char (&from)[M]) {
  static_assert(M <= N, "this text does not fit into the plugin descriptor");
  for (std::size_t i = 0; i < M; ++i) to[i] = from[i];
}
}  // namespace detail

template <std::size_t N, std::size_t M>
constexpr PluginDescriptor make_plugin_descriptor(const char (&name)[N], const char (&version)[M]) {
  PluginDescriptor d{};
  for (std::size_t i = 0; i < sizeof(d.magic); ++i) d.magic[i] = kPluginMagic[i];
  d.struct_size = sizeof(PluginDescriptor);
  d.sdk_major = RARE_SDK_VERSION_MAJOR;
  d.sdk_minor = RARE_SDK_VERSION_MINOR;
  d.pointer_bytes = sizeof(void*);
  d.json_flags = detail::json_flags();
  detail::copy_text(d.cxx_abi, RARE_CXX_ABI);
  detail::copy_text(d.json_version, RARE_JSON_VERSION);
  detail::copy_text(d.plugin_name, name);
  detail::copy_text(d.plugin_version, version);
  return d;
}

}  // namespace rare

#define RARE_PLUGIN(NAME, VERSION)                                                              \
  extern "C" __attribute__((                                                                    \
      section(".rare_plugin"), used,                                                            \
      visibility("default"))) constinit const ::rare::PluginDescriptor rare_plugin_descriptor = \
      ::rare::make_plugin_descriptor(NAME, VERSION);                                            \
  extern "C" __attribute__((visibility("default"))) void rare_plugin_register(                  \
      ::rare::Registrar& registrar)
