# The helpers with which every folder declares itself: one folder, one target, one line per allowed arrow.

add_library(conclave-warnings INTERFACE)
target_compile_options(conclave-warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<BOOL:${CONCLAVE_WARNINGS_AS_ERRORS}>:-Werror>)

# conclave_library(NAME USES target...)
# A static library of all .cpp files of the current folder. Includes are written from the repository root.
function(conclave_library name)
    cmake_parse_arguments(arg "" "" "USES;PRIVATE_USES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp)
    add_library(${name} STATIC ${sources})
    target_compile_features(${name} PUBLIC cxx_std_20)
    target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
    target_link_libraries(${name} PUBLIC ${arg_USES} PRIVATE ${arg_PRIVATE_USES} $<BUILD_INTERFACE:conclave-warnings>)
endfunction()

# conclave_compile_alone(FILE...)
# Files of the current folder with names of their own that others of the folder have too: they stay out of unity builds.
function(conclave_compile_alone)
    set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# conclave_public_headers(NAME)
# The headers that installed programs include: everything in the include/ of the current folder.
function(conclave_public_headers name)
    set(include ${CMAKE_CURRENT_SOURCE_DIR}/include)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${include}/*.hpp)
    target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${include} FILES ${headers})
endfunction()

# conclave_unit_test(MODULE USES target...)
# The test program `unit-MODULE` of all *_test.cpp files in test/unit/MODULE, registered with ctest.
function(conclave_unit_test module)
    cmake_parse_arguments(arg "" "" "USES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${module}/*_test.cpp)
    add_executable(unit-${module} ${sources})
    target_link_libraries(unit-${module} PRIVATE ${arg_USES} conclave-test-main conclave-warnings)
    add_test(NAME unit-${module} COMMAND unit-${module})
    set_tests_properties(unit-${module} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
