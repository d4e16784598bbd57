# Install rules: headers, one export set a component, a version file, a relocatable pkg-config file.
include(CMakePackageConfigHelpers)

install(TARGETS dovetail EXPORT dovetail_core_targets FILE_SET HEADERS)
install(EXPORT dovetail_core_targets NAMESPACE dovetail:: FILE dovetail-core-targets.cmake
        DESTINATION ${DOVETAIL_INSTALL_CMAKEDIR})
foreach(component sqlite tls)
  if(TARGET dovetail_${component})
    install(TARGETS dovetail_${component} EXPORT dovetail_${component}_targets)
    install(EXPORT dovetail_${component}_targets NAMESPACE dovetail:: FILE dovetail-${component}-targets.cmake
            DESTINATION ${DOVETAIL_INSTALL_CMAKEDIR})
  endif()
endforeach()

configure_package_config_file(cmake/dovetail-config.cmake.in dovetail-config.cmake
                              INSTALL_DESTINATION ${DOVETAIL_INSTALL_CMAKEDIR}
                              NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(dovetail-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/dovetail-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/dovetail-config-version.cmake" cmake/Findasio.cmake
        DESTINATION ${DOVETAIL_INSTALL_CMAKEDIR})

configure_file(cmake/dovetail.pc.in dovetail.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/dovetail.pc" DESTINATION share/pkgconfig)
