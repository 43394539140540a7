# What `cmake --install` leaves: the server and its files, and for C++ programs find_package(Conclave) and pkg-config.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# conclave_install_server()
# The component `server`. Samples go to share/: an operator's own files in /etc are never written over.
function(conclave_install_server)
    install(TARGETS conclaved RUNTIME COMPONENT server)
    install(FILES
        ${CMAKE_SOURCE_DIR}/conf/conclave.cfg
        ${CMAKE_SOURCE_DIR}/conf/grafana-dashboard.json
        ${CMAKE_SOURCE_DIR}/conf/prometheus-alerts.yml
        DESTINATION ${CMAKE_INSTALL_DATADIR}/conclave COMPONENT server)
    install(FILES ${CMAKE_SOURCE_DIR}/conf/conclave.service DESTINATION lib/systemd/system COMPONENT server)
endfunction()

# conclave_install_package()
# Called once all targets are known.
function(conclave_install_package)
    set_target_properties(conclave-common PROPERTIES EXPORT_NAME common)
    set_target_properties(conclave-asio PROPERTIES EXPORT_NAME asio)
    set_target_properties(conclave-asio-ssl PROPERTIES EXPORT_NAME asio-ssl)
    set_target_properties(conclave-client PROPERTIES EXPORT_NAME client)
    set_target_properties(conclave-client-recipes PROPERTIES EXPORT_NAME recipes)
    set_target_properties(conclave-testing PROPERTIES EXPORT_NAME testing)
    install(TARGETS conclave-common conclave-asio conclave-asio-ssl conclave-client conclave-client-recipes
        conclave-testing conclave-replica conclave-session conclave-tree conclave-zab
        EXPORT ConclaveTargets
        ARCHIVE COMPONENT client
        FILE_SET HEADERS COMPONENT client)
    set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Conclave)
    install(EXPORT ConclaveTargets NAMESPACE Conclave:: DESTINATION ${package_dir} COMPONENT client)

    configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/ConclaveConfig.cmake.in
        ${CMAKE_BINARY_DIR}/package/ConclaveConfig.cmake INSTALL_DESTINATION ${package_dir})
    write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/ConclaveConfigVersion.cmake
        COMPATIBILITY SameMinorVersion)
    install(FILES
        ${CMAKE_BINARY_DIR}/package/ConclaveConfig.cmake
        ${CMAKE_BINARY_DIR}/package/ConclaveConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT client)

    # From where the file is, not from the prefix of now: `cmake --install` may be given another one.
    file(RELATIVE_PATH CONCLAVE_PREFIX_FROM_PKGCONFIG ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
    string(REGEX REPLACE "/$" "" CONCLAVE_PREFIX_FROM_PKGCONFIG ${CONCLAVE_PREFIX_FROM_PKGCONFIG})
    file(RELATIVE_PATH CONCLAVE_LIBDIR_FROM_PREFIX ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
    file(RELATIVE_PATH CONCLAVE_INCLUDEDIR_FROM_PREFIX ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
    configure_file(${CMAKE_SOURCE_DIR}/cmake/conclave-client.pc.in ${CMAKE_BINARY_DIR}/package/conclave-client.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/package/conclave-client.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT client)
endfunction()
