# Around a plugin outside the engine's tree: its tests, and what editors check its pipelines by.
find_package(Threads REQUIRED)

function(rare_need_engine NAME)
  if(NOT EXISTS "${RareSdk_ENGINE}")
    message(FATAL_ERROR "${NAME} needs the engine, and ${RareSdk_ENGINE} is not there: install it beside the SDK")
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
  rare_need_engine(${NAME})
  add_test(NAME ${NAME}
    COMMAND "${RareSdk_ENGINE}" run "${PIPELINE}" --fresh --progress plain
            --plugin-path "${CMAKE_CURRENT_BINARY_DIR}"
            --state-dir "${CMAKE_CURRENT_BINARY_DIR}/${NAME}.state"
            --cache "${CMAKE_CURRENT_BINARY_DIR}/${NAME}.replies.db"
    WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()

# rare_write_schema(PLUGIN): each build of the plugin writes pipeline.schema.json into the build folder, the
# JSON Schema of pipelines with it and all that is installed. The engine loads the plugin for it, so one
# that it refuses is told at once.
function(rare_write_schema PLUGIN)
  rare_need_engine(rare_write_schema)
  add_custom_command(TARGET ${PLUGIN} POST_BUILD
    COMMAND "${RareSdk_ENGINE}" schema --plugin-path "$<TARGET_FILE_DIR:${PLUGIN}>"
            > "${CMAKE_CURRENT_BINARY_DIR}/pipeline.schema.json"
    COMMENT "Writing pipeline.schema.json" VERBATIM)
endfunction()
