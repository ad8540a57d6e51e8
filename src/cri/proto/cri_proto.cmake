# The wire messages, generated at build into a target of their own. Its headers are heavy: only .cpp files of cri include them.
find_program(PROTOC protoc REQUIRED)
set(cri_proto_dir ${CMAKE_BINARY_DIR}/cri_proto)
set(cri_proto_sources)
foreach(name runtime events)
  add_custom_command(
    OUTPUT ${cri_proto_dir}/${name}.pb.cc ${cri_proto_dir}/${name}.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${cri_proto_dir}
    COMMAND ${PROTOC} --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/cri/proto --cpp_out=${cri_proto_dir}
            ${CMAKE_CURRENT_SOURCE_DIR}/cri/proto/${name}.proto
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cri/proto/${name}.proto VERBATIM)
  list(APPEND cri_proto_sources ${cri_proto_dir}/${name}.pb.cc)
endforeach()
add_library(cri_proto STATIC ${cri_proto_sources})
target_compile_options(cri_proto PRIVATE -O1 -w)
target_include_directories(cri_proto SYSTEM PUBLIC ${cri_proto_dir})
target_link_libraries(cri_proto PUBLIC protobuf)
