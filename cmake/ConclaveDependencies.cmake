# Third-party libraries, all of them Debian packages (scripts/install-dependencies.sh installs them).

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED)

function(conclave_find_library target header library)
    find_path(${target}_INCLUDE_DIR ${header} REQUIRED)
    find_library(${target}_LIBRARY ${library} REQUIRED)
    add_library(${target} INTERFACE IMPORTED)
    target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE_DIR})
    target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
endfunction()

conclave_find_library(LMDB lmdb.h lmdb)
conclave_find_library(XXHASH xxhash.h xxhash)
