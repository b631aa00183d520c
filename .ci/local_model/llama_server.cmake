# Read by llama.cpp's build right after its project() call. What computes (ggml, llama) keeps -O3; the
# rest, three quarters of the compile time, parses options, templates and HTTP, and is built at -O1:
# the server is there in a little more than half the time and generates as fast.
function(rare_compile_the_rest_quickly)
  foreach(target llama-common mtmd server-context llama-server-impl cpp-httplib)
    if(TARGET ${target})
      target_compile_options(${target} PRIVATE -O1 -w)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL rare_compile_the_rest_quickly)
