include(${CMAKE_CURRENT_LIST_DIR}/RareSdkTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/rare_add_plugin.cmake)
