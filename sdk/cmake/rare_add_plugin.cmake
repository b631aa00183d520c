# rare_add_plugin(NAME source...): a shared library that rare-engine can load. `cmake --install` puts it
# where an engine in that prefix finds it: in the folder that the SDK's own engine has, whatever the libdir
# of the plugin's project would be.
#
# Hidden visibility and --exclude-libs keep a plugin's own copies of libraries to itself;
# -fno-gnu-unique keeps symbols of inline templates from being shared between plugins.
include(GNUInstallDirs)

# rare_use_sdk(NAME): compiles NAME with the SDK's headers, and the JSON headers that stand beside them,
# before all others: another version of these would give records another layout.
function(rare_use_sdk NAME)
  target_link_libraries(${NAME} PRIVATE RareSdk::sdk)
  target_include_directories(${NAME} BEFORE PRIVATE
    $<TARGET_PROPERTY:RareSdk::sdk,INTERFACE_INCLUDE_DIRECTORIES>)
endfunction()

function(rare_add_plugin NAME)
  add_library(${NAME} MODULE ${ARGN})
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${NAME} PRIVATE -fno-gnu-unique)
  endif()
  target_link_options(${NAME} PRIVATE -Wl,--exclude-libs,ALL)
  set(IS_INSTALLED ON)
  set(PLUGINS "${RareSdk_PLUGINS}")
  if(TARGET rare_build_options)  # the tree of the engine itself
    set(PLUGINS ${CMAKE_INSTALL_LIBDIR}/rare/plugins)
    target_link_libraries(${NAME} PRIVATE RareSdk::sdk rare_build_options)
    set(IS_INSTALLED ${RARE_PLUGIN_OUTPUT_DIRECTORY})
  else()
    rare_use_sdk(${NAME})
  endif()
  if(RARE_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${NAME} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${RARE_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  if(IS_INSTALLED)
    install(TARGETS ${NAME} LIBRARY DESTINATION "${PLUGINS}" COMPONENT engine)
  endif()
  if(RARE_PLUGIN_OUTPUT_DIRECTORY AND TARGET rare_plugins)
    add_dependencies(rare_plugins ${NAME})
  endif()
endfunction()
