# Around a plugin outside the engine's tree: its tests, and what editors check its pipelines by.
find_package(Threads REQUIRED)

function(rare_need_engine NAME)
  if(NOT EXISTS "${RareSdk_ENGINE}")
    message(FATAL_ERROR "${NAME} needs the engine, and ${RareSdk_ENGINE} is not there: install it beside the SDK")
  endif()
endfunction()

# rare_has_sanitizer(RESULT): whether what is built here has one. The engine, which is built without, cannot
# load such a plugin: the sanitizer has to be in the process from its start.
function(rare_has_sanitizer RESULT)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" TYPE)
  get_property(OPTIONS DIRECTORY PROPERTY COMPILE_OPTIONS)
  if("${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${TYPE}} ${OPTIONS}" MATCHES "-fsanitize=")
    set(${RESULT} ON PARENT_SCOPE)
  else()
    set(${RESULT} OFF PARENT_SCOPE)
  endif()
endfunction()

# rare_add_plugin_test(NAME source...): a program over rare/testing; the test passes when it ends with 0.
function(rare_add_plugin_test NAME)
  add_executable(${NAME} ${ARGN})
  rare_use_sdk(${NAME})
  target_link_libraries(${NAME} PRIVATE Threads::Threads)
  add_test(NAME ${NAME} COMMAND ${NAME})
endfunction()

# rare_add_pipeline_test(NAME PIPELINE.yaml): runs the pipeline from this folder with the plugins of the
# build folder, as users do. What the run knows of itself lies in the build folder.
function(rare_add_pipeline_test NAME PIPELINE)
  rare_has_sanitizer(HAS_SANITIZER)
  if(HAS_SANITIZER)
    message(STATUS "The test ${NAME} is left out: the engine cannot load a plugin with a sanitizer")
    return()
  endif()
  rare_need_engine(${NAME})
  add_test(NAME ${NAME}
    COMMAND "${RareSdk_ENGINE}" run "${PIPELINE}" --fresh --progress plain
            --plugin-path "${CMAKE_CURRENT_BINARY_DIR}"
            --state-dir "${CMAKE_CURRENT_BINARY_DIR}/${NAME}.state"
            --cache "${CMAKE_CURRENT_BINARY_DIR}/${NAME}.replies.db"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

# rare_write_schema(PLUGIN): a build writes pipeline.schema.json into the build folder, the JSON Schema of
# pipelines with the plugins of the folder and all that is installed. The engine loads the plugins for it:
# when it refuses one the build fails, and the schema of before stays. Called for several plugins of one
# folder it is written once, after the last of them.
function(rare_write_schema PLUGIN)
  rare_has_sanitizer(HAS_SANITIZER)
  if(HAS_SANITIZER)
    message(STATUS "No pipeline.schema.json is written: the engine cannot load a plugin with a sanitizer")
    return()
  endif()
  rare_need_engine(rare_write_schema)
  set(SCHEMA "${CMAKE_CURRENT_BINARY_DIR}/pipeline.schema.json")
  get_property(IS_WRITTEN DIRECTORY PROPERTY RARE_WRITES_SCHEMA)
  if(IS_WRITTEN)
    add_custom_command(OUTPUT "${SCHEMA}" APPEND DEPENDS ${PLUGIN})
    return()
  endif()
  set_property(DIRECTORY PROPERTY RARE_WRITES_SCHEMA ON)
  add_custom_command(OUTPUT "${SCHEMA}"
    COMMAND "${RareSdk_ENGINE}" schema --plugin-path "$<TARGET_FILE_DIR:${PLUGIN}>" > "${SCHEMA}.new"
    COMMAND "${CMAKE_COMMAND}" -E rename "${SCHEMA}.new" "${SCHEMA}"
    DEPENDS ${PLUGIN} "${RareSdk_ENGINE}" COMMENT "Writing pipeline.schema.json" VERBATIM)
  add_custom_target(${PLUGIN}_schema ALL DEPENDS "${SCHEMA}")
endfunction()
