# rare_add_plugin(NAME source...): a shared library that rare-engine can load.
#
# Hidden visibility and --exclude-libs keep a plugin's own copies of libraries to itself;
# -fno-gnu-unique keeps symbols of inline templates from being shared between plugins.
function(rare_add_plugin NAME)
  add_library(${NAME} MODULE ${ARGN})
  target_link_libraries(${NAME} PRIVATE RareSdk::sdk)
  if(TARGET rare_build_options)
    target_link_libraries(${NAME} PRIVATE rare_build_options)
  endif()
  set_target_properties(${NAME} PROPERTIES
    PREFIX "" CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${NAME} PRIVATE -fno-gnu-unique)
  endif()
  target_link_options(${NAME} PRIVATE -Wl,--exclude-libs,ALL)
  if(RARE_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${NAME} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${RARE_PLUGIN_OUTPUT_DIRECTORY})
    install(TARGETS ${NAME} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/rare/plugins)
  endif()
  if(RARE_PLUGIN_OUTPUT_DIRECTORY AND TARGET rare_plugins)
    add_dependencies(rare_plugins ${NAME})
  endif()
endfunction()
