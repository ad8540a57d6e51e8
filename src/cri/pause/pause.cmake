# The process of a pod's sandbox: a static program of its own, carried inside of plinth as bytes.
set(pause_binary ${CMAKE_BINARY_DIR}/pause)
add_custom_command(
  OUTPUT ${pause_binary}
  COMMAND ${CMAKE_CXX_COMPILER} -x c -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -fno-pie
          -Wall -Wextra -Werror -Wl,--build-id=none -Wl,-z,norelro -s -o ${pause_binary} ${CMAKE_CURRENT_SOURCE_DIR}/cri/pause/pause.c
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cri/pause/pause.c VERBATIM)
set_source_files_properties(cri/pause/pause_image.cpp PROPERTIES OBJECT_DEPENDS ${pause_binary}
                            COMPILE_DEFINITIONS "PLINTH_PAUSE_BINARY=\"${pause_binary}\"")
