# A layer is a static library that can include only what it may depend on: its headers are reachable through a folder made for
# it alone (build/include/<layer>/<layer> -> src/<layer>), which is granted to the targets that link it.

add_library(plinth_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(plinth_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <functional> <map> <memory> <mutex> <optional> <set> <span> <string>
  <string_view> <unordered_map> <utility> <vector> <fmt/core.h>)

find_package(fmt REQUIRED)
target_link_libraries(plinth_pch PUBLIC fmt::fmt)

# plinth_layer(NAME [DIR dir] [DEPS layer...] [LIBS library...] [EXCLUDE folder...])
# Sources: every .cpp of the folder (recursively) but *_test.cpp, which become <NAME>_test. LIBS stay private. EXCLUDE names
# folders below it that hold other targets.
function(plinth_layer NAME)
  cmake_parse_arguments(ARG "" "DIR" "DEPS;LIBS;TEST_DEPS;EXCLUDE" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR ${CMAKE_SOURCE_DIR}/src/${NAME})
  endif()
  set(include_root ${CMAKE_BINARY_DIR}/include/${NAME})
  get_filename_component(link_name ${ARG_DIR} NAME)
  file(MAKE_DIRECTORY ${include_root})
  if(NOT EXISTS ${include_root}/${link_name})
    file(CREATE_LINK ${ARG_DIR} ${include_root}/${link_name} SYMBOLIC)
  endif()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${ARG_DIR}/*.cpp)
  foreach(folder ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "^${ARG_DIR}/${folder}/")
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|_main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  if(sources)
    add_library(${NAME} STATIC ${sources})
    target_precompile_headers(${NAME} REUSE_FROM plinth_pch)
    target_include_directories(${NAME} PUBLIC ${include_root})
    target_link_libraries(${NAME} PUBLIC ${ARG_DEPS} fmt::fmt PRIVATE ${ARG_LIBS})
  else()
    add_library(${NAME} INTERFACE)
    target_include_directories(${NAME} INTERFACE ${include_root})
    target_link_libraries(${NAME} INTERFACE ${ARG_DEPS})
  endif()
  if(tests)
    add_executable(${NAME}_test ${tests} ${CMAKE_SOURCE_DIR}/cmake/doctest_main.cpp)
    target_precompile_headers(${NAME}_test REUSE_FROM plinth_pch)
    target_link_libraries(${NAME}_test PRIVATE ${NAME} ${ARG_TEST_DEPS} ${ARG_LIBS})
    add_test(NAME ${NAME} COMMAND ${NAME}_test)
    set_property(GLOBAL APPEND PROPERTY PLINTH_TESTS ${NAME}_test)
  endif()
endfunction()
