# find_package(Ingot): the compiler, the runtime's headers, and models as targets.
#
#   find_package(Ingot REQUIRED)
#   ingot_add_model(digits MODEL digits.onnx OPTIONS --dim N=1)        # STATIC for a static library
#   target_link_libraries(app PRIVATE digits)                          # and #include "digits.h"
get_filename_component(_ingot_folder ${CMAKE_CURRENT_LIST_DIR} ABSOLUTE)
find_program(Ingot_COMPILER ingotc HINTS ${_ingot_folder}/../../../bin ${_ingot_folder}/../../build/release/bin)
find_path(Ingot_INCLUDE_DIR ingot/runtime.h HINTS ${_ingot_folder}/../../../include ${_ingot_folder}/../include)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Ingot REQUIRED_VARS Ingot_COMPILER Ingot_INCLUDE_DIR)

# ingot_add_model(name MODEL file.onnx [STATIC] [OPTIONS word ...]): compiles the model when its file changes. The target's name
# is the prefix of the C functions; linking it brings its header and ingot/runtime.h into view.
function(ingot_add_model name)
  cmake_parse_arguments(ARG "STATIC" "MODEL" "OPTIONS" ${ARGN})
  get_filename_component(model ${ARG_MODEL} ABSOLUTE)
  set(kind SHARED)
  set(file lib${name}.so)
  if(ARG_STATIC)
    set(kind STATIC)
    set(file lib${name}.a)
  endif()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.ingot)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${folder}/${file} ${folder}/${name}.h
    COMMAND ${Ingot_COMPILER} ${model} -o ${folder}/${file} --name ${name} ${ARG_OPTIONS}
    DEPENDS ${model} ${Ingot_COMPILER} COMMENT "Compiling ${ARG_MODEL}" VERBATIM)
  add_custom_target(${name}_compiled DEPENDS ${folder}/${file})
  add_library(${name} ${kind} IMPORTED GLOBAL)
  add_dependencies(${name} ${name}_compiled)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${folder}/${file}
    INTERFACE_INCLUDE_DIRECTORIES "${folder};${Ingot_INCLUDE_DIR}")
  if(ARG_STATIC)
    target_link_libraries(${name} INTERFACE m)
  endif()
endfunction()
