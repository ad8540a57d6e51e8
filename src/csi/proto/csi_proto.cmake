# The wire messages, generated at build into a target of their own. Its headers are heavy: only .cpp files include them.
find_program(PROTOC protoc REQUIRED)
set(csi_proto_dir ${CMAKE_BINARY_DIR}/csi_proto)
set(csi_proto_sources)
foreach(name csi registration)
  add_custom_command(
    OUTPUT ${csi_proto_dir}/${name}.pb.cc ${csi_proto_dir}/${name}.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${csi_proto_dir}
    COMMAND ${PROTOC} --proto_path=${CMAKE_CURRENT_SOURCE_DIR}/csi/proto --cpp_out=${csi_proto_dir}
            ${CMAKE_CURRENT_SOURCE_DIR}/csi/proto/${name}.proto
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/csi/proto/${name}.proto VERBATIM)
  list(APPEND csi_proto_sources ${csi_proto_dir}/${name}.pb.cc)
endforeach()
add_library(csi_proto STATIC ${csi_proto_sources})
target_compile_options(csi_proto PRIVATE -O1 -w)
target_include_directories(csi_proto SYSTEM PUBLIC ${csi_proto_dir})
target_link_libraries(csi_proto PUBLIC protobuf)
