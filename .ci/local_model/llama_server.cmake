# Read by llama.cpp's build right after its project() call: the server is there in half the time and
# generates as fast. What computes (ggml and the sampler) keeps -O3. What builds graphs and parses
# templates and schemas is built at -O1, what takes and gives HTTP or reads images (which nobody sends)
# at -O0, and several sources as one where they can stand together.
function(rare_build_what_does_not_compute_quickly)
  foreach(target llama llama-common server-context)
    target_compile_options(${target} PRIVATE -O1 -w)
  endforeach()
  foreach(target mtmd llama-server-impl cpp-httplib)
    target_compile_options(${target} PRIVATE -O0 -w)
  endforeach()
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/llama-sampler.cpp" TARGET_DIRECTORY llama
                              PROPERTIES COMPILE_OPTIONS -O3)
  set_target_properties(llama-common server-context llama-server-impl mtmd PROPERTIES
                        UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  file(GLOB helpers "${PROJECT_SOURCE_DIR}/tools/mtmd/mtmd-helper*.cpp")
  set_source_files_properties(${helpers} TARGET_DIRECTORY mtmd
                              PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()
cmake_language(DEFER CALL rare_build_what_does_not_compute_quickly)
