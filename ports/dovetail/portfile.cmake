set(VCPKG_BUILD_TYPE release) # header-only

# An overlay port: it builds the checkout that it lies in (vcpkg install dovetail --overlay-ports=ports).
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        sqlite DOVETAIL_WITH_SQLITE
        tls    DOVETAIL_WITH_TLS
)
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DDOVETAIL_BUILD_TESTS=OFF
        -DDOVETAIL_BUILD_EXAMPLES=OFF
        -DDOVETAIL_BUILD_BENCHMARKS=OFF
        -DDOVETAIL_INSTALL=ON
        -DDOVETAIL_INSTALL_CMAKEDIR=share/dovetail
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup()
vcpkg_fixup_pkgconfig()
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
