# Third-party libraries, all of them Debian packages (scripts/install-dependencies.sh installs them).

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
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
if(CONCLAVE_SHELL)
    find_package(CLI11 REQUIRED)
    conclave_find_library(LIBEDIT histedit.h edit)
endif()

# Header-only libraries whose code is compiled once, so that no other file compiles it again.
function(conclave_compile_once target source)
    add_library(${target} STATIC ${CMAKE_SOURCE_DIR}/cmake/separate_compilation/${source})
    target_compile_definitions(${target} PUBLIC ${ARGN})
    target_link_libraries(${target} PUBLIC Boost::headers Threads::Threads)
endfunction()

conclave_compile_once(conclave-asio asio.cpp BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
conclave_compile_once(conclave-asio-ssl asio_ssl.cpp)
target_link_libraries(conclave-asio-ssl PUBLIC conclave-asio OpenSSL::SSL)
conclave_compile_once(conclave-beast beast.cpp BOOST_BEAST_SEPARATE_COMPILATION)
target_link_libraries(conclave-beast PUBLIC conclave-asio)
