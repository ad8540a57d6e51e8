# `cmake --install` and the Debian package (`cpack`): the stripped program, manual pages and completions that it writes itself, the unit.
include(GNUInstallDirs)

set(generated ${CMAKE_BINARY_DIR}/installed)
add_custom_command(
  OUTPUT ${generated}/plinth.bash
  COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
  COMMAND plinth manual ${generated}/man1
  COMMAND plinth completion bash > ${generated}/plinth.bash
  COMMAND plinth completion zsh > ${generated}/_plinth
  COMMAND plinth completion fish > ${generated}/plinth.fish
  DEPENDS plinth VERBATIM)
add_custom_target(installed_files DEPENDS ${generated}/plinth.bash)

install(CODE "execute_process(COMMAND \"${CMAKE_COMMAND}\" --build \"${CMAKE_BINARY_DIR}\" --target installed_files COMMAND_ERROR_IS_FATAL ANY)")
install(TARGETS plinth RUNTIME)
install(DIRECTORY ${generated}/man1 DESTINATION ${CMAKE_INSTALL_MANDIR})
install(FILES ${generated}/plinth.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME plinth)
install(FILES ${generated}/_plinth DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${generated}/plinth.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES packaging/plinth.service DESTINATION lib/systemd/system)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(DIRECTORY examples/compose examples/crd examples/volumes DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples FILES_MATCHING PATTERN "*.yaml")

set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME plinth)
set(CPACK_PACKAGE_CONTACT "Plinth <plinth@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "developer platform in one program, which speaks the Kubernetes API")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What `plinth up --node cri` needs; without it `--node sim` and `--node none` work.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "containerd, runc, containernetworking-plugins, nftables, iproute2, e2fsprogs, xfsprogs, mount, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/postinst;${CMAKE_SOURCE_DIR}/packaging/prerm;${CMAKE_SOURCE_DIR}/packaging/postrm")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
