# The program's allocator. Requests allocate in pieces of a few KB, which glibc's malloc serves from shared, locked lists; with jemalloc a
# create takes a fifth less processor time and less memory stays resident (docs/spikes/allocator.md). Libraries and tests do not care.
option(PLINTH_JEMALLOC "link jemalloc into the program" ON)

add_library(plinth_allocator INTERFACE)
if(PLINTH_JEMALLOC AND NOT PLINTH_SANITIZE AND NOT PLINTH_FUZZ)
  find_library(JEMALLOC_LIBRARY NAMES libjemalloc_pic.a jemalloc)
  if(JEMALLOC_LIBRARY)
    target_link_libraries(plinth_allocator INTERFACE ${JEMALLOC_LIBRARY} dl pthread m)
    target_compile_definitions(plinth_allocator INTERFACE PLINTH_HAS_JEMALLOC)
  endif()
endif()
