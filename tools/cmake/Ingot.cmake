# Finds the toolchain and defines the helpers that every folder's CMakeLists.txt is made of.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
option(INGOT_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

set(INGOT_DEPENDENCIES ${PROJECT_SOURCE_DIR}/build/deps CACHE PATH "Where tools/setup put what Debian does not have")
list(APPEND CMAKE_PREFIX_PATH /usr/lib/llvm-19 ${INGOT_DEPENDENCIES}/onnx)
find_package(MLIR 19.1 REQUIRED CONFIG)
find_package(Protobuf REQUIRED)
find_package(ONNX 1.23 REQUIRED CONFIG)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# With ccache, checkouts in different folders share results, precompiled headers included.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
endif()
find_program(LLD ld.lld-19 ld.lld)
if(LLD)
  add_link_options(-fuse-ld=lld)
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter -fvisibility-inlines-hidden)
if(INGOT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr,function -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# The one place that knows how MLIR's headers and shared libraries are used.
add_library(ingot_mlir INTERFACE)
target_include_directories(ingot_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
target_include_directories(ingot_mlir INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR}/runtime/include)
target_link_libraries(ingot_mlir INTERFACE MLIR LLVM)

# A precompiled header with what nearly every MLIR source includes; the other libraries reuse it.
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/precompiled.cpp CONTENT "// Carries the precompiled header.\n")
add_library(ingot_pch STATIC ${PROJECT_BINARY_DIR}/precompiled.cpp)
target_link_libraries(ingot_pch PUBLIC ingot_mlir)
target_precompile_headers(ingot_pch PRIVATE
  <mlir/IR/Builders.h> <mlir/IR/BuiltinAttributes.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h>
  <mlir/IR/DialectResourceBlobManager.h> <mlir/IR/PatternMatch.h> <mlir/IR/TypeUtilities.h>
  <mlir/Interfaces/FunctionInterfaces.h> <mlir/Interfaces/InferTypeOpInterface.h>
  <mlir/Interfaces/SideEffectInterfaces.h> <mlir/Bytecode/BytecodeOpInterface.h> <mlir/Pass/Pass.h>)
function(ingot_precompile target)
  target_precompile_headers(${target} REUSE_FROM ingot_pch)
endfunction()

# ingot_library(name SOURCES a.cpp ... LINKS lib ... [DEPENDS generated-target ...]): a static library that uses MLIR.
function(ingot_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC ingot_mlir PRIVATE ${ARG_LINKS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  ingot_precompile(${name})
endfunction()

# ingot_dialect_tablegen(target Input.td prefix dialect): everything a dialect needs, as <prefix>Dialect.h.inc, <prefix>Ops.cpp.inc...
function(ingot_dialect_tablegen target input prefix dialect)
  set(LLVM_TARGET_DEFINITIONS ${input})
  include_directories(SYSTEM ${MLIR_INCLUDE_DIRS})
  foreach(suffix decls defs)
    set(extension h.inc)
    if(suffix STREQUAL defs)
      set(extension cpp.inc)
    endif()
    mlir_tablegen(${prefix}Dialect.${extension} -gen-dialect-${suffix} -dialect=${dialect} -I${PROJECT_SOURCE_DIR})
    mlir_tablegen(${prefix}Enums.${extension} -gen-enum-${suffix} -I${PROJECT_SOURCE_DIR})
    mlir_tablegen(${prefix}Attrs.${extension} -gen-attrdef-${suffix} -attrdefs-dialect=${dialect} -I${PROJECT_SOURCE_DIR})
    mlir_tablegen(${prefix}Ops.${extension} -gen-op-${suffix} -I${PROJECT_SOURCE_DIR})
  endforeach()
  add_custom_target(${target} DEPENDS ${TABLEGEN_OUTPUT})
endfunction()

# ingot_tablegen(target Input.td ARGS -gen-pass-decls Passes.h.inc ...): pairs of generator flag and output file.
function(ingot_tablegen target input)
  set(LLVM_TARGET_DEFINITIONS ${input})
  cmake_parse_arguments(ARG "" "" "ARGS" ${ARGN})
  include_directories(SYSTEM ${MLIR_INCLUDE_DIRS})
  while(ARG_ARGS)
    list(POP_FRONT ARG_ARGS flag output)
    mlir_tablegen(${output} ${flag} -I${PROJECT_SOURCE_DIR})
  endwhile()
  set(TABLEGEN_OUTPUT ${TABLEGEN_OUTPUT} PARENT_SCOPE)
  add_custom_target(${target} DEPENDS ${TABLEGEN_OUTPUT})
endfunction()

# ingot_tool(name SOURCES a.cpp ... LINKS lib ...): an executable in bin/.
function(ingot_tool name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
endfunction()

# ingot_test(name SOURCES a_test.cpp ... LINKS lib ...): a GoogleTest executable; each of its cases is a ctest entry.
function(ingot_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gtest_main)
  gtest_discover_tests(${name} TEST_PREFIX unit/ DISCOVERY_TIMEOUT 120 PROPERTIES LABELS quick)
endfunction()

# ingot_family_sources(variable folder): folder/<family>.cpp for each line of dialects/families.def. A stage that forgets
# a family does not configure.
function(ingot_family_sources variable folder)
  file(STRINGS ${PROJECT_SOURCE_DIR}/dialects/families.def families REGEX "^[a-z]")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/dialects/families.def)
  list(TRANSFORM families PREPEND ${folder}/)
  list(TRANSFORM families APPEND .cpp)
  set(${variable} ${families} PARENT_SCOPE)
endfunction()
