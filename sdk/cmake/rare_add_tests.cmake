# Tests of a plugin outside the engine's tree. Both need enable_testing().

# rare_add_plugin_test(NAME source...): a program over rare/testing, as a test that passes with exit code 0.
find_package(Threads REQUIRED)
function(rare_add_plugin_test NAME)
  add_executable(${NAME} ${ARGN})
  rare_use_sdk(${NAME})
  target_link_libraries(${NAME} PRIVATE Threads::Threads)
  add_test(NAME ${NAME} COMMAND ${NAME})
endfunction()

# rare_add_pipeline_test(NAME PIPELINE.yaml): runs the pipeline with the plugins of this build folder, as
# users do. What it writes lies in the build folder, as does what the run knows of itself.
function(rare_add_pipeline_test NAME PIPELINE)
  if(NOT EXISTS "${RareSdk_ENGINE}")
    message(FATAL_ERROR "${NAME} needs the engine, and ${RareSdk_ENGINE} is not there: install it beside the SDK")
  endif()
  add_test(NAME ${NAME}
    COMMAND "${RareSdk_ENGINE}" run "${CMAKE_CURRENT_SOURCE_DIR}/${PIPELINE}" --fresh --progress plain
            --plugin-path "${CMAKE_CURRENT_BINARY_DIR}"
    WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
endfunction()
