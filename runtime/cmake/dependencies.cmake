# What weft_ir and weft_runtime link to. Read by the build and by the package that it installs.
find_package(fmt REQUIRED)
find_package(hwy REQUIRED)
if(WEFT_WITH_ICU)
  find_package(ICU REQUIRED COMPONENTS uc)
endif()
find_package(OpenMP REQUIRED COMPONENTS CXX)

# weft::dnnl and weft::xxhash, found by file: Debian's oneDNN package file also asks for OpenCL, and
# xxHash has none.
set(by_file xxhash)
if(WEFT_WITH_ONEDNN)
  list(APPEND by_file dnnl)
endif()
foreach(library IN LISTS by_file)
  set(header_of_dnnl oneapi/dnnl/dnnl.hpp)
  set(header_of_xxhash xxhash.h)
  set(version_header_of_dnnl oneapi/dnnl/dnnl_version.h)
  set(version_header_of_xxhash xxhash.h)
  find_path(WEFT_${library}_INCLUDE_DIR ${header_of_${library}} REQUIRED)
  find_library(WEFT_${library}_LIBRARY ${library} REQUIRED)
  mark_as_advanced(WEFT_${library}_INCLUDE_DIR WEFT_${library}_LIBRARY)
  file(STRINGS ${WEFT_${library}_INCLUDE_DIR}/${version_header_of_${library}} lines
       REGEX "#define [A-Z]+_VERSION_(MAJOR|MINOR|PATCH|RELEASE) ")
  string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
  list(JOIN numbers . ${library}_VERSION)
  if(NOT TARGET weft::${library})
    add_library(weft::${library} UNKNOWN IMPORTED)
    set_target_properties(weft::${library} PROPERTIES
      IMPORTED_LOCATION "${WEFT_${library}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${WEFT_${library}_INCLUDE_DIR}")
  endif()
endforeach()

# The list of them: NAME|VERSION|LICENCE|LIBRARY, licences as SPDX names them, a library by its target
# or file. The build adds the others that it finds; one of headers only has no LIBRARY. weft.pc, the
# bill of materials and `weft version` are made from the list. The libraries that every C++ program
# links (libc, libstdc++) are left out.
list(GET OpenMP_CXX_LIB_NAMES 0 openmp)  # gomp, of GCC; omp, of clang
set(licence_of_gomp "GPL-3.0-or-later WITH GCC-exception-3.1")
set(licence_of_omp "Apache-2.0 WITH LLVM-exception")
set(licence_of_icu Unicode-DFS-2016)
if(ICU_VERSION VERSION_GREATER_EQUAL 74)
  set(licence_of_icu Unicode-3.0)
endif()
set(weft_dependencies)
if(WEFT_WITH_ONEDNN)
  list(APPEND weft_dependencies "oneDNN|${dnnl_VERSION}|Apache-2.0|weft::dnnl")
endif()
if(WEFT_WITH_ICU)
  list(APPEND weft_dependencies "ICU|${ICU_VERSION}|${licence_of_icu}|ICU::uc")
endif()
list(APPEND weft_dependencies
  "Highway|${hwy_VERSION}|Apache-2.0|hwy::hwy"
  "fmt|${fmt_VERSION}|MIT|fmt::fmt"
  "xxHash|${xxhash_VERSION}|BSD-2-Clause|weft::xxhash"
  "lib${openmp}|${CMAKE_CXX_COMPILER_VERSION}|${licence_of_${openmp}}|${OpenMP_${openmp}_LIBRARY}")
