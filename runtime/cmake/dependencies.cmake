# What weft_ir and weft_runtime link to. Read by the build and by the package that it installs.
find_package(fmt REQUIRED)
find_package(hwy REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(OpenMP REQUIRED COMPONENTS CXX)

# weft::dnnl and weft::xxhash, found by file: Debian's oneDNN package file also asks for OpenCL, and
# xxHash has none.
foreach(library IN ITEMS dnnl xxhash)
  set(header_of_dnnl oneapi/dnnl/dnnl.hpp)
  set(header_of_xxhash xxhash.h)
  find_path(WEFT_${library}_INCLUDE_DIR ${header_of_${library}} REQUIRED)
  find_library(WEFT_${library}_LIBRARY ${library} REQUIRED)
  mark_as_advanced(WEFT_${library}_INCLUDE_DIR WEFT_${library}_LIBRARY)
  if(NOT TARGET weft::${library})
    add_library(weft::${library} UNKNOWN IMPORTED)
    set_target_properties(weft::${library} PROPERTIES
      IMPORTED_LOCATION "${WEFT_${library}_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${WEFT_${library}_INCLUDE_DIR}")
  endif()
endforeach()
