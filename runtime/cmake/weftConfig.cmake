# find_package(weft): weft::ir and weft::runtime, all that an application needs to predict and to train
# an existing plan. With COMPONENTS frontend also weft::passes and weft::frontend. With COMPONENTS shared,
# for which nothing else is looked for: weft::shared and weft::frontend_shared, libweft.so and
# libweft_frontend.so, for C and any other language; link one of the two.
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/shared.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/shared.cmake")
  set(weft_shared_FOUND TRUE)
endif()
get_property(weft_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT weft_FIND_COMPONENTS STREQUAL shared AND NOT "CXX" IN_LIST weft_languages)
  set(weft_FOUND FALSE)
  set(weft_NOT_FOUND_MESSAGE "weft::runtime is C++, which this project has not enabled: write \
project(NAME C CXX); or find_package(weft COMPONENTS shared), which needs a C compiler only")
  return()
endif()
if(NOT weft_FIND_COMPONENTS STREQUAL shared)
  set(WEFT_WITH_ONEDNN @WEFT_WITH_ONEDNN@)
  set(WEFT_WITH_ICU @WEFT_WITH_ICU@)
  include("${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake")
  include("${CMAKE_CURRENT_LIST_DIR}/runtime.cmake")
  set(weft_runtime_FOUND TRUE)
  if("frontend" IN_LIST weft_FIND_COMPONENTS AND EXISTS "${CMAKE_CURRENT_LIST_DIR}/frontend.cmake")
    find_package(ZLIB REQUIRED)
    find_package(BZip2 REQUIRED)
    find_package(zstd REQUIRED)
    include("${CMAKE_CURRENT_LIST_DIR}/frontend.cmake")
    set(weft_frontend_FOUND TRUE)
  endif()
endif()
foreach(component IN LISTS weft_FIND_COMPONENTS)
  if(weft_FIND_REQUIRED_${component} AND NOT weft_${component}_FOUND)
    set(weft_FOUND FALSE)
    set(weft_NOT_FOUND_MESSAGE "this weft was installed without its ${component}")
  endif()
endforeach()

# weft_add_graph_tests(NAME FILES...): a test NAME for ctest that runs `weft test` on FILES, files and
# folders as the caller's source folder names them. The program is the one of this package, else one
# on the PATH; -DWEFT_PROGRAM=... takes another.
function(weft_add_graph_tests name)
  if(NOT ARGN)
    message(FATAL_ERROR "weft_add_graph_tests(${name}): name the files or folders that hold the tests")
  endif()
  set(package "${CMAKE_CURRENT_FUNCTION_LIST_DIR}")  # PREFIX/lib/cmake/weft or PREFIX/lib/HOST/cmake/weft
  find_program(WEFT_PROGRAM weft HINTS "${package}/../../../bin" "${package}/../../../../bin"
               DOC "The program that runs graph tests")
  if(NOT WEFT_PROGRAM)
    message(FATAL_ERROR "weft_add_graph_tests(${name}): this weft was installed without its program; "
                        "give one by -DWEFT_PROGRAM=PATH")
  endif()
  add_test(NAME "${name}" COMMAND "${WEFT_PROGRAM}" test ${ARGN}
           WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
endfunction()
