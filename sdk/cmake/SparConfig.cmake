include(${CMAKE_CURRENT_LIST_DIR}/SparTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/SparPlugin.cmake)
