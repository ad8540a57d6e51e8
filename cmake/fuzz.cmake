# Fuzzers of everything that parses outside bytes: libFuzzer targets in fuzz/, built with the preset fuzz only (clang).
#
# plinth_fuzzer(NAME DEPS layer...) builds fuzz/NAME_fuzz.cpp as NAME_fuzz. Files under fuzz/corpus/NAME are its seeds; old
# crashes are kept there, so that a plain run over the folder repeats them:  build/fuzz/NAME_fuzz fuzz/corpus/NAME -runs=0
if(PLINTH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(plinth_fuzzer NAME)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(${NAME}_fuzz ${CMAKE_SOURCE_DIR}/fuzz/${NAME}_fuzz.cpp)
  target_include_directories(${NAME}_fuzz PRIVATE ${CMAKE_SOURCE_DIR}/fuzz/..)
  target_link_libraries(${NAME}_fuzz PRIVATE ${ARG_DEPS} fmt::fmt)
  target_link_options(${NAME}_fuzz PRIVATE -fsanitize=fuzzer)
  if(EXISTS ${CMAKE_SOURCE_DIR}/fuzz/corpus/${NAME})
    add_test(NAME ${NAME}_fuzz COMMAND ${NAME}_fuzz -runs=0 ${CMAKE_SOURCE_DIR}/fuzz/corpus/${NAME})
  endif()
endfunction()
