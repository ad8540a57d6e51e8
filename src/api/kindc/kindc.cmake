# kindc compiles the data of the built-in kinds (kinds/) into constants of the api layer.
file(GLOB kindc_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
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
