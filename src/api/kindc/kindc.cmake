# kindc compiles the data of the built-in kinds (kinds/) into constants of the api layer.
file(GLOB kindc_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
list(FILTER kindc_sources EXCLUDE REGEX "_test\\.cpp$")
add_executable(kindc ${kindc_sources})
target_precompile_headers(kindc REUSE_FROM plinth_pch)
target_include_directories(kindc PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(kindc PRIVATE base)

set(kindc_parts 6) # source files that the types are spread over, so that each compiles in a few seconds
set(kindc_out ${CMAKE_BINARY_DIR}/generated/kinds)
file(MAKE_DIRECTORY ${kindc_out})
set(kindc_generated ${kindc_out}/builtin_names.cpp ${kindc_out}/builtin_kinds.cpp ${kindc_out}/builtin_wording.cpp)
math(EXPR kindc_last "${kindc_parts} - 1")
foreach(part RANGE ${kindc_last})
  list(APPEND kindc_generated ${kindc_out}/builtin_types_${part}.cpp)
endforeach()
file(GLOB_RECURSE kind_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/kinds/*.json ${CMAKE_SOURCE_DIR}/kinds/*.yaml)
add_custom_command(
  OUTPUT ${kindc_generated} ${kindc_out}/builtin_types.h
  COMMAND kindc ${CMAKE_SOURCE_DIR}/kinds ${kindc_out} ${kindc_parts}
  DEPENDS kindc ${kind_files}
  COMMENT "Compiling the built-in kinds"
  VERBATIM)
target_sources(api PRIVATE ${kindc_generated} ${kindc_out}/builtin_types.h)
target_include_directories(api PRIVATE ${kindc_out})

set(kindc_tested ${kindc_sources})
list(FILTER kindc_tested EXCLUDE REGEX "_main\\.cpp$")
add_executable(kindc_test ${CMAKE_CURRENT_LIST_DIR}/kindc_test.cpp ${kindc_tested} ${CMAKE_SOURCE_DIR}/cmake/doctest_main.cpp)
target_precompile_headers(kindc_test REUSE_FROM plinth_pch)
target_include_directories(kindc_test PRIVATE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(kindc_test PRIVATE base)
add_test(NAME kindc COMMAND kindc_test)
set_property(GLOBAL APPEND PROPERTY PLINTH_TESTS kindc_test)
